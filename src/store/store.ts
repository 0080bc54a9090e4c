import type { Approval, ApprovalState } from '../domain/approval.js'
import type { DeliveryState } from '../domain/delivery.js'
import type { Event, EventDraft, EventState, Ids, MatchDecision, Via } from '../domain/event.js'
import type { Lease, ParkedOn, Run, RunOutcome, RunState, RunUsage } from '../domain/run.js'
import type { Effect } from '../domain/tool.js'
import type { Intent, ToolCall, ToolCallOutcome, ToolOutput } from '../domain/tool-call.js'
import type { JsonValue } from '../util/json.js'

/**
 * The ledger: everything from the first byte to the outcome. Each method is one transaction, all of it or
 * nothing; when it resolves, what it wrote is on the disk. No query and no connection escapes.
 *
 * Every method may reject with StoreError: `store.unavailable` (disk full, I/O, busy: nothing was written,
 * try later), `store.lease_lost` (a Lease argument is no longer the holder's: nothing was written),
 * `store.not_found`, `store.conflict` (the row is not in a state from which this is a transition).
 * Times are epoch milliseconds, given by the caller; the store never reads a clock.
 */
export interface Store {
  /**
   * Records a verified delivery and its events. An event that is already there by any of its dedupe keys
   * (source and: event id, semantic key and, unless the draft's id is authentic, body digest) is a duplicate: it adds no row, and its delivery is
   * kept without the body, as evidence. Deliveries that arrive while a commit is under way share the next.
   * Order: events get growing positions in the order of calls.
   */
  record(arrival: Arrival): Promise<Recorded>

  /** Keeps the bytes of a verified delivery that could not be read. The same body again adds nothing. */
  recordMalformed(arrival: MalformedArrival): Promise<void>

  /** One tick of a poll or a schedule: its events, the keys it saw without waking anybody, and where it goes on, together. */
  recordTick(tick: Tick): Promise<TickRecorded>

  /** Where a poll or schedule stands; undefined before its first tick. */
  cursor(source: string): Promise<Cursor | undefined>

  /** Adds to the counts of refused deliveries; bounded by sources × reasons × days whatever a sender does. */
  countRefusals(refusals: readonly Refusal[]): Promise<void>

  /** Events that no decision has been made on, in order of position. */
  undispatched(limit: number): Promise<Event[]>

  /**
   * Writes which agents each event wakes and why the others were not woken, creates the runs, and marks the
   * event `dispatched` or, without a run, `ignored`. An event that is dispatched already is left as it is:
   * it may be repeated. Returns the ids of the runs that it created.
   */
  dispatch(dispatches: readonly Dispatch[], now: number): Promise<string[]>

  /** A new run of a recorded event, on purpose. Its `replay` number is one more than the highest there is for event and agent. */
  replay(eventId: string, agent: string, now: number): Promise<Run>

  /**
   * Takes the oldest run that may go on now (queued; or parked or failed with its time come) and has no
   * earlier unfinished run of the same agent and subject before it, marks it `running` for `node` until
   * `leaseUntil`, and raises its fence. Runs of `notAgents` are passed over. Undefined when there is none.
   */
  claim(claim: Claim): Promise<ClaimedRun | undefined>

  /** Extends a lease. Rejects with `store.lease_lost` when the run is another's. */
  renew(lease: Lease, leaseUntil: number): Promise<void>

  /**
   * Gives back runs whose holder is gone: leases that ran out before `now`, and, where `node` holds the
   * ledger alone, all leases of other nodes. Each counts a crash; a step, an outcome of a tool call or a safe
   * point set the count back. A run with more than `maxCrashes` becomes dead with `limit.crashes`. Returns the ids.
   */
  recoverRuns(recover: { node: string; alone: boolean; now: number; maxCrashes: number }): Promise<string[]>

  /**
   * Begins a run, or goes on with one that has begun. Pins the configuration that it begins with and returns it.
   * From the first recorded step on it stays; a run that never got an answer begins anew with each claim. A run that would be one more than `maxPerDay` of its agent's runs begun
   * on the UTC day of `now` does not begin, and nothing is written.
   */
  beginRun(lease: Lease, configDigest: string, now: number, maxPerDay?: number): Promise<Begun>

  /**
   * Commits a model's answer together with the tool calls that it asks for, all `proposed`, and adds to the
   * run's usage. Nothing of the answer may be acted on before this resolves.
   */
  appendStep(lease: Lease, step: NewStep, calls: readonly NewToolCall[], now: number): Promise<void>

  /**
   * Ends a stretch of work: the run's state, what it waits on, the time it used; the lease is given up. Counts
   * a failed try for `failed`. A run that parks on an approval or a person which was decided meanwhile is
   * `queued` instead. At the end of a run nobody is asked in its name any more: what waits expires.
   */
  finish(lease: Lease, outcome: RunOutcome, activeMs: number, now: number): Promise<void>

  /** Ends a run that nobody holds (queued, parked, failed) as cancelled. */
  cancelRun(runId: string, reason: string, now: number): Promise<void>

  /**
   * Records the intent of a write: frozen request, key, and its reservations, or nothing at all when a
   * reservation would pass its limit: then it returns that counter. From `proposed` or `approved`.
   */
  prepare(lease: Lease, toolCallId: string, intent: Intent, now: number): Promise<Prepared>

  /** Commits that the first byte is about to leave. From `prepared`, or from `unknown` for another try with the same bytes. */
  markSent(lease: Lease, toolCallId: string, now: number): Promise<void>

  /** Takes `sent` back, because it is certain that no byte left: the call is `prepared`, as before. */
  takeBack(lease: Lease, toolCallId: string, now: number): Promise<void>

  /**
   * Writes a tool call's outcome. `rejected` and `denied` release its reservations; every other state keeps
   * them. `output` stands for the model from then on. Not every outcome has one: `unknown` and `held` do not.
   */
  settle(lease: Lease, toolCallId: string, outcome: ToolCallOutcome, now: number): Promise<void>

  /**
   * A person says what became of a held write: it happened (`confirmed`), it did not (`rejected`), or send it
   * again: then it is `prepared` again, with the same bytes and key. Wakes the run. Without an `output` the
   * model is told what the person said.
   */
  resolveHeld(toolCallId: string, resolution: HeldResolution, now: number): Promise<void>

  /** Asks a person. The call becomes `waiting`. */
  requestApproval(lease: Lease, approval: NewApproval, now: number): Promise<void>

  /**
   * A person's decision. Only a waiting approval that has not expired at `now` can be decided; else
   * `store.conflict`. The call becomes `approved` or `denied`, and the run may go on.
   */
  decide(approvalId: string, decision: Decision, now: number): Promise<Approval>

  /** Approvals whose time is over become `expired`, with their calls, and their runs may go on. Returns the ids. */
  expireApprovals(now: number): Promise<string[]>

  /** Keeps a configuration by its digest, so that a run can keep the one it began with over a restart. May be repeated. */
  saveConfig(digest: string, snapshot: JsonValue, now: number): Promise<void>
  config(digest: string): Promise<JsonValue | undefined>

  event(id: string): Promise<StoredEvent | undefined>
  delivery(id: string): Promise<StoredDelivery | undefined>
  run(id: string): Promise<Run | undefined>
  /** All of a run: steps and tool calls in order, approvals, failed tries. */
  journal(runId: string): Promise<Journal>
  approval(id: string): Promise<Approval | undefined>
  toolCall(id: string): Promise<ToolCall | undefined>
  /** Deliveries that brought an event, the first and the redeliveries, oldest first. */
  deliveriesOf(eventId: string): Promise<StoredDelivery[]>
  runsOf(eventId: string): Promise<Run[]>
  /** Newest first. `before` is an id of the same noun: only older ones. */
  listEvents(filter: EventFilter): Promise<StoredEvent[]>
  listRuns(filter: RunFilter): Promise<Run[]>
  listApprovals(filter: ApprovalFilter): Promise<Approval[]>
  /** Tool calls in state `held`, oldest first. */
  listHeld(): Promise<ToolCall[]>
  counts(): Promise<Counts>
  refusals(sinceDay: string): Promise<StoredRefusal[]>

  /** Changes whenever any process has committed to the ledger; equal values mean that nothing changed. */
  version(): Promise<number>
  /** What `doctor` shows and `start` checks: engine, version, settings read back from every connection, size. */
  diagnose(): Promise<Diagnosis>
  close(): Promise<void>
}

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

export interface Dispatch {
  readonly eventId: string
  /** One for each agent of the configuration. Those that `matched` get a run. */
  readonly decisions: readonly MatchDecision[]
}

export interface Claim {
  readonly node: string
  readonly now: number
  readonly leaseUntil: number
  readonly notAgents: readonly string[]
}

export interface ClaimedRun {
  readonly lease: Lease
  readonly run: Run
  readonly event: Event
}

export type Begun =
  | { readonly state: 'begun'; readonly configDigest: string }
  | { readonly state: 'over_limit' }

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

export type NewApproval = Pick<
  Approval,
  'id' | 'runId' | 'toolCallId' | 'eventId' | 'agent' | 'tool' | 'request' | 'digest' | 'expiresAt'
>

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
}

export interface ToolCallRow extends ToolCall {
  readonly status: number | undefined
  readonly yields: Ids
  readonly note: string | undefined
}

export interface EventFilter {
  readonly source?: string
  readonly type?: string
  readonly state?: EventState
  readonly since?: number
  readonly before?: string
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
  readonly freeBytes: number | undefined
  readonly settings: readonly {
    readonly connection: string
    readonly name: string
    readonly value: string
    readonly expected: string
  }[]
}

export type { RunUsage }
