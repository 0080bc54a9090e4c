import { statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Database } from 'better-sqlite3'
import type { DeliveryState } from '../../domain/delivery.js'
import type { EventState } from '../../domain/event.js'
import type { RunState } from '../../domain/run.js'
import type { Refusal, Store } from '../store.js'
import { schemaVersion } from './migrate.js'
import { readPragmas } from './pragmas.js'
import type { Reader } from './reader.js'

type Overview = Pick<Store, 'counts' | 'refusals' | 'version' | 'diagnose'>

interface RefusalRow {
  readonly source: string
  readonly reason: string
  readonly day: string
  readonly count: number
  readonly last_at: number
  readonly sample: string | null
}

/** The ledger as a whole. */
export function overview(reader: Reader, writer: Database, file: string): Overview {
  const { db } = reader
  const totals = db.prepare<[], { noun: string; state: string; count: number }>(
    'SELECT noun, state, count FROM totals',
  )
  const waiting = db.prepare<[], { count: number }>(
    `SELECT count(*) AS count FROM approvals WHERE state = 'waiting'`,
  )
  const held = db.prepare<[], { count: number }>(
    `SELECT count(*) AS count FROM tool_calls WHERE state = 'held'`,
  )
  const refusals = db.prepare<[string], RefusalRow>(
    'SELECT source, reason, day, count, last_at, sample FROM refusals WHERE day >= ? ORDER BY day, source, reason',
  )
  const engineVersion = db.prepare<[], { version: string }>('SELECT sqlite_version() AS version')

  return {
    counts: () =>
      reader.read(() => {
        const deliveries: Record<DeliveryState, number> = { recorded: 0, duplicate: 0, malformed: 0 }
        const events: Record<EventState, number> = { recorded: 0, dispatched: 0, ignored: 0 }
        const runs: Record<RunState, number> = {
          queued: 0,
          running: 0,
          parked: 0,
          failed: 0,
          completed: 0,
          dead: 0,
          cancelled: 0,
        }
        const nouns: Record<string, Record<string, number>> = { deliveries, events, runs }
        for (const { noun, state, count } of totals.all()) {
          const states = nouns[noun]
          if (states) states[state] = count
        }
        return {
          deliveries,
          events,
          runs,
          approvalsWaiting: waiting.get()?.count ?? 0,
          held: held.get()?.count ?? 0,
        }
      }),

    refusals: (sinceDay) =>
      reader.read(() =>
        refusals.all(sinceDay).map(({ last_at, sample, ...rest }): Refusal => {
          return { ...rest, lastAt: last_at, sample: sample ?? undefined }
        }),
      ),

    // Changes with the commits of other connections; the writer is one, and so is every other process.
    version: () => reader.read(() => Number(db.pragma('data_version', { simple: true }))),

    diagnose: async () => {
      const free = await statfs(dirname(file)).catch(() => undefined)
      return reader.read(() => ({
        engine: 'sqlite',
        engineVersion: engineVersion.get()?.version ?? '',
        schemaVersion: Math.min(schemaVersion, Number(db.pragma('user_version', { simple: true }))),
        place: file,
        sizeBytes: sizeOf(file) + sizeOf(`${file}-wal`),
        freeBytes: free && free.bavail * free.bsize,
        settings: [...readPragmas(writer, 'writer'), ...readPragmas(db, 'reader')],
      }))
    },
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
