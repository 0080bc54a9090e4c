import { closeSync, existsSync, openSync, rmSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import Database from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'

export interface LedgerLock {
  /** The holder before this one did not let go: it was killed, or the machine stopped. */
  readonly afterCrash: boolean
  release(): void
}

/**
 * Takes `<file>.lock`, or throws `store.locked`. The lock is the operating system's lock on a tiny SQLite file,
 * held by an open transaction's connection: it is gone with the process however that ends, so there is never
 * a stale one to be deleted by hand. Its `user_version` is the holder's process id, 0 after a release.
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
    db.pragma('locking_mode = EXCLUSIVE')
    db.pragma('journal_mode = MEMORY')
    db.exec('BEGIN EXCLUSIVE')
    const previous = Number(db.pragma('user_version', { simple: true }))
    db.pragma(`user_version = ${process.pid}`)
    // In this locking mode the lock outlives the commit.
    db.exec('COMMIT')
    return {
      afterCrash: previous !== 0,
      release: () => {
        db.pragma('user_version = 0')
        db.close()
      },
    }
  } catch (cause) {
    db.close()
    if (cause instanceof Database.SqliteError && cause.code.startsWith('SQLITE_BUSY')) {
      throw lockedBy(file, holderOf(lockFile))
    }
    throw cause
  }
}

function lockedBy(file: string, pid: number | undefined): StoreError {
  const who = pid === undefined ? 'Another rouse' : `Another rouse (process ${pid})`
  return new StoreError(
    'store.locked',
    `${who} has the ledger ${file} open. Stop it first, or give this one another file under \`store:\` in config.yaml.`,
    { details: pid === undefined ? {} : { pid } },
  )
}

/** Read through SQLite, which keeps this process's own locks on the file when it closes it. */
function holderOf(lockFile: string): number | undefined {
  try {
    const db = new Database(`${pathToFileURL(lockFile).href}?immutable=1`, { readonly: true })
    const pid = Number(db.pragma('user_version', { simple: true }))
    db.close()
    return pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}
