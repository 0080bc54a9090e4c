import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { applyPragmas } from './pragmas.js'

/** A thread with a connection of its own: for each message it writes the log back into the file, beside the writer. */
const file = String(workerData)
const db = new Database(file, { fileMustExist: true })
applyPragmas(db, file)
const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)')
parentPort?.on('message', () => {
  try {
    checkpoint.all()
    parentPort?.postMessage('written')
  } catch {
    // A full disk, most likely. The log keeps everything until a later try.
    parentPort?.postMessage('failed')
  }
})
