import type { JsonObject, JsonValue } from '../util/json.js'
import type { ErrorCode } from './errors.js'
import type { Ids } from './event.js'
import type { Effect } from './tool.js'

export type ToolCallState =
  | 'proposed'
  | 'waiting'
  | 'approved'
  | 'denied'
  | 'expired'
  | 'prepared'
  | 'sent'
  | 'confirmed'
  | 'rejected'
  | 'unknown'
  | 'held'
  | 'done'
  | 'failed'
  | 'simulated'

/**
 * `prepared → sent → confirmed | rejected | unknown → held` for writes, `done | failed` for reads. From
 * `unknown` the same bytes may be `sent` again: with the same key while the key lives, or after a probe did not find
 * the effect; from `held` a person may have them `prepared` to be sent again. `sent` goes back to `prepared` only
 * where it is certain that this send did nothing. `prepared` is `unknown` in a restored ledger, which may be older
 * than a send. `simulated` is a write that was not to be sent. A call that waits is `proposed` again where a person
 * changed its arguments: it is decided anew.
 */
export const toolCallTransitions: Readonly<Record<ToolCallState, readonly ToolCallState[]>> = {
  proposed: ['waiting', 'denied', 'prepared', 'done', 'failed', 'simulated'],
  waiting: ['approved', 'denied', 'expired', 'proposed'],
  approved: ['prepared', 'denied', 'done', 'failed', 'simulated'],
  denied: [],
  expired: [],
  prepared: ['sent', 'denied', 'unknown'],
  sent: ['prepared', 'confirmed', 'rejected', 'unknown', 'held'],
  confirmed: [],
  rejected: [],
  unknown: ['sent', 'confirmed', 'rejected', 'held'],
  held: ['confirmed', 'rejected', 'prepared'],
  done: [],
  failed: [],
  simulated: [],
}

/** States in which the model has its answer. */
export const settledToolCallStates: readonly ToolCallState[] = [
  'denied',
  'expired',
  'confirmed',
  'rejected',
  'done',
  'failed',
  'simulated',
]

export interface ToolCall {
  readonly id: string
  readonly runId: string
  /** The step whose model answer asked for it. */
  readonly stepId: string
  /** Position in that answer, from 0. */
  readonly position: number
  /** The model's own id for the call, which the output must name. */
  readonly callId: string
  readonly tool: string
  /** As the model wrote them: text that may not even be JSON. */
  readonly argumentsText: string
  /** As a person wrote them instead. */
  readonly editedArguments: string | undefined
  readonly state: ToolCallState
  readonly effect: Effect | undefined
  /** Set when prepared. */
  readonly request: FrozenRequest | undefined
  readonly idempotencyKey: string | undefined
  /** How many calls of this tool on these ids the run had made before it; part of the idempotency key. */
  readonly ordinal: number | undefined
  readonly output: ToolOutput | undefined
  readonly approvalId: string | undefined
  readonly sends: number
  readonly firstSentAt: number | undefined
  readonly lastSentAt: number | undefined
  /** How often a probe did not find its effect since it was last sent. */
  readonly looks: number
  /** When a probe last did not find it. */
  readonly lookedAt: number | undefined
  readonly proposedAt: number
  readonly settledAt: number | undefined
}

/** The exact request, without its credential, which is added when it is sent. */
export interface FrozenRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** UTF-8 text, or undefined for no body. */
  readonly body: string | undefined
  /** Name of the credential that will be added. */
  readonly credential: string | undefined
  /** SHA-256 over method, URL, headers and body, hex. What an approval binds. */
  readonly digest: string
}

/** What the model is told of its call. */
export type ToolOutput =
  | { readonly ok: true; readonly status?: number; readonly result: JsonValue }
  | {
      readonly ok: false
      readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint: string }
      /** What the API said with its refusal, picked and cut to size. */
      readonly result?: JsonValue
    }

export interface ToolCallOutcome {
  readonly state: ToolCallState
  readonly output?: ToolOutput
  readonly status?: number
  /** Ids that this call's answer adds to the run's scope. */
  readonly yields?: Ids
  /** Ids of what this write made, with those that it was bound to. */
  readonly created?: { readonly ids: Ids; readonly bound: Ids }
  /** Facts and decisions worth showing, safe to show. */
  readonly note?: string
}

/** A reservation that `prepare` makes in the same transaction as the intent. */
export interface Reservation {
  /** What is counted, `refund|subject|ch_123` or `refund|day|2026-11-21|amount`. */
  readonly counter: string
  readonly amount: number
  /** The most that may stand in the counter, this amount included. */
  readonly limit: number
}

export interface Intent {
  readonly request: FrozenRequest
  readonly effect: Effect
  readonly args: JsonObject
  readonly idempotencyKey: string
  readonly ordinal: number
  readonly reservations: readonly Reservation[]
}
