import { closeSync, existsSync, openSync, rmSync } from 'node:fs'
import Database from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'

export interface LedgerLock {
  /** The holder before this one did not let go: it was killed, or the machine stopped. */
  readonly afterCrash: boolean
  release(): void
}

/**
 * Takes `<file>.lock`, or throws `store.locked`. The lock is the operating system's lock on a tiny SQLite file,
 * held by an open transaction: it is gone with the process however that ends, so there is never a stale one to
 * be deleted by hand. Its `user_version`, which others can read, is the holder's process id, 0 after a release.
 */
export function takeLock(file: string): LedgerLock {
  const lockFile = `${file}.lock`
  try {
    return hold(file, lockFile)
  } catch (cause) {
    if (!(cause instanceof Database.SqliteError) || !/^SQLITE_(NOTADB|CORRUPT)/.test(cause.code)) throw cause
    // Half written when the machine stopped. Whoever holds the lock has a whole file, so nobody does.
    rmSync(lockFile)
    return hold(file, lockFile)
  }
}

function hold(file: string, lockFile: string): LedgerLock {
  // Opened only when it is not there: closing a plain descriptor would drop this process's own lock on it.
  if (!existsSync(lockFile)) closeSync(openSync(lockFile, 'ax', 0o600))
  const db = new Database(lockFile, { timeout: 0 })
  try {
    db.pragma('journal_mode = MEMORY')
    db.exec('BEGIN IMMEDIATE')
    const previous = processId(db)
    db.pragma(`user_version = ${process.pid}`)
    // Waits a moment for somebody who is just reading the process id.
    db.pragma('busy_timeout = 1000')
    db.exec('COMMIT')
    db.exec('BEGIN IMMEDIATE')
    return { afterCrash: previous !== 0, release: () => release(db) }
  } catch (cause) {
    try {
      if (!(cause instanceof Database.SqliteError) || !cause.code.startsWith('SQLITE_BUSY')) throw cause
      // The holder may be just writing it.
      db.pragma('busy_timeout = 1000')
      throw lockedBy(file, processId(db))
    } finally {
      db.close()
    }
  }
}

function release(db: Database.Database): void {
  try {
    db.exec('ROLLBACK')
    db.pragma('user_version = 0')
  } catch {
    // On a disk that fails the number stays: the next holder checks the ledger as after a crash.
  } finally {
    db.close()
  }
}

function processId(db: Database.Database): number {
  return Number(db.pragma('user_version', { simple: true }))
}

function lockedBy(file: string, pid: number): StoreError {
  const who = pid > 0 ? `Another rouse (process ${pid})` : 'Another rouse'
  return new StoreError(
    'store.locked',
    `${who} has the ledger ${file} open. Stop it first, or give this one another file under \`store:\` in config.yaml.`,
    { details: pid > 0 ? { pid } : {} },
  )
}
