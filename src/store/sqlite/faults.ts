import Database from 'better-sqlite3'
import { AppError, StoreError, toAppError } from '../../domain/errors.js'

const unavailable =
  /^SQLITE_(FULL|IOERR|READONLY|BUSY|LOCKED|CANTOPEN|NOMEM|PROTOCOL|NOLFS|PERM|AUTH|INTERRUPT)/
const invalid = /^SQLITE_(CORRUPT|NOTADB|FORMAT|SCHEMA)/

const advice: readonly (readonly [RegExp, string])[] = [
  [/^SQLITE_FULL/, 'the disk is full; make room, then it goes on by itself'],
  [/^SQLITE_READONLY/, 'it may not be written; check the owner and mode of the file and its directory'],
  [/^SQLITE_CANTOPEN/, 'it cannot be opened; check that the directory exists and may be read and written'],
  [/^SQLITE_(BUSY|LOCKED|PROTOCOL)/, 'another program holds it for longer than 5 seconds'],
  [/^SQLITE_IOERR/, 'the disk gave an error; look at the system log'],
]

/** Whether another program holds the ledger. */
export function isBusyFault(cause: unknown): boolean {
  return cause instanceof Database.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(cause.code)
}

/** The disk failed, so that what was just written may be there or not. */
export function isIoFault(cause: unknown): boolean {
  return cause instanceof Database.SqliteError && cause.code.startsWith('SQLITE_IOERR')
}

/** What SQLite threw, as an error of the ledger. Its own texts name tables and columns, never a value. */
export function toStoreError(cause: unknown, file: string): AppError {
  if (cause instanceof AppError) return cause
  if (!(cause instanceof Database.SqliteError)) return toAppError(cause)
  const { code, message } = cause
  const details = { engine_code: code }
  if (unavailable.test(code)) {
    const why = advice.find(([pattern]) => pattern.test(code))?.[1] ?? message
    return new StoreError('store.unavailable', `${file}: nothing was written: ${why} (${code})`, {
      retry: 'later',
      details,
      cause,
    })
  }
  if (invalid.test(code)) {
    return new StoreError(
      'store.invalid',
      `${file} is not an SQLite file or is damaged (${code}: ${message}). Restore a backup, or move it away to begin anew.`,
      { details, cause },
    )
  }
  if (code.startsWith('SQLITE_CONSTRAINT')) {
    return new StoreError('store.conflict', `${file}: ${message}`, { details, cause })
  }
  return new AppError('internal.unexpected', `${file}: ${message} (${code})`, { details, cause })
}
