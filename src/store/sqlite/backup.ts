import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { AppError, StoreError } from '../../domain/errors.js'
import type { BackupTaken } from '../records.js'
import type { Store } from '../store.js'
import { toStoreError } from './faults.js'
import { writeThrough } from './log-rewrite.js'
import { applicationId } from './migrate.js'
import { backupTakenAt } from './restored.js'

const sideFiles = ['-wal', '-shm', '-journal', '.lock']

/** Copies of the ledger, as of one moment, beside a daemon that goes on writing. */
export function backups(file: string): Pick<Store, 'backup'> {
  return {
    backup: async (target, now) => {
      const path = resolve(target)
      requireFree(file, path)
      return copyLedger(file, path, now, (partial) => {
        requireFree(file, path)
        return give(partial, path)
      })
    },
  }
}

/**
 * Before a ledger is brought to a newer schema: the way back, `<file>.v<version>.bak`. One that is there is never
 * replaced: the same bytes are kept, and others (somebody went back and on with the older version) get a number.
 */
export function copyBeforeMigration(file: string, version: number, now: number): string {
  const names = function* () {
    yield `${file}.v${version}.bak`
    for (let number = 2; ; number++) yield `${file}.v${version}.${number}.bak`
  }
  const [first = ''] = names()
  // The same ledger gives the same bytes again when it is marked with the same time.
  return copyLedger(file, first, existsSync(first) ? (markOf(first) ?? now) : now, (partial) => {
    for (const name of names()) {
      if (!existsSync(name)) return give(partial, name)
      if (isSame(partial, name)) return name
    }
    throw new Error('names never end')
  }).file
}

/**
 * Makes a whole copy beside `target`, with everything on the disk, and has `place` give it its name. `VACUUM INTO` reads
 * one snapshot however much is written meanwhile; the engine's page-by-page backup begins anew with every commit of
 * another process and might never end. It has no free pages, and the daemon's log only grows while it is made.
 */
function copyLedger(
  file: string,
  target: string,
  now: number,
  place: (partial: string) => string,
): BackupTaken {
  const partial = join(dirname(target), `.${basename(target)}.${process.pid}.partial`)
  try {
    removeAbandoned(target)
    closeSync(openSync(partial, 'wx', 0o600))
    const source = new Database(file, { readonly: true, fileMustExist: true, timeout: 5000 })
    try {
      source.prepare('VACUUM INTO ?').run(partial)
    } finally {
      source.close()
    }
    const content = markAndCheck(partial, now)
    writeThrough(partial)
    const sizeBytes = statSync(partial).size
    return { file: place(partial), sizeBytes, ...content }
  } catch (cause) {
    throw copyError(cause, target)
  } finally {
    for (const suffix of ['', ...sideFiles]) rmSync(partial + suffix, { force: true })
  }
}

function give(partial: string, name: string): string {
  renameSync(partial, name)
  writeThrough(dirname(name))
  return name
}

/** A file that is there may be the only backup; a side file would be taken for the copy's own, and damage it. */
function requireFree(file: string, target: string): void {
  const place = join(realpathSync(dirname(file)), basename(file))
  const wanted = existsSync(dirname(target)) ? join(realpathSync(dirname(target)), basename(target)) : target
  if (['', ...sideFiles].some((suffix) => place + suffix === wanted)) {
    throw new StoreError('store.conflict', `${target} belongs to the ledger itself; name another file`)
  }
  const taken = ['', ...sideFiles].map((suffix) => target + suffix).find((path) => existsSync(path))
  if (taken !== undefined) {
    throw new StoreError(
      'store.conflict',
      `${taken} is there already and is left as it is; name another file`,
    )
  }
}

/** What a copy left behind whose process was killed. */
function removeAbandoned(target: string): void {
  const start = `.${basename(target)}.`
  for (const name of readdirSync(dirname(target))) {
    const pid = name.startsWith(start)
      ? /^(\d+)\.partial(-journal)?$/.exec(name.slice(start.length))?.[1]
      : undefined
    // One of this process is not under way: another process had its id, as in a container that was started again.
    if (pid !== undefined && (Number(pid) === process.pid || !isAlive(Number(pid))))
      rmSync(join(dirname(target), name), { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM'
  }
}

/** What it says it is, and whole; marked as a copy, because what happens to the original from now on is not in it. */
function markAndCheck(file: string, now: number): Omit<BackupTaken, 'file' | 'sizeBytes'> {
  const db = new Database(file, { fileMustExist: true })
  try {
    const schemaVersion = Number(db.pragma('user_version', { simple: true }))
    // The first schema has no place for the mark. A backup of a backup is as old as that one.
    if (schemaVersion > 1) {
      db.prepare(`INSERT INTO facts (name, value) VALUES ('backup_taken_at', ?) ON CONFLICT DO NOTHING`).run(
        String(now),
      )
    }
    const fault = db.pragma('quick_check(1)', { simple: true })
    const isLedger = db.pragma('application_id', { simple: true }) === applicationId
    if (fault !== 'ok' || !isLedger) {
      const why = isLedger ? String(fault) : 'it is no ledger'
      throw new StoreError(
        'store.invalid',
        `the copy of the ledger is not whole (${why}); nothing was kept of it`,
      )
    }
    const count = (sql: string) => db.prepare<[], { n: number }>(`SELECT count(*) AS n ${sql}`).get()?.n ?? 0
    return {
      takenAt: backupTakenAt(db) ?? now,
      schemaVersion,
      events: count('FROM events'),
      unfinishedRuns: count('FROM runs WHERE finished_at IS NULL'),
    }
  } finally {
    db.close()
  }
}

function markOf(file: string): number | undefined {
  try {
    const db = new Database(file, { readonly: true, fileMustExist: true })
    try {
      return backupTakenAt(db)
    } finally {
      db.close()
    }
  } catch {
    // Whatever it is, it is not the same.
    return undefined
  }
}

const chunkBytes = 1024 * 1024
/** In the file's header: a number that each rewriting of a file raises (sqlite.org/fileformat.html, "schema cookie"). */
const cookie = { start: 40, end: 44 }

function isSame(left: string, right: string): boolean {
  if (statSync(left).size !== statSync(right).size) return false
  const files = [openSync(left, 'r'), openSync(right, 'r')] as const
  try {
    const chunks = [Buffer.alloc(chunkBytes), Buffer.alloc(chunkBytes)] as const
    for (let isHeader = true; ; isHeader = false) {
      const lengths = [readSync(files[0], chunks[0]), readSync(files[1], chunks[1])] as const
      if (isHeader) for (const chunk of chunks) chunk.fill(0, cookie.start, cookie.end)
      if (lengths[0] !== lengths[1]) return false
      if (lengths[0] === 0) return true
      if (!chunks[0].subarray(0, lengths[0]).equals(chunks[1].subarray(0, lengths[0]))) return false
    }
  } finally {
    for (const file of files) closeSync(file)
  }
}

function copyError(cause: unknown, target: string): AppError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (cause instanceof AppError || !/^E[A-Z]+$/.test(code)) return toStoreError(cause, target)
  return new StoreError(
    'store.unavailable',
    `${target} cannot be written (${code}). Its directory must exist, have room for the whole ledger, and be writable for this user.`,
    { retry: 'later', details: { code }, cause },
  )
}
