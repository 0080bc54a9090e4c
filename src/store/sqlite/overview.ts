import { statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Database } from 'better-sqlite3'
import { finalRunStates, type RunState } from '../../domain/run.js'
import type { Counts } from '../records.js'
import type { Store } from '../store.js'
import { readPragmas } from './pragmas.js'
import type { Reader } from './reader.js'
import { originOf } from './restored.js'
import type { Total } from './totals.js'

type Overview = Pick<Store, 'counts' | 'version' | 'diagnose'>

interface Count {
  readonly count: number
}

/** The ledger as a whole. */
export function overview(reader: Reader, writer: Database, file: string): Overview {
  const { db } = reader
  const engineVersion = db.prepare<[], { version: string }>('SELECT sqlite_version() AS version')
  const oldest = db.prepare<[], { at: number | null }>('SELECT min(recorded_at) AS at FROM events')
  const pragma = (name: string) => Number(db.pragma(name, { simple: true }))
  const counts = counter(db)
  return {
    counts: () => reader.read(counts),

    // Changes with the commits of other connections; the writer is one, and so is every other process.
    version: () => reader.read(() => Number(db.pragma('data_version', { simple: true }))),

    diagnose: async () => {
      const free = await statfs(dirname(file)).catch(() => undefined)
      return reader.read(() => ({
        engine: 'sqlite',
        engineVersion: engineVersion.get()?.version ?? '',
        schemaVersion: pragma('user_version'),
        place: file,
        sizeBytes: sizeOf(file) + sizeOf(`${file}-wal`),
        reusableBytes: pragma('freelist_count') * pragma('page_size'),
        freeBytes: free && free.bavail * free.bsize,
        oldestEventAt: oldest.get()?.at ?? undefined,
        ...originOf(db),
        settings: [...readPragmas(writer, 'writer'), ...readPragmas(db, 'reader')],
      }))
    },
  }
}

/** Rows in a final state are totals; the others are few, and each such state has an index. */
function counter(db: Database): () => Counts {
  const total = db.prepare<[Total], Count>('SELECT count FROM totals WHERE name = ?')
  const undispatched = db.prepare<[], Count>(`SELECT count(*) AS count FROM events WHERE state = 'recorded'`)
  const runsIn = db.prepare<[RunState], Count>('SELECT count(*) AS count FROM runs WHERE state = ?')
  const waiting = db.prepare<[], Count>(`SELECT count(*) AS count FROM approvals WHERE state = 'waiting'`)
  const held = db.prepare<[], Count>(`SELECT count(*) AS count FROM tool_calls WHERE state = 'held'`)
  const totalOf = (name: Total) => total.get(name)?.count ?? 0
  const runsOf = (state: RunState) => {
    return finalRunStates.includes(state) ? totalOf(`runs.${state}`) : (runsIn.get(state)?.count ?? 0)
  }
  // One transaction, so that the numbers are of one moment.
  return db.transaction(() => ({
    deliveries: {
      recorded: totalOf('deliveries.recorded'),
      duplicate: totalOf('deliveries.duplicate'),
      malformed: totalOf('deliveries.malformed'),
    },
    events: {
      recorded: undispatched.get()?.count ?? 0,
      dispatched: totalOf('events.dispatched'),
      ignored: totalOf('events.ignored'),
    },
    runs: {
      queued: runsOf('queued'),
      running: runsOf('running'),
      parked: runsOf('parked'),
      failed: runsOf('failed'),
      completed: runsOf('completed'),
      dead: runsOf('dead'),
      cancelled: runsOf('cancelled'),
    },
    approvalsWaiting: waiting.get()?.count ?? 0,
    held: held.get()?.count ?? 0,
  }))
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
