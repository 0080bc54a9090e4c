import {
  type Reservation,
  settledToolCallStates,
  type ToolCallState,
  toolCallTransitions,
} from '../../domain/tool-call.js'
import type { Prepared } from '../records.js'
import type { Store } from '../store.js'
import { whereRunLeased } from './leases.js'
import { origins } from './origins.js'
import { reservations } from './reservations.js'
import { writePlain } from './stored-json.js'
import { toolCallChecks, toolCallConflict, whereMovable } from './tool-call-checks.js'
import type { Writer } from './writer.js'

/** States that have a method of their own, which writes more than the state. */
const notOutcomes: readonly ToolCallState[] = [
  ...(['proposed', 'waiting', 'approved', 'prepared', 'sent', 'simulated'] as const),
]

/** Counters of what was not sent, beside those of what was. */
const shadowed = (reservation: Reservation): Reservation => ({
  ...reservation,
  counter: `shadow|${reservation.counter}`,
})

const from = {
  prepared: origins(toolCallTransitions, 'prepared'),
  simulated: origins(toolCallTransitions, 'simulated'),
  sent: origins(toolCallTransitions, 'sent'),
}

/** What a run writes of its tool calls: the write ledger. */
export function toolCalls(
  writer: Writer,
): Pick<Store, 'prepare' | 'simulate' | 'markSent' | 'countLook' | 'takeBack' | 'settle'> {
  const { db } = writer
  const freeze = db.prepare(`
    UPDATE tool_calls SET state = 'prepared', request = ?, effect = ?, args = ?, idempotency_key = ?, ordinal = ?
    WHERE ${whereMovable}`)
  const simulateCall = db.prepare(`
    UPDATE tool_calls SET state = 'simulated', request = ?, effect = ?, args = ?, idempotency_key = ?, ordinal = ?,
      output = ?, note = ?, settled_at = ?
    WHERE ${whereMovable}`)
  const create = db.prepare(`
    INSERT INTO created_ids (name, value, tool_call_id, run_id, bound, created_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING`)
  const send = db.prepare(`
    UPDATE tool_calls SET state = 'sent', sends = sends + 1, looks = 0, looked_at = NULL,
      first_sent_at = coalesce(first_sent_at, ?), last_sent_at = ?
    WHERE ${whereMovable}`)
  const look = db.prepare(`
    UPDATE tool_calls SET looks = looks + 1, looked_at = ? WHERE state = 'unknown' AND id = ? AND ${whereRunLeased}`)
  // Only a first send is taken back: of an earlier one nobody knows.
  const unsend = db.prepare(`
    UPDATE tool_calls SET state = 'prepared', sends = 0, first_sent_at = NULL, last_sent_at = NULL
    WHERE sends = 1 AND state = 'sent' AND id = ? AND ${whereRunLeased}`)
  const write = db.prepare(`
    UPDATE tool_calls SET state = ?, output = coalesce(?, output), status = coalesce(?, status),
      yields = coalesce(?, yields), note = coalesce(?, note), settled_at = ?
    WHERE ${whereMovable}`)
  const progress = db.prepare('UPDATE runs SET crashes = 0 WHERE id = ? AND crashes > 0')
  const budget = reservations(db)
  const checks = toolCallChecks(db)

  return {
    prepare: (lease, toolCallId, intent, now) => {
      const { effect, idempotencyKey, ordinal } = intent
      const { runId, node, fence } = lease
      const frozen = [writePlain(intent.request), effect, writePlain(intent.args), idempotencyKey, ordinal]
      return writer.write((): Prepared => {
        checks.require(lease, toolCallId, 'prepared')
        const exceeded = budget.exceeded(intent.reservations)
        if (exceeded) return { state: 'over_budget', counter: exceeded.counter, limit: exceeded.limit }
        const { changes } = freeze.run(...frozen, toolCallId, from.prepared, runId, node, fence)
        if (changes === 0) throw checks.reason(lease, toolCallId, 'prepared')
        budget.reserve(toolCallId, intent.reservations, now)
        return { state: 'prepared' }
      })
    },

    simulate: (lease, toolCallId, { intent, output, note }, now) => {
      const { effect, idempotencyKey, ordinal } = intent
      const { runId, node, fence } = lease
      const frozen = [writePlain(intent.request), effect, writePlain(intent.args), idempotencyKey, ordinal]
      const told = [writePlain(output), note, now]
      const wanted = intent.reservations.map(shadowed)
      return writer.write(() => {
        checks.require(lease, toolCallId, 'simulated')
        const exceeded = budget.exceeded(wanted)
        if (exceeded)
          return { state: 'over_budget', counter: exceeded.counter, limit: exceeded.limit } as const
        const { changes } = simulateCall.run(
          ...frozen,
          ...told,
          toolCallId,
          from.simulated,
          runId,
          node,
          fence,
        )
        if (changes === 0) throw checks.reason(lease, toolCallId, 'simulated')
        budget.reserve(toolCallId, wanted, now)
        return { state: 'simulated' } as const
      })
    },

    markSent: (lease, toolCallId, now) =>
      writer.write(() => {
        const { changes } = send.run(now, now, toolCallId, from.sent, lease.runId, lease.node, lease.fence)
        if (changes === 0) throw checks.reason(lease, toolCallId, 'sent')
      }),

    countLook: (lease, toolCallId, now) =>
      writer.write(() => {
        const { changes } = look.run(now, toolCallId, lease.runId, lease.node, lease.fence)
        if (changes === 0) throw checks.reason(lease, toolCallId, 'unknown')
      }),

    takeBack: (lease, toolCallId) =>
      writer.write(() => {
        const { changes } = unsend.run(toolCallId, lease.runId, lease.node, lease.fence)
        if (changes === 0) throw checks.reason(lease, toolCallId, 'prepared')
      }),

    settle: (lease, toolCallId, { state, output, status = null, yields, created, note = null }, now) => {
      const { runId, node, fence } = lease
      const text = output === undefined ? null : writePlain(output)
      const ids = yields === undefined ? null : writePlain(yields)
      const settledAt = settledToolCallStates.includes(state) ? now : null
      const origin = origins(toolCallTransitions, state)
      return writer.write(() => {
        if (notOutcomes.includes(state)) throw toolCallConflict(toolCallId, 'to be settled', state)
        const { changes } = write.run(
          ...[state, text, status, ids, note, settledAt],
          ...[toolCallId, origin, runId, node, fence],
        )
        if (changes === 0) throw checks.reason(lease, toolCallId, state)
        progress.run(runId)
        const bound = created && writePlain(created.bound)
        for (const [name, value] of Object.entries(created?.ids ?? {}))
          create.run(name, value, toolCallId, runId, bound, now)
        if (state === 'rejected' || state === 'denied') budget.release(toolCallId, now)
      })
    },
  }
}
