import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'
import type { BackupTaken } from '../records.js'
import type { Store } from '../store.js'
import { applicationId } from './migrate.js'

const sideFiles = ['', '-wal', '-shm', '-journal', '.lock']

/** Copies of the ledger, as of one moment, beside a daemon that goes on writing. */
export function backups(file: string): Pick<Store, 'backup'> {
  return {
    backup: async (target, now) => copyLedger(file, resolve(target), now),
  }
}

/**
 * `VACUUM INTO` reads one snapshot however much is written meanwhile; the page-by-page backup begins anew with every
 * commit of another process and might never end. The copy gets its name when it is whole and on the disk.
 */
export function copyLedger(file: string, target: string, now: number): BackupTaken {
  if (sideFiles.some((suffix) => resolve(file) + suffix === target)) {
    throw new StoreError('store.conflict', `${target} is the ledger itself; give another file`)
  }
  const taken = sideFiles.map((suffix) => target + suffix).find((path) => existsSync(path))
  if (taken !== undefined)
    throw new StoreError('store.conflict', `${taken} is there already; give another file`)
  const partial = join(dirname(target), `.${basename(target)}.${process.pid}.partial`)
  try {
    closeSync(openSync(partial, 'wx', 0o600))
    const source = new Database(file, { readonly: true, fileMustExist: true, timeout: 5000 })
    try {
      source.prepare('VACUUM INTO ?').run(partial)
    } finally {
      source.close()
    }
    const counts = checkCopy(partial, now)
    syncPath(partial)
    renameSync(partial, target)
    syncPath(dirname(target))
    return { file: target, takenAt: now, sizeBytes: statSync(target).size, ...counts }
  } finally {
    for (const suffix of sideFiles) rmSync(partial + suffix, { force: true })
  }
}

type CopyCounts = Pick<BackupTaken, 'schemaVersion' | 'events' | 'unfinishedRuns'>

/** What it says it is, whole, and marked as a copy: what happens to the original from now on is not in it. */
function checkCopy(file: string, now: number): CopyCounts {
  const db = new Database(file, { fileMustExist: true })
  try {
    const fault = db.pragma('quick_check(1)', { simple: true })
    const isLedger = db.pragma('application_id', { simple: true }) === applicationId
    if (fault !== 'ok' || !isLedger) {
      throw new StoreError(
        'store.invalid',
        `the copy is not whole (${String(fault)}); nothing was kept of it`,
      )
    }
    const schemaVersion = Number(db.pragma('user_version', { simple: true }))
    // The first schema has no place for the mark.
    if (schemaVersion > 1) {
      db.pragma('synchronous = FULL')
      db.prepare(`INSERT OR REPLACE INTO facts (name, value) VALUES ('backup_taken_at', ?)`).run(String(now))
    }
    const count = (sql: string) => db.prepare<[], { n: number }>(sql).get()?.n ?? 0
    return {
      schemaVersion,
      events: count('SELECT count(*) AS n FROM events'),
      unfinishedRuns: count('SELECT count(*) AS n FROM runs WHERE finished_at IS NULL'),
    }
  } finally {
    db.close()
  }
}

/** Of a directory too, so that the name is on the disk as well as the bytes. */
function syncPath(path: string): void {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Before a ledger is brought to a newer schema: the way back. One that is there and whole is kept. */
export function copyBeforeMigration(file: string, version: number, now: number): string {
  const target = `${file}.v${version}.bak`
  if (existsSync(target)) {
    if (isWhole(target, version)) return target
    rmSync(target, { force: true })
  }
  copyLedger(file, target, now)
  return target
}

function isWhole(file: string, version: number): boolean {
  try {
    const db = new Database(file, { readonly: true, fileMustExist: true })
    try {
      return (
        db.pragma('user_version', { simple: true }) === version &&
        db.pragma('quick_check(1)', { simple: true }) === 'ok'
      )
    } finally {
      db.close()
    }
  } catch {
    return false
  }
}
