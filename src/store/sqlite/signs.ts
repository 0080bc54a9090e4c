import type { Backlog, DeadRuns } from '../../domain/alerting.js'
import type { ErrorCode } from '../../domain/errors.js'
import type { Store } from '../store.js'
import type { Reader } from './reader.js'
import { isReplayed } from './replayed.js'

/** More that wait are not counted one by one. */
const mostCounted = 10_000
/** Of the dead, the newest say what is wrong now. */
const mostLookedAt = 500

interface BacklogRow {
  readonly count: number
  readonly oldest: number | null
}

interface DeadRow {
  readonly agent: string
  readonly count: number
  readonly newest: string
}

interface NewestRow {
  readonly event_id: string
  readonly error_code: ErrorCode | null
}

/** Signs that something is wrong. */
export function signs(reader: Reader): Pick<Store, 'backlog' | 'deadRuns'> {
  const { db } = reader
  const events = db.prepare<[], BacklogRow>(`
    SELECT count(*) AS count, (SELECT recorded_at FROM events WHERE state = 'recorded' ORDER BY position LIMIT 1) AS oldest
    FROM (SELECT 1 FROM events WHERE state = 'recorded' LIMIT ${mostCounted})`)
  const runs = db.prepare<[], BacklogRow>(`
    SELECT count(*) AS count, min(created_at) AS oldest
    FROM (SELECT created_at FROM runs INDEXED BY runs_ready WHERE is_ready = 1 LIMIT ${mostCounted})`)
  const dead = db.prepare<[number], DeadRow>(`
    SELECT agent, count(*) AS count, max(id) AS newest
    FROM (SELECT id, event_id, agent, replay, finished_at FROM runs INDEXED BY runs_by_state
      WHERE state = 'dead' AND error_code IS NOT 'limit.crashes' ORDER BY created_at DESC LIMIT ${mostLookedAt}) t
    WHERE finished_at >= ? AND NOT ${isReplayed}
    GROUP BY agent`)
  const newestOf = db.prepare<[string], NewestRow>('SELECT event_id, error_code FROM runs WHERE id = ?')
  const waiting = (row: BacklogRow | undefined) => ({
    count: row?.count ?? 0,
    oldestAt: row?.oldest ?? undefined,
  })
  const all = db.transaction((): Backlog => ({ events: waiting(events.get()), runs: waiting(runs.get()) }))
  return {
    backlog: () => reader.read(all),
    deadRuns: (since) =>
      reader.read(() =>
        dead.all(since).map(({ agent, count, newest }): DeadRuns => {
          const row = newestOf.get(newest)
          return {
            agent,
            count,
            runId: newest,
            eventId: row?.event_id ?? '',
            code: row?.error_code ?? 'internal.unexpected',
          }
        }),
      ),
  }
}
