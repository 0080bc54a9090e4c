import { StoreError } from '../../domain/errors.js'
import type { Journal } from '../records.js'
import type { Store } from '../store.js'
import type { Reader } from './reader.js'
import {
  type ApprovalRow,
  type AttemptRow,
  approvalOf,
  attemptOf,
  type DeliveryRow,
  deliveryOf,
  type EventRow,
  type RunRow,
  runOf,
  type StepRow,
  stepOf,
  storedEventOf,
  type ToolCallTableRow,
  toolCallOf,
} from './rows.js'
import { selectDelivery, selectEvent, unfinishedRuns } from './selects.js'

type Reading = Pick<
  Store,
  'event' | 'delivery' | 'run' | 'journal' | 'approval' | 'toolCall' | 'deliveriesOf' | 'runsOf' | 'eventsOf'
>

/** One thing by its id, and what belongs to it. */
export function reading(reader: Reader): Reading {
  const { db } = reader
  const event = db.prepare<[string], EventRow>(`${selectEvent} WHERE e.id = ?`)
  const delivery = db.prepare<[string], DeliveryRow>(`${selectDelivery} WHERE d.id = ?`)
  const run = db.prepare<[string], RunRow>('SELECT * FROM runs WHERE id = ?')
  const approval = db.prepare<[string], ApprovalRow>('SELECT * FROM approvals WHERE id = ?')
  const toolCall = db.prepare<[string], ToolCallTableRow>('SELECT * FROM tool_calls WHERE id = ?')
  const deliveriesOf = db.prepare<[string, string], DeliveryRow>(`${selectDelivery}
    WHERE d.id IN (
      SELECT delivery_id FROM events WHERE id = ? AND delivery_id IS NOT NULL
      UNION SELECT delivery_id FROM redeliveries WHERE event_id = ?)
    ORDER BY d.position`)
  const runsOf = db.prepare<[string, string], RunRow>(`
    SELECT * FROM runs WHERE event_id = ? OR id IN (SELECT run_id FROM run_events WHERE event_id = ?)
    ORDER BY position`)
  const eventsOf = db.prepare<[{ runId: string; whole: number }], EventRow>(`
    SELECT e.id, e.source, e.source_event_id, e.type, e.subject, e.time_at, e.recorded_at, e.via, e.delivery_id,
      e.state, e.decisions, e.ids, iif(isWhole, e.data, NULL) AS data, d.body
    FROM (SELECT event_id, number, number > (SELECT event_count FROM runs WHERE id = @runId) - @whole AS isWhole
      FROM run_events WHERE run_id = @runId) r
    CROSS JOIN events e ON e.id = r.event_id
    LEFT JOIN deliveries d ON isWhole AND e.data IS NULL AND d.id = e.delivery_id
    ORDER BY r.number`)
  const onlyEventOf = db.prepare<[string], EventRow>(
    `${selectEvent} WHERE e.id = (SELECT event_id FROM runs WHERE id = ?)`,
  )
  const stepsOf = db.prepare<[string], StepRow>('SELECT * FROM steps WHERE run_id = ? ORDER BY position')
  const callsOf = db.prepare<[string], ToolCallTableRow>(
    'SELECT * FROM tool_calls WHERE run_id = ? ORDER BY position',
  )
  const approvalsOf = db.prepare<[string], ApprovalRow>(
    'SELECT * FROM approvals WHERE run_id = ? ORDER BY position',
  )
  const attemptsOf = db.prepare<[string], AttemptRow>(
    'SELECT * FROM attempts WHERE run_id = ? ORDER BY number',
  )

  const firstOf = db
    .prepare<[string, string], string>(`
      SELECT id FROM ${unfinishedRuns} WHERE agent = ? AND subject = ? AND finished_at IS NULL
      ORDER BY position LIMIT 1`)
    .pluck()

  // One transaction, so that the parts are of one moment.
  const journal = db.transaction((runId: string): Journal => {
    const row = run.get(runId)
    if (!row) throw new StoreError('store.not_found', `there is no run ${runId}`)
    return {
      run: runOf(row),
      steps: stepsOf.all(runId).map(stepOf),
      calls: callsOf.all(runId).map(toolCallOf),
      approvals: approvalsOf.all(runId).map(approvalOf),
      attempts: attemptsOf.all(runId).map(attemptOf),
      behind: row.is_blocked === 1 ? firstOf.get(row.agent, row.subject) : undefined,
    }
  })

  return {
    event: (id) => reader.read(() => optional(event.get(id), storedEventOf)),
    delivery: (id) => reader.read(() => optional(delivery.get(id), deliveryOf)),
    run: (id) => reader.read(() => optional(run.get(id), runOf)),
    journal: (runId) => reader.read(() => journal(runId)),
    approval: (id) => reader.read(() => optional(approval.get(id), approvalOf)),
    toolCall: (id) => reader.read(() => optional(toolCall.get(id), toolCallOf)),
    deliveriesOf: (eventId) => reader.read(() => deliveriesOf.all(eventId, eventId).map(deliveryOf)),
    runsOf: (eventId) => reader.read(() => runsOf.all(eventId, eventId).map(runOf)),
    eventsOf: (runId, whole = Number.MAX_SAFE_INTEGER) =>
      reader.read(() => {
        const several = eventsOf.all({ runId, whole })
        return (several.length > 0 ? several : onlyEventOf.all(runId)).map(storedEventOf)
      }),
  }
}

function optional<Row, T>(row: Row | undefined, of: (row: Row) => T): T | undefined {
  return row === undefined ? undefined : of(row)
}
