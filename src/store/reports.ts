import type { Approval, ApprovalState } from '../domain/approval.js'
import type { DeliveryState } from '../domain/delivery.js'
import type { EventState, Via } from '../domain/event.js'
import type { ParkedOn, Run, RunState } from '../domain/run.js'
import type { ToolCallState } from '../domain/tool-call.js'
import type { StoredDelivery, StoredEvent } from './records.js'

/** What the ledger says of many rows at once: found, counted, and what changed last. Each bounded in work. */

/** All that is given must hold. */
export interface EventSearch {
  readonly source?: string
  /** `*` stands for any run of characters. */
  readonly type?: string
  readonly state?: EventState
  readonly subject?: string
  readonly actor?: string
  readonly via?: Via
  readonly isEcho?: boolean
  /** An agent that it woke. */
  readonly agent?: string
  /** Stands in the subject or the type, whatever the case of its ASCII letters. */
  readonly text?: string
  /** How the id of the event, or that of a delivery that brought it, begins. Then ordered by id. */
  readonly id?: string
  readonly since?: number
  readonly until?: number
  /** An event's id: only older ones. */
  readonly before?: string
  readonly limit: number
}

/** Newest first. */
export interface EventsFound {
  /** Without their content: `data` is null. */
  readonly events: readonly StoredEvent[]
  /** For `before`: there may be older ones. */
  readonly next: string | undefined
  /** As many rows as may be were looked at, and more were not: go on from `next`. */
  readonly isPartial: boolean
}

export interface RunSearch {
  readonly agent?: string
  readonly state?: RunState
  readonly parkedOn?: ParkedOn
  readonly subject?: string
  /** One of the events that it sees. */
  readonly eventId?: string
  /** Of the error that it ended or waits with. */
  readonly errorCode?: string
  /** Of the dead ones: whether a replay came after that was not cancelled, so that it waits for nobody. */
  readonly isReplayed?: boolean
  /** How its id begins. Then ordered by id. */
  readonly id?: string
  readonly since?: number
  readonly until?: number
  readonly before?: string
  readonly limit: number
}

export interface RunsFound {
  readonly runs: readonly Run[]
  readonly next: string | undefined
  readonly isPartial: boolean
}

export interface ApprovalSearch {
  readonly state?: ApprovalState
  readonly agent?: string
  readonly tool?: string
  readonly since?: number
  readonly until?: number
  readonly before?: string
  readonly limit: number
}

export interface ApprovalsFound {
  readonly approvals: readonly Approval[]
  readonly next: string | undefined
  readonly isPartial: boolean
}

/** A place in the order in which deliveries came. */
export interface ArrivalMark {
  readonly at: number
  readonly position: number
}

/** Newest first. */
export interface MalformedFound {
  /** Without their bytes: `body` is undefined. */
  readonly deliveries: readonly StoredDelivery[]
  readonly next: ArrivalMark | undefined
  readonly isPartial: boolean
}

export interface ArrivalCounts {
  readonly deliveries: Readonly<Record<DeliveryState, number>>
  /** `recorded` are all; the others are of these, by what became of them up to now. */
  readonly events: Readonly<Record<EventState | 'echo', number>>
}

export interface Activity extends ArrivalCounts {
  readonly source: string
  /** First millisecond of the time that is counted. */
  readonly at: number
}

/** Since the ledger was begun; what retention took counts on. */
export interface SourceTotals extends ArrivalCounts {
  readonly source: string
  readonly lastEventAt: number | undefined
  readonly lastDeliveryAt: number | undefined
}

/** How long after it happened an event was recorded. */
export interface Lag {
  readonly source: string
  /** Of the newest `of` events. */
  readonly medianMs: number
  readonly maxMs: number
  readonly of: number
}

export interface RunCounts {
  readonly begun: number
  readonly completed: number
  readonly dead: number
  readonly cancelled: number
}

export interface ModelUse {
  readonly turns: number
  /** Of these, how many the price is not known of. */
  readonly unpricedTurns: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** Of the turns whose price is known. */
  readonly costUsd: number
  /** All turns together. */
  readonly durationMs: number
}

export interface Spending extends RunCounts, ModelUse {
  readonly agent: string
  /** First millisecond of the time that is counted. */
  readonly at: number
}

export interface ModelSpending extends ModelUse {
  readonly agent: string
  readonly model: string
}

export interface ToolCallCount {
  readonly tool: string
  readonly state: ToolCallState
  /** Of the error that the model was told. */
  readonly code: string | undefined
  readonly calls: number
}

/** Everything that only ever grows, since the ledger was begun. */
export interface Totals {
  readonly sources: readonly SourceTotals[]
  readonly agents: readonly (RunCounts & { readonly agent: string })[]
  readonly models: readonly ModelSpending[]
  /** How often calls came into a state; on its way (`proposed` … `sent`) a call is not counted. */
  readonly toolCalls: readonly ToolCallCount[]
}

export interface Latency {
  /** An agent, a model or a tool. */
  readonly name: string
  readonly medianMs: number
  readonly p95Ms: number
  readonly of: number
}

/** Of the newest of each. */
export interface Latencies {
  /** How long runs were worked on, by agent; those that began since and are over. */
  readonly runs: readonly Latency[]
  readonly models: readonly Latency[]
  /** From the last send to the outcome; for reads from the model's answer on. */
  readonly tools: readonly Latency[]
}

export interface BudgetStanding {
  readonly counter: string
  readonly amount: number
}

/** Rows that wait for the same thing. */
export interface Waiting {
  readonly count: number
  readonly oldestId: string | undefined
  readonly oldestAt: number | undefined
}

export interface Stuck {
  /** No decision has been made on these events. */
  readonly undispatched: Waiting
  readonly queued: Waiting
  readonly parked: readonly (Waiting & { readonly on: ParkedOn; readonly nextAt: number | undefined })[]
  /** Tried again at `nextAt`. */
  readonly failed: Waiting & { readonly nextAt: number | undefined }
  /**
   * By the code of the error; `lately` of them died within the last day. Without those that were replayed since, unless
   * the replay was cancelled: they wait for nobody.
   */
  readonly dead: readonly (Waiting & {
    readonly code: string
    readonly newestAt: number
    readonly lately: number
  })[]
  /** Runs that were held when a process died, and have not got anywhere since. */
  readonly suspects: Waiting
  readonly held: Waiting
  readonly approvals: Waiting & {
    readonly soonestExpiresAt: number | undefined
    readonly expiringSoon: number
  }
  /** There are more runs than were looked at: numbers of parked, dead and suspects are at least these. */
  readonly isPartial: boolean
}

/** How far somebody has followed the ledger. */
export interface ChangeMark {
  readonly event: number
  readonly change: number
}

export interface NewEvent {
  readonly position: number
  /** Without its content. */
  readonly event: StoredEvent
}

/** A run, a tool call or an approval came into a state; or an alert began to stand, or is over. */
export interface Change {
  readonly position: number
  /** Of an alert: `alert:` and its cause. */
  readonly id: string
  /** Undefined for an alert. */
  readonly runId: string | undefined
  readonly state: RunState | ToolCallState | ApprovalState | 'raised' | 'resolved'
  readonly parkedOn: ParkedOn | undefined
}

export interface Changes {
  readonly events: readonly NewEvent[]
  readonly changes: readonly Change[]
  readonly next: ChangeMark
  /** As many as were asked for: there may be more. */
  readonly isMore: boolean
  /** False where so much happened since that changes (never events) are forgotten. */
  readonly isWhole: boolean
}
