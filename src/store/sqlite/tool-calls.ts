import type { Database } from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'
import type { Lease } from '../../domain/run.js'
import {
  settledToolCallStates,
  type ToolCallState,
  type ToolOutput,
  toolCallTransitions,
} from '../../domain/tool-call.js'
import type { HeldResolution, Prepared, Store } from '../store.js'
import type { Endings } from './endings.js'
import { leaseChecker, whereRunLeased } from './leases.js'
import { origins } from './origins.js'
import { writePlain } from './stored-json.js'
import type { Writer } from './writer.js'

type ToolCalls = Pick<Store, 'prepare' | 'markSent' | 'settle' | 'resolveHeld'>

/** States that have a method of their own, which writes more than the state. */
const notSettled: readonly ToolCallState[] = ['proposed', 'waiting', 'approved', 'prepared', 'sent']

const into = `state IN (SELECT value FROM json_each(?)) AND ${whereRunLeased}`

/** The write ledger. */
export function toolCalls(writer: Writer, endings: Endings): ToolCalls {
  const { db } = writer
  const freeze = db.prepare(`
    UPDATE tool_calls SET state = 'prepared', request = ?, effect = ?, args = ?, idempotency_key = ?, ordinal = ?
    WHERE id = ? AND ${into}`)
  const standing = db.prepare<[string], { amount: number }>(
    'SELECT coalesce(sum(amount), 0) AS amount FROM reservations WHERE counter = ? AND released_at IS NULL',
  )
  const reserve = db.prepare(
    'INSERT INTO reservations (counter, tool_call_id, amount, reserved_at) VALUES (?, ?, ?, ?)',
  )
  const send = db.prepare(`
    UPDATE tool_calls SET state = 'sent', sends = sends + 1, first_sent_at = coalesce(first_sent_at, ?)
    WHERE id = ? AND ${into}`)
  const write = db.prepare(`
    UPDATE tool_calls SET state = ?, output = coalesce(?, output), status = coalesce(?, status),
      yields = coalesce(?, yields), note = coalesce(?, note), settled_at = ?
    WHERE id = ? AND ${into}`)
  const resolve = db.prepare<unknown[], { run_id: string }>(`
    UPDATE tool_calls SET state = ?, output = ?, note = ?, settled_at = ?
    WHERE id = ? AND state = 'held' RETURNING run_id`)
  const release = releaser(db)
  const refuse = refuser(db)
  const from = {
    prepared: origins(toolCallTransitions, 'prepared'),
    sent: origins(toolCallTransitions, 'sent'),
  }

  return {
    prepare: (lease, toolCallId, intent, now) => {
      const { request, effect, args, idempotencyKey, ordinal, reservations } = intent
      const frozen = writePlain(request)
      const writtenArgs = writePlain(args)
      return writer.write((): Prepared => {
        const { runId, node, fence } = lease
        const added = new Map<string, number>()
        for (const { counter, amount, limit } of reservations) {
          const sum = (added.get(counter) ?? standing.get(counter)?.amount ?? 0) + amount
          // Written so that a sum that is not a number does not pass.
          if (!(sum <= limit)) {
            refuse.unlessFrom(lease, toolCallId, 'prepared')
            return { state: 'over_budget', counter, limit }
          }
          added.set(counter, sum)
        }
        const { changes } = freeze.run(
          frozen,
          effect,
          writtenArgs,
          idempotencyKey,
          ordinal,
          toolCallId,
          from.prepared,
          runId,
          node,
          fence,
        )
        if (changes === 0) throw refuse.reason(lease, toolCallId, 'prepared')
        for (const { counter, amount } of reservations) reserve.run(counter, toolCallId, amount, now)
        return { state: 'prepared' }
      })
    },

    markSent: (lease, toolCallId, now) =>
      writer.write(() => {
        const { changes } = send.run(now, toolCallId, from.sent, lease.runId, lease.node, lease.fence)
        if (changes === 0) throw refuse.reason(lease, toolCallId, 'sent')
      }),

    settle: (lease, toolCallId, { state, output, status = null, yields, note = null }, now) => {
      const text = output === undefined ? null : writePlain(output)
      const ids = yields === undefined ? null : writePlain(yields)
      return writer.write(() => {
        if (notSettled.includes(state)) throw refuse.conflict(toolCallId, 'without an outcome', state)
        const settledAt = settledToolCallStates.includes(state) ? now : null
        const { runId, node, fence } = lease
        const origin = origins(toolCallTransitions, state)
        const { changes } = write.run(
          state,
          text,
          status,
          ids,
          note,
          settledAt,
          toolCallId,
          origin,
          runId,
          node,
          fence,
        )
        if (changes === 0) throw refuse.reason(lease, toolCallId, state)
        if (state === 'rejected' || state === 'denied') release(toolCallId, now)
      })
    },

    resolveHeld: (toolCallId, resolution, now) => {
      const { state, by } = resolution
      const output = outputOf(resolution)
      const text = output === undefined ? null : writePlain(output)
      const note = `${by}: ${resolutions[state]}`
      return writer.write(() => {
        // To be sent again is to be prepared again: the frozen bytes and the key are still there.
        const isSettled = state !== 'send_again'
        const call = resolve.get(
          isSettled ? state : 'prepared',
          text,
          note,
          isSettled ? now : null,
          toolCallId,
        )
        if (!call) throw refuse.heldReason(toolCallId)
        if (state === 'rejected') release(toolCallId, now)
        endings.wake(call.run_id)
      })
    },
  }
}

const resolutions: Readonly<Record<HeldResolution['state'], string>> = {
  confirmed: 'it happened',
  rejected: 'it did not happen',
  send_again: 'send it again',
}

/** The model has an answer to every call, also where the person gave none. */
function outputOf({ state, output }: HeldResolution): ToolOutput | undefined {
  if (state === 'send_again') return undefined
  if (output) return output
  if (state === 'confirmed')
    return { ok: true, result: 'The answer was lost; a person confirmed that it happened.' }
  return {
    ok: false,
    error: {
      code: 'tool.unknown_outcome',
      message: 'The answer was lost; a person found that it did not happen.',
      hint: 'Make the call again only if it is still right.',
    },
  }
}

/** A write that was sent once may have happened, whatever became of it later: then only `rejected` gives its budget back. */
function releaser(db: Database): (toolCallId: string, now: number) => void {
  const release = db.prepare(`
    UPDATE reservations SET released_at = ?
    WHERE tool_call_id = ? AND released_at IS NULL AND EXISTS (
      SELECT 1 FROM tool_calls WHERE id = tool_call_id AND (state = 'rejected' OR sends = 0))`)
  return (toolCallId, now) => {
    release.run(now, toolCallId)
  }
}

/** Why a write of a tool call touched no row. */
function refuser(db: Database) {
  const find = db.prepare<[string], { state: ToolCallState; run_id: string }>(
    'SELECT state, run_id FROM tool_calls WHERE id = ?',
  )
  const checkLease = leaseChecker(db)
  const notFound = (id: string) => new StoreError('store.not_found', `there is no tool call ${id}`)
  const conflict = (id: string, found: string, wanted: string) =>
    new StoreError('store.conflict', `tool call ${id} is ${found}; it cannot become ${wanted}`)

  const reason = (lease: Lease, id: string, wanted: ToolCallState): StoreError => {
    checkLease(lease)
    const call = find.get(id)
    if (!call || call.run_id !== lease.runId) return notFound(id)
    return conflict(id, call.state, wanted)
  }
  return {
    conflict,
    reason,
    /** Throws the reason unless the call could become `wanted`. */
    unlessFrom(lease: Lease, id: string, wanted: ToolCallState): void {
      const call = find.get(id)
      checkLease(lease)
      if (call?.run_id !== lease.runId) throw notFound(id)
      if (!toolCallTransitions[call.state].includes(wanted)) throw conflict(id, call.state, wanted)
    },
    heldReason(id: string): StoreError {
      const call = find.get(id)
      return call ? conflict(id, call.state, 'resolved: it is not held') : notFound(id)
    },
  }
}
