import { faultPoint } from '../../util/fault-point.js'
import type { KeysPruned, Pruned } from '../records.js'
import type { Store } from '../store.js'
import type { Writer } from './writer.js'

/** What sees an event: the runs that it woke or joined. */
const seenBy = `(r.event_id = e.id OR r.id IN (SELECT run_id FROM run_events WHERE event_id = e.id))`

/** A run that is not at an end, has a write that waits for a person, or sees an event that is still to be kept. */
const isKeptByRun = `EXISTS (SELECT 1 FROM runs r WHERE ${seenBy} AND (
  r.finished_at IS NULL
  OR EXISTS (SELECT 1 FROM tool_calls t WHERE t.run_id = r.id AND t.state = 'held')
  OR (r.event_count > 1 AND EXISTS (
    SELECT 1 FROM run_events o JOIN events other ON other.id = o.event_id
    WHERE o.run_id = r.id AND other.recorded_at >= @before))))`

const inList = '(SELECT value FROM json_each(?))'
/** Of a grant's `max: 1/subject`; what counts by day or run is over by itself. See policy/budget.ts. */
const outlivesDay = `instr(counter, '|subject|') = instr(counter, '|')`

/** Deletes what is old and finished. What is not finished is never asked how old it is. */
export function retention(writer: Writer): Pick<Store, 'prune' | 'pruneKeys'> {
  const { db } = writer
  const oldEvents = db.prepare<unknown[], { id: string; state: string }>(`
    SELECT e.id, e.state FROM events e
    WHERE e.source = @source AND e.recorded_at < @before AND e.state <> 'recorded' AND NOT ${isKeptByRun}
    ORDER BY e.recorded_at LIMIT @limit`)
  const oldMalformed = db.prepare<unknown[], string>(`
    SELECT id FROM deliveries WHERE state = 'malformed' AND received_at < @before AND source = @source LIMIT @limit`)
  const runsOf = db.prepare<unknown[], { id: string; state: string }>(`
    SELECT id, state FROM runs WHERE event_id IN ${inList}
    UNION SELECT r.id, r.state FROM run_events o JOIN runs r ON r.id = o.run_id WHERE o.event_id IN ${inList}`)
  const callsOf = db.prepare<[string], string>(`SELECT id FROM tool_calls WHERE run_id IN ${inList}`)
  const deliveriesOf = db.prepare<unknown[], string>(`
    SELECT delivery_id FROM events WHERE delivery_id IS NOT NULL AND id IN ${inList}
    UNION SELECT delivery_id FROM redeliveries WHERE event_id IN ${inList}`)
  const keepSpent = db.prepare(`
    INSERT INTO spent (counter, amount)
    SELECT counter, sum(amount) FROM reservations
    WHERE tool_call_id IN ${inList} AND released_at IS NULL AND ${outlivesDay} GROUP BY counter HAVING true
    ON CONFLICT (counter) DO UPDATE SET amount = amount + excluded.amount`)
  const deletions = {
    ofCalls: ['reservations WHERE tool_call_id', 'approvals WHERE tool_call_id', 'tool_calls WHERE id'],
    ofRuns: ['steps WHERE run_id', 'attempts WHERE run_id', 'run_events WHERE run_id', 'runs WHERE id'],
    ofEvents: ['redeliveries WHERE event_id', 'events WHERE id'],
  }
  const prepareAll = (places: readonly string[]) =>
    places.map((place) => db.prepare(`DELETE FROM ${place} IN ${inList}`))
  const deleteCalls = prepareAll(deletions.ofCalls)
  const deleteRuns = prepareAll(deletions.ofRuns)
  const deleteEvents = prepareAll(deletions.ofEvents)
  // A delivery of several events goes with the last of them.
  const deleteDeliveries = db.prepare<[string], { state: string }>(`
    DELETE FROM deliveries AS d WHERE d.id IN ${inList}
      AND NOT EXISTS (SELECT 1 FROM events WHERE delivery_id = d.id)
      AND NOT EXISTS (SELECT 1 FROM redeliveries WHERE delivery_id = d.id)
    RETURNING state`)
  const subtract = db.prepare('UPDATE totals SET count = count - ? WHERE name = ?')
  const subtractAll = (noun: string, rows: readonly { state: string }[]) => {
    const counts = new Map<string, number>()
    for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1)
    for (const [state, count] of counts) subtract.run(count, `${noun}.${state}`)
  }

  const deleteAll = (
    events: readonly { id: string; state: string }[],
    malformed: readonly string[],
  ): Pruned => {
    const eventIds = JSON.stringify(events.map(({ id }) => id))
    const runs = runsOf.all(eventIds, eventIds)
    const runIds = JSON.stringify(runs.map(({ id }) => id))
    const callIds = JSON.stringify(callsOf.pluck().all(runIds))
    const deliveryIds = JSON.stringify([...deliveriesOf.pluck().all(eventIds, eventIds), ...malformed])
    keepSpent.run(callIds)
    for (const statement of deleteCalls) statement.run(callIds)
    for (const statement of deleteRuns) statement.run(runIds)
    faultPoint('K22')
    for (const statement of deleteEvents) statement.run(eventIds)
    const deliveries = deleteDeliveries.all(deliveryIds)
    subtractAll('events', events)
    subtractAll('runs', runs)
    subtractAll('deliveries', deliveries)
    return { events: events.length, runs: runs.length, deliveries: deliveries.length }
  }

  const slice = db.prepare<unknown[], { key: Buffer; created_at: number }>(
    'SELECT key, created_at FROM dedupe_keys WHERE key > ? ORDER BY key LIMIT ?',
  )
  const deleteKey = db.prepare('DELETE FROM dedupe_keys WHERE key = ?')

  return {
    prune: (keep, limit) =>
      writer.write(() => {
        const events: { id: string; state: string }[] = []
        const malformed: string[] = []
        for (const [source, before] of keep) {
          const left = limit - events.length - malformed.length
          if (left <= 0) break
          const found = oldEvents.all({ source, before, limit: left })
          events.push(...found)
          malformed.push(...oldMalformed.pluck().all({ source, before, limit: left - found.length }))
        }
        return deleteAll(events, malformed)
      }),

    pruneKeys: (before, limit, after = Buffer.alloc(0)) =>
      writer.write((): KeysPruned => {
        const keys = slice.all(Buffer.from(after), limit)
        const old = keys.filter(({ created_at: createdAt }) => createdAt < before)
        for (const { key } of old) deleteKey.run(key)
        return { deleted: old.length, next: keys.length < limit ? undefined : keys.at(-1)?.key }
      }),
  }
}
