import type { ParkedOn } from '../../domain/run.js'
import type { Stuck, Waiting } from '../reports.js'
import type { Store } from '../store.js'
import type { Reader } from './reader.js'
import { isReplayed } from './replayed.js'

/** Most runs that are looked at in each state. */
const mostLookedAt = 5000
const soonMs = 3_600_000
const latelyMs = 86_400_000

interface WaitingRow {
  readonly count: number
  /** Its time in 16 digits, then its id; null where there is none. */
  readonly oldest: string | null
}

interface RunsRow extends WaitingRow {
  readonly cause: string
  readonly next_at: number | null
}

interface DeadRow extends WaitingRow {
  readonly cause: string
  readonly newest_at: number
  readonly lately: number
}

interface ApprovalsRow extends WaitingRow {
  readonly soonest: number | null
  readonly soon: number
}

const waiting = (id: string, at: string) =>
  `count(*) AS count, min(format('%016d', ${at}) || ${id}) AS oldest`

/** What waits, and what for. */
export function stuck(reader: Reader): Pick<Store, 'stuck'> {
  const { db } = reader
  const one = (sql: string) => db.prepare<[], WaitingRow>(sql)
  const runsIn = (state: string, cause: string) =>
    db.prepare<[], RunsRow>(`
      SELECT ${cause} AS cause, ${waiting('id', 'created_at')}, min(next_at) AS next_at
      FROM (SELECT id, created_at, next_at, parked_on FROM runs INDEXED BY runs_by_state
        WHERE state = '${state}' ORDER BY created_at LIMIT ${mostLookedAt})
      GROUP BY 1 ORDER BY 2 DESC, 1`)
  // Counted along the index alone: after a long stop there may be very many.
  const undispatched = one(`
    SELECT (SELECT count(*) FROM events WHERE state = 'recorded') AS count,
      (SELECT format('%016d', recorded_at) || id FROM events WHERE state = 'recorded' ORDER BY position LIMIT 1) AS oldest`)
  const queued = runsIn('queued', `''`)
  const failed = runsIn('failed', `''`)
  const parked = runsIn('parked', `coalesce(parked_on, 'time')`)
  // The oldest of the others wait longest; of the dead the newest say what is wrong now.
  const dead = db.prepare<[number], DeadRow>(`
    SELECT coalesce(error_code, 'internal.unexpected') AS cause, ${waiting('id', 'created_at')},
      max(created_at) AS newest_at, total(finished_at > ?) AS lately
    FROM (SELECT id, event_id, agent, replay, created_at, finished_at, error_code FROM runs INDEXED BY runs_by_state
      WHERE state = 'dead' ORDER BY created_at DESC LIMIT ${mostLookedAt}) t
    WHERE NOT ${isReplayed} GROUP BY 1 ORDER BY 2 DESC, 1`)
  const deadLookedAt = db.prepare<[], { count: number }>(`
    SELECT count(*) AS count FROM (SELECT 1 FROM runs INDEXED BY runs_by_state WHERE state = 'dead' LIMIT ${mostLookedAt})`)
  const oldestIn = (state: string) => `
    SELECT * FROM (SELECT id, created_at, crashes FROM runs INDEXED BY runs_by_state
      WHERE state = '${state}' ORDER BY created_at LIMIT ${mostLookedAt})`
  const suspects = one(`
    SELECT ${waiting('id', 'created_at')} FROM (${oldestIn('queued')} UNION ALL ${oldestIn('running')})
    WHERE crashes > 0`)
  const held = one(`
    SELECT ${waiting('id', 'proposed_at')} FROM tool_calls INDEXED BY tool_calls_held WHERE state = 'held'`)
  const approvals = db.prepare<[number], ApprovalsRow>(`
    SELECT ${waiting('id', 'requested_at')}, min(expires_at) AS soonest, total(expires_at <= ?) AS soon
    FROM approvals INDEXED BY approvals_waiting WHERE state = 'waiting'`)

  // One transaction, so that the numbers are of one moment.
  const all = db.transaction((now: number): Stuck => {
    const parkedRows = parked.all()
    const deadRows = dead.all(now - latelyMs)
    const failedRow = failed.get()
    const queuedRow = queued.get()
    const asked = approvals.get(now + soonMs)
    const lookedAt = (rows: readonly RunsRow[]) => rows.reduce((sum, { count }) => sum + count, 0)
    const groups = [parkedRows, failedRow ? [failedRow] : [], queuedRow ? [queuedRow] : []]
    const looked = [...groups.map(lookedAt), deadLookedAt.get()?.count]
    return {
      undispatched: waitingOf(undispatched.get()),
      queued: waitingOf(queuedRow),
      parked: parkedRows.map((row) => ({
        ...waitingOf(row),
        on: row.cause as ParkedOn,
        nextAt: row.next_at ?? undefined,
      })),
      failed: { ...waitingOf(failedRow), nextAt: failedRow?.next_at ?? undefined },
      dead: deadRows.map((row) => ({
        ...waitingOf(row),
        code: row.cause,
        newestAt: row.newest_at,
        lately: row.lately,
      })),
      suspects: waitingOf(suspects.get()),
      held: waitingOf(held.get()),
      approvals: {
        ...waitingOf(asked),
        soonestExpiresAt: asked?.soonest ?? undefined,
        expiringSoon: asked?.soon ?? 0,
      },
      isPartial: looked.includes(mostLookedAt),
    }
  })
  return { stuck: (now) => reader.read(() => all(now)) }
}

function waitingOf(row: WaitingRow | undefined): Waiting {
  const oldest = row?.oldest ?? undefined
  return {
    count: row?.count ?? 0,
    oldestId: oldest?.slice(16),
    oldestAt: oldest === undefined ? undefined : Number(oldest.slice(0, 16)),
  }
}
