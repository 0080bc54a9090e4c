import type { Database } from 'better-sqlite3'
import { faultPoint } from '../../util/fault-point.js'
import type { Pruned } from '../records.js'
import { keyReleaser } from './dedupe-keys.js'
import type { OldEvent } from './old-rows.js'

export type Deleted = Omit<Pruned, 'next'>

interface Stated {
  readonly id: string
  readonly state: string
}

/** For use inside a transaction. Whether a row may go is not asked here. */
export interface Deleter {
  /** Events, with the runs that see nothing else, and the deliveries that brought nothing else. */
  events(events: readonly OldEvent[]): Deleted
  /** Deliveries that are no event's. */
  deliveries(ids: readonly string[]): Deleted
}

const inList = '(SELECT value FROM json_each(?))'

export function deleter(db: Database): Deleter {
  const runs = runDeleter(db)
  const keys = keyReleaser(db)
  const deliveriesOf = db
    .prepare<[string, string], string>(`
      SELECT delivery_id FROM events WHERE delivery_id IS NOT NULL AND id IN ${inList}
      UNION SELECT delivery_id FROM redeliveries WHERE event_id IN ${inList}`)
    .pluck()
  const deleteRedeliveries = db.prepare(`DELETE FROM redeliveries WHERE event_id IN ${inList}`)
  const deleteEvents = db.prepare(`DELETE FROM events WHERE id IN ${inList}`)
  // A delivery of several events goes with the last of them, also where one that it repeated was gone before it came.
  const emptyDeliveries = db
    .prepare<[string], string>(`
      SELECT d.id FROM deliveries d WHERE d.id IN ${inList}
        AND NOT EXISTS (SELECT 1 FROM events WHERE delivery_id = d.id)
        AND NOT EXISTS (
          SELECT 1 FROM redeliveries r CROSS JOIN events e ON e.id = r.event_id WHERE r.delivery_id = d.id)`)
    .pluck()
  const malformed = db.prepare<[string], { id: string; source: string; body_digest: Buffer }>(
    `SELECT id, source, body_digest FROM deliveries WHERE state = 'malformed' AND id IN ${inList}`,
  )
  const deleteOrphans = db.prepare(`DELETE FROM redeliveries WHERE delivery_id IN ${inList}`)
  const deleteDeliveries = db.prepare<[string], Stated>(
    `DELETE FROM deliveries WHERE id IN ${inList} RETURNING id, state`,
  )
  const subtract = db.prepare('UPDATE totals SET count = count - ? WHERE name = ?')
  const subtractAll = (noun: string, rows: readonly Stated[]) => {
    const counts = new Map<string, number>()
    for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1)
    for (const [state, count] of counts) subtract.run(count, `${noun}.${state}`)
  }
  const removeDeliveries = (ids: readonly string[]) => {
    const list = JSON.stringify(ids)
    for (const { id, source, body_digest } of malformed.all(list)) keys.malformed(id, source, body_digest)
    deleteOrphans.run(list)
    const deleted = deleteDeliveries.all(list)
    subtractAll('deliveries', deleted)
    return deleted.length
  }

  return {
    events(events) {
      const list = JSON.stringify(events.map(({ id }) => id))
      const deletedRuns = runs(list)
      subtractAll('runs', deletedRuns)
      const deliveryIds = deliveriesOf.all(list, list)
      deleteRedeliveries.run(list)
      faultPoint('K22')
      deleteEvents.run(list)
      for (const event of events) if (event.via === 'poll') keys.polled(event)
      subtractAll('events', events)
      const deliveries = removeDeliveries(emptyDeliveries.all(JSON.stringify(deliveryIds)))
      return { events: events.length, runs: deletedRuns.length, deliveries }
    },
    deliveries: (ids) => ({ events: 0, runs: 0, deliveries: removeDeliveries(ids) }),
  }
}

/** A counter that a day or a run ends is over by itself, and every other stays as it stands. See policy/budget.ts. */
const endsByItself = `substr(counter, instr(counter, '|'), 5) IN ('|day|', '|run|')`

/** Deletes the runs that see none but these events, with all that is theirs. A run goes with the last of its events. */
function runDeleter(db: Database): (eventIds: string) => readonly Stated[] {
  const runsOf = db
    .prepare<[string, string], string>(`
      SELECT id FROM runs WHERE event_id IN ${inList}
      UNION SELECT run_id FROM run_events WHERE event_id IN ${inList}`)
    .pluck()
  const leave = db.prepare(`DELETE FROM run_events WHERE event_id IN ${inList}`)
  const left = db.prepare<[string], Stated>(`
    SELECT id, state FROM runs WHERE id IN ${inList}
      AND (event_count = 1 OR NOT EXISTS (SELECT 1 FROM run_events WHERE run_id = runs.id))`)
  const callsOf = db.prepare<[string], string>(`SELECT id FROM tool_calls WHERE run_id IN ${inList}`).pluck()
  const keepSpent = db.prepare(`
    INSERT INTO spent (counter, amount)
    SELECT counter, sum(amount) FROM reservations
    WHERE tool_call_id IN ${inList} AND released_at IS NULL AND NOT ${endsByItself} GROUP BY counter
    ON CONFLICT (counter) DO UPDATE SET amount = amount + excluded.amount`)
  const deleteReservations = db.prepare(`DELETE FROM reservations WHERE tool_call_id IN ${inList}`)
  // A row before what it refers to.
  const deleteAll = ['approvals', 'tool_calls', 'steps', 'attempts'].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE run_id IN ${inList}`),
  )
  const deleteRuns = db.prepare(`DELETE FROM runs WHERE id IN ${inList}`)
  return (eventIds) => {
    const ids = runsOf.all(eventIds, eventIds)
    leave.run(eventIds)
    const runs = left.all(JSON.stringify(ids))
    const list = JSON.stringify(runs.map(({ id }) => id))
    const calls = JSON.stringify(callsOf.all(list))
    keepSpent.run(calls)
    deleteReservations.run(calls)
    for (const statement of deleteAll) statement.run(list)
    deleteRuns.run(list)
    return runs
  }
}
