import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Database } from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'

const headerBytes = 32
const frameHeaderBytes = 24
const chunkBytes = 1024 * 1024

/** Bytes of the log that hold what the engine takes for committed. */
export function committedLogBytes(db: Database): number {
  const [state] = db.pragma('wal_checkpoint(NOOP)') as { log: number }[]
  const pageBytes = Number(db.pragma('page_size', { simple: true }))
  return state === undefined || state.log <= 0 ? 0 : headerBytes + state.log * (frameHeaderBytes + pageBytes)
}

/** For a ledger that another process wrote, before anything is built on it: nobody knows whether the disk took it all. */
export function takeOverLog(db: Database, file: string): void {
  const bytes = committedLogBytes(db)
  db.exec('BEGIN IMMEDIATE')
  try {
    rewriteLog(file, bytes)
  } finally {
    db.exec('ROLLBACK')
  }
}

/**
 * Writes the first `bytes` of the write-ahead log again, as they read, and through to the disk, with its name.
 * Throws `store.unavailable` where the disk does not take it. The caller holds the right to write.
 *
 * After an fsync that failed, Linux takes pages for written that are not: they read well, no later fsync writes them,
 * and the next power cut takes them, with every commit behind them in the log.
 */
export function rewriteLog(file: string, bytes: number): void {
  try {
    const log = openSync(`${file}-wal`, 'r+')
    try {
      const chunk = Buffer.alloc(chunkBytes)
      for (let at = 0; at < Math.min(bytes, fstatSync(log).size); ) {
        const length = readSync(log, chunk, 0, Math.min(chunkBytes, bytes - at), at)
        for (let written = 0; written < length; ) {
          written += writeSync(log, chunk, written, length - written, at + written)
        }
        at += length
      }
      fsyncSync(log)
    } finally {
      closeSync(log)
    }
    writeThrough(dirname(file))
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    throw new StoreError(
      'store.unavailable',
      `${file}: nothing was written: the disk did not take the log a second time (${code}); look at the system log`,
      { retry: 'later', details: { engine_code: code }, cause },
    )
  }
}

/** Makes the names in a directory outlive a power cut. */
export function writeThrough(directory: string): void {
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
