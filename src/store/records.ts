import type { Approval, ApprovalState } from '../domain/approval.js'
import type { DeliveryState } from '../domain/delivery.js'
import type { Echo } from '../domain/echo.js'
import type { ErrorCode } from '../domain/errors.js'
import type { Event, EventDraft, EventState, Ids, MatchDecision, Via } from '../domain/event.js'
import type { Lease, ParkedOn, Run, RunState } from '../domain/run.js'
import type { Effect } from '../domain/tool.js'
import type { Intent, Reservation, ToolCall, ToolOutput } from '../domain/tool-call.js'
import type { JsonValue } from '../util/json.js'

/** What the ledger takes and gives: the shapes that `store.ts` speaks in. */

export interface Arrival {
  readonly deliveryId: string
  readonly source: string
  readonly receivedAt: number
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
  /** SHA-256 of the body. A delivery of one event dedupes by it; one of several only by the events' own keys. */
  readonly bodyDigest: Uint8Array
  readonly secretIndex: number
  readonly remoteAddress?: string
  /** At least one. */
  readonly events: readonly EventDraft[]
}

export interface MalformedArrival extends Omit<Arrival, 'events'> {
  readonly reason: string
}

export interface Recorded {
  readonly deliveryId: string
  /** `recorded` when any of its events is new. */
  readonly state: 'recorded' | 'duplicate'
  /** One for each draft, in order. */
  readonly events: readonly RecordedEvent[]
}

export interface RecordedEvent {
  /** Of the new event, or of the one that it duplicates; undefined where a first poll saw it without waking anybody. */
  readonly id: string | undefined
  readonly isNew: boolean
}

export interface Cursor {
  /** What the request was when the cursor was made; a cursor of another request is not used. */
  readonly fingerprint: string
  /** Opaque to the store. */
  readonly value: JsonValue
  readonly nextAt: number
  readonly lastOkAt: number | undefined
  readonly lastError: string | undefined
  readonly failures: number
}

export interface Tick {
  readonly source: string
  readonly via: Exclude<Via, 'webhook'>
  readonly now: number
  readonly events: readonly EventDraft[]
  /** Dedupe keys that are remembered without an event: what a first poll sees. */
  readonly primed: readonly Pick<EventDraft, 'sourceEventId' | 'semanticKey'>[]
  readonly cursor: Cursor
}

export interface TickRecorded {
  readonly events: readonly RecordedEvent[]
}

export interface Refusal {
  readonly source: string
  /** An error code. */
  readonly reason: string
  readonly day: string
  readonly count: number
  readonly lastAt: number
  /** One example, safe to show; replaces the earlier. */
  readonly sample: string | undefined
}
export type StoredRefusal = Refusal

/** A secret of a source was seen in the configuration, and used since it was last told. */
export interface SecretUse {
  readonly source: string
  /** Salted, and cut short: it tells secrets of one ledger apart and says nothing of them. */
  readonly fingerprint: string
  readonly seenAt: number
  /** Deliveries that it verified. */
  readonly uses: number
  readonly lastUsedAt: number | undefined
}

/** Added up. `seenAt` is when it was first seen. */
export interface SecretUses {
  /** What fingerprints of this ledger are made with. */
  readonly salt: string
  readonly uses: readonly SecretUse[]
}

export interface Dispatch {
  readonly eventId: string
  /** One for each agent of the configuration. Those that `matched` get a run. */
  readonly decisions: readonly MatchDecision[]
  /** Set for an event that one of our own writes caused. */
  readonly echo?: Echo
}

export interface Claim {
  readonly node: string
  readonly now: number
  readonly leaseUntil: number
  readonly notAgents: readonly string[]
  readonly noSuspects?: boolean
}

export interface ClaimedRun {
  readonly lease: Lease
  readonly run: Run
  readonly event: Event
  /** The time of a newer event of the subject that an earlier run of the agent was about: this one came out of order. */
  readonly newerEventAt: number | undefined
}

export type PausedOn = Extract<ParkedOn, 'agent' | 'disk'>

export interface NewAlert {
  /** What is wrong, by name: `model default`, `credential stripe`, `disk`. */
  readonly cause: string
  readonly code: ErrorCode
  /** For a person: what happened and what to do. Safe to show. */
  readonly message: string
}

export interface Alert extends NewAlert {
  readonly raisedAt: number
  readonly lastAt: number
  readonly count: number
  /** Undefined while it stands. */
  readonly resolvedAt: number | undefined
}

export type Begun =
  | { readonly state: 'begun'; readonly configDigest: string }
  | {
      readonly state: 'over_limit'
      readonly limit: number
      /** Whose runs were counted: all of the agent's, or those of one source, or of one actor there. */
      readonly of: 'agent' | 'source' | 'actor'
      readonly source: string
      readonly actor: string | undefined
    }

/** Most runs of an agent that begin on one UTC day; what is left out has no bound. */
export interface BeginLimits {
  readonly perDay?: number | undefined
  /** Of these, of events of one source. */
  readonly perSource?: number | undefined
  /** Of these, of events that one actor of a source caused. */
  readonly perActor?: number | undefined
}

export interface NewStep {
  readonly id: string
  /** From 1. */
  readonly turn: number
  /** Which API the items are of. */
  readonly api: 'responses' | 'chat'
  readonly model: string
  /** The vendor's items, verbatim. */
  readonly items: readonly JsonValue[]
  /** Whether the answer may be shown to the model again; a truncated or filtered one may not. */
  readonly isUsable: boolean
  readonly text: string
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costUsd: number | undefined
  readonly durationMs: number
}

export interface StoredStep extends NewStep {
  readonly createdAt: number
}

export interface NewToolCall {
  readonly id: string
  readonly callId: string
  readonly tool: string
  readonly argumentsText: string
  readonly effect: Effect | undefined
}

export type Prepared =
  | { readonly state: 'prepared' }
  | { readonly state: 'over_budget'; readonly counter: string; readonly limit: number }

export interface NewApproval
  extends Pick<Approval, 'id' | 'runId' | 'toolCallId' | 'eventId' | 'agent' | 'tool' | 'request' | 'digest'>,
    Pick<Approval, 'expiresAt' | 'facts' | 'why'> {
  /** The tool and what it is bound to: at most one call of a scope waits for a person. */
  readonly scope: string
  /** What the call would take of its budgets. Looked at, not taken. */
  readonly reservations: readonly Reservation[]
}

export type Asked =
  | { readonly state: 'asked' }
  | { readonly state: 'asked_already'; readonly approvalId: string }
  | Extract<Prepared, { state: 'over_budget' }>

export interface ApprovalEdit {
  readonly by: string
  /** JSON, as a model would write it. */
  readonly argumentsText: string
  readonly reason: string | undefined
  /** The digest that the person saw. */
  readonly digest: string
}

/** A write that is not to be sent. */
export interface Simulation {
  readonly intent: Intent
  readonly output: ToolOutput
  readonly note: string
}

export interface Decision {
  readonly state: Extract<ApprovalState, 'approved' | 'denied'>
  readonly by: string
  readonly reason: string | undefined
  /** Required with `approved`: the digest that the person saw. */
  readonly digest: string
}

export interface HeldResolution {
  readonly state: 'confirmed' | 'rejected' | 'send_again'
  readonly by: string
  readonly output: ToolOutput | undefined
}

export interface StoredEvent extends Event {
  readonly state: EventState
  readonly sourceEventId: string | undefined
  readonly deliveryId: string | undefined
  readonly decisions: readonly MatchDecision[]
}

export interface StoredDelivery {
  readonly id: string
  readonly source: string
  readonly state: DeliveryState
  readonly receivedAt: number
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  /** Undefined for duplicates. */
  readonly body: Uint8Array | undefined
  readonly bodyBytes: number
  readonly secretIndex: number
  readonly remoteAddress: string | undefined
  readonly reason: string | undefined
  readonly eventIds: readonly string[]
}

export interface Attempt {
  readonly number: number
  readonly node: string
  readonly startedAt: number
  /** Undefined while it runs, and for one that a crash ended. */
  readonly endedAt: number | undefined
  readonly outcome: RunState | 'crashed' | undefined
  readonly error: { readonly code: string; readonly message: string } | undefined
}

export interface Journal {
  readonly run: Run
  readonly steps: readonly StoredStep[]
  readonly calls: readonly ToolCallRow[]
  readonly approvals: readonly Approval[]
  /** Each claim of the run. */
  readonly attempts: readonly Attempt[]
  /** The unfinished run of its agent and subject whose turn it is before this one's. */
  readonly behind: string | undefined
}

export interface ToolCallRow extends ToolCall {
  readonly status: number | undefined
  readonly yields: Ids
  readonly note: string | undefined
}

export interface EventFilter {
  readonly source?: string
  readonly type?: string
  readonly subject?: string
  readonly state?: EventState
  readonly since?: number
  readonly before?: string
  readonly limit: number
}

export interface SimulatedFilter {
  readonly agent?: string
  /** When it was simulated. */
  readonly since?: number
  readonly limit: number
}

export interface RunFilter {
  readonly agent?: string
  readonly state?: RunState
  readonly parkedOn?: ParkedOn
  readonly since?: number
  readonly before?: string
  readonly limit: number
}

export interface ApprovalFilter {
  readonly state?: ApprovalState
  readonly limit: number
}

/** How far a pass over what is old has got. */
export interface PruneMark {
  readonly stage: 'events' | 'deliveries'
  readonly source: string
  readonly at: number
  readonly position: number
}

export interface Pruned {
  readonly events: number
  readonly runs: number
  readonly deliveries: number
  /** Undefined at the end. */
  readonly next: PruneMark | undefined
}

export interface KeysPruned {
  readonly deleted: number
  readonly next: Uint8Array | undefined
}

export interface BackupTaken {
  readonly file: string
  readonly takenAt: number
  readonly sizeBytes: number
  readonly schemaVersion: number
  readonly events: number
  readonly unfinishedRuns: number
}

export interface Counts {
  readonly deliveries: Readonly<Record<DeliveryState, number>>
  readonly events: Readonly<Record<EventState, number>>
  readonly runs: Readonly<Record<RunState, number>>
  readonly approvalsWaiting: number
  readonly held: number
}

export interface Diagnosis {
  readonly engine: string
  readonly engineVersion: string
  readonly schemaVersion: number
  readonly place: string
  readonly sizeBytes: number
  /** Of these, what is free to be written again. */
  readonly reusableBytes: number
  /** On its disk. */
  readonly freeBytes: number | undefined
  /** When the oldest event was recorded; undefined where there is none. */
  readonly oldestEventAt: number | undefined
  /** Set for a ledger that is a backup, and was not started since. */
  readonly backupTakenAt: number | undefined
  /** Set for one that was a backup: when it was started again, and when that was taken, where it said so. */
  readonly restored: { readonly at: number; readonly takenAt: number | undefined } | undefined
  readonly settings: readonly {
    readonly connection: string
    readonly name: string
    readonly value: string
    readonly expected: string
  }[]
}
