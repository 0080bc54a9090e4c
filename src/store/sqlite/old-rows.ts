import type { Database } from 'better-sqlite3'
import type { PruneMark } from '../records.js'
import { hasOpenWrite } from './endings.js'

type Horizons = ReadonlyMap<string, number>

interface Placed {
  readonly id: string
  readonly at: number
  readonly position: number
}

export interface OldEvent {
  readonly id: string
  readonly state: string
  readonly source: string
  readonly source_event_id: string | null
  readonly semantic_key: string | null
  readonly via: string
}

export interface OldRows {
  /** At most `limit` rows looked at from the mark on; `next` is where to go on in this source and stage. */
  look(
    mark: PruneMark,
    before: Horizons,
    limit: number,
  ): { readonly rows: readonly { id: string }[]; readonly next: PruneMark | undefined }
  /** Of these, those that may go. */
  oldEvents(ids: readonly string[], before: Horizons): OldEvent[]
  /** Of these, deliveries that are no event's and have none left that they repeated. */
  leftDeliveries(ids: readonly string[]): string[]
}

/** What may go. What is not finished is never asked how old it is. */
export function oldRows(db: Database): OldRows {
  const inOrder = (columns: string, table: string, at: string, which: string) =>
    db.prepare<unknown[], Placed>(`
      SELECT ${columns} AS id, ${at} AS at, position FROM ${table}
      WHERE source = @source AND ${at} < @before AND (${at}, position) > (@at, @position) AND ${which}
      ORDER BY ${at}, position LIMIT @limit`)
  const slices = {
    events: inOrder('id', 'events', 'recorded_at', 'true'),
    deliveries: inOrder('id', 'deliveries', 'received_at', `state <> 'recorded'`),
  }
  const oldEvents = eventFinder(db)
  const left = db
    .prepare<[string], string>(`
      SELECT d.id FROM deliveries d WHERE d.id IN (SELECT value FROM json_each(?)) AND d.state <> 'recorded'
        AND NOT EXISTS (SELECT 1 FROM events WHERE delivery_id = d.id)
        AND NOT EXISTS (
          SELECT 1 FROM redeliveries r CROSS JOIN events e ON e.id = r.event_id WHERE r.delivery_id = d.id)`)
    .pluck()
  const leftDeliveries = (ids: readonly string[]) => left.all(JSON.stringify(ids))

  return {
    look(mark, before, limit) {
      const { stage, source, at, position } = mark
      const seen = slices[stage].all({ source, at, position, limit, before: before.get(source) ?? 0 })
      const ids = seen.map(({ id }) => id)
      const last = seen.length < limit ? undefined : seen.at(-1)
      const rows = stage === 'events' ? oldEvents(ids, before) : leftDeliveries(ids).map((id) => ({ id }))
      return { rows, next: last && { stage, source, at: last.at, position: last.position } }
    },
    oldEvents,
    leftDeliveries,
  }
}

interface SeeingRun {
  readonly id: string
  readonly finished_at: number | null
  readonly event_count: number
}

function eventFinder(db: Database): OldRows['oldEvents'] {
  const events = db.prepare<[string], OldEvent & { recorded_at: number }>(`
    SELECT id, state, source, source_event_id, semantic_key, via, recorded_at FROM events
    WHERE id IN (SELECT value FROM json_each(?)) ORDER BY recorded_at, position`)
  const seenBy = db.prepare<[string, string], SeeingRun>(`
    SELECT id, finished_at, event_count FROM runs WHERE event_id = ?
    UNION SELECT r.id, r.finished_at, r.event_count FROM run_events o CROSS JOIN runs r ON r.id = o.run_id
      WHERE o.event_id = ?`)
  const isOpen = db.prepare<[string], unknown>(`
    SELECT 1 FROM runs WHERE id = ? AND (${hasOpenWrite}
      OR EXISTS (SELECT 1 FROM approvals a WHERE a.run_id = runs.id AND a.state = 'waiting'))`)
  const eventsOf = db.prepare<[string], { source: string; recorded_at: number }>(`
    SELECT e.source, e.recorded_at FROM run_events o CROSS JOIN events e ON e.id = o.event_id WHERE o.run_id = ?`)
  return (ids, before) => {
    const isOld = (source: string, at: number) => at < (before.get(source) ?? Number.NEGATIVE_INFINITY)
    // A run that sees a thousand events is asked once for all of them.
    const known = new Map<string, boolean>()
    const isOver = ({ id, event_count: count }: SeeingRun) => {
      const over =
        known.get(id) ??
        (!isOpen.get(id) &&
          (count === 1 || eventsOf.all(id).every((event) => isOld(event.source, event.recorded_at))))
      known.set(id, over)
      return over
    }
    return events.all(JSON.stringify(ids)).filter((event) => {
      const { id, state, source, recorded_at: recordedAt } = event
      if (state === 'recorded' || !isOld(source, recordedAt)) return false
      return seenBy
        .all(id, id)
        .every((run) => run.finished_at !== null && isOld(source, run.finished_at) && isOver(run))
    })
  }
}
