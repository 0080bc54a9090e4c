import type { Mailbox } from '../domain/agent.js'
import type { Backlog, DeadRuns, Telling } from '../domain/alerting.js'
import type { Approval } from '../domain/approval.js'
import type { Echo, EchoQuestion } from '../domain/echo.js'
import type { Event } from '../domain/event.js'
import type { Lease, Refreshed, Run, RunOutcome } from '../domain/run.js'
import type { Intent, ToolCall, ToolCallOutcome } from '../domain/tool-call.js'
import type { JsonValue } from '../util/json.js'
import type {
  Alert,
  ApprovalEdit,
  ApprovalFilter,
  Arrival,
  Asked,
  BackupTaken,
  BeginLimits,
  Begun,
  Claim,
  ClaimedRun,
  Counts,
  Cursor,
  Decision,
  Diagnosis,
  Dispatch,
  EventFilter,
  HeldResolution,
  Journal,
  KeysPruned,
  MalformedArrival,
  NewAlert,
  NewApproval,
  NewStep,
  NewToolCall,
  PausedOn,
  Prepared,
  Pruned,
  PruneMark,
  Recorded,
  Refusal,
  RunFilter,
  SecretUse,
  SecretUses,
  SimulatedFilter,
  Simulation,
  StoredDelivery,
  StoredEvent,
  StoredRefusal,
  Tick,
  TickRecorded,
  ToolCallRow,
} from './records.js'
import type {
  Activity,
  ApprovalSearch,
  ApprovalsFound,
  ArrivalMark,
  BudgetStanding,
  ChangeMark,
  Changes,
  EventSearch,
  EventsFound,
  Lag,
  Latencies,
  MalformedFound,
  ModelSpending,
  RunSearch,
  RunsFound,
  Spending,
  Stuck,
  Totals,
} from './reports.js'

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

  /** Adds to what is known of the secrets of sources. */
  countSecretUses(uses: readonly SecretUse[]): Promise<void>

  secretUses(): Promise<SecretUses>

  /** Events that no decision has been made on, in order of position. */
  undispatched(limit: number): Promise<Event[]>

  /**
   * Writes which agents each event wakes and why the others were not woken, puts it into their mailboxes, and marks
   * the event `dispatched` or, where it woke none, `ignored`. An event that is dispatched already is left as it is:
   * it may be repeated. In order of the dispatches, for each agent that `matched` or is `off` (then the run is
   * parked on `agent`), by the agent's entry in `mailboxes` (default `queue`):
   * - `queue`: a run of its own, behind the unfinished ones of the subject.
   * - `coalesce`: it joins the run of the subject that has not begun, where there is one, and that run's event is
   *   the newest of them by time; else a run of its own, parked on `quiet` where it is to wait for more.
   * - `supersede`: unfinished runs of the subject whose event did not happen later end as `cancelled` with `run.superseded`, but one that is being
   *   worked on, or has a write whose outcome is not known, is only marked, and ends when its holder or the
   *   outcome lets it. Then a run of its own.
   * Returns the ids of the runs that it created or that were joined.
   */
  dispatch(
    dispatches: readonly Dispatch[],
    now: number,
    mailboxes?: ReadonlyMap<string, Mailbox>,
  ): Promise<string[]>

  /**
   * Of these events, those that one of our own writes caused, by event. An event is an echo of the newest write, not
   * older than `since` and sent before the event was here, that made one of the ids that it names, where none of the ids that the write was bound to is another's in
   * the event. One that is only our own is put down to the newest run of its subject that wrote since then, if there
   * is one.
   */
  echoesOf(questions: readonly EchoQuestion[], since: number): Promise<ReadonlyMap<string, Echo>>

  /** Marks events that turned out to be echoes after they were dispatched. */
  recordEchoes(echoes: ReadonlyMap<string, Echo>): Promise<void>

  /** Whether a write of one of these tools, by a run that is held, was sent and has no outcome yet. */
  isWriteUnderWay(tools: readonly string[]): Promise<boolean>

  /** A new run of a recorded event, on purpose. Its `replay` number is one more than the highest there is for event and agent. */
  replay(eventId: string, agent: string, now: number): Promise<Run>

  /**
   * Takes the oldest run that may go on now (queued; or parked or failed with its time come, or more than a month
   * away, which only a wrong clock gives) and has no
   * earlier unfinished run of the same agent and subject before it, marks it `running` for `node` until
   * `leaseUntil`, and raises its fence. Runs of `notAgents` are passed over, and so are, with `noSuspects`, those
   * that were held when a process died and have not got anywhere since. Undefined when there is none.
   */
  claim(claim: Claim): Promise<ClaimedRun | undefined>

  /**
   * Parks what has not begun (queued, or parked on `quiet`) of these agents, of all where none are named, on `on`;
   * returns how many. Under `resume` they are queued again, but for those of the agents named.
   */
  pause(on: PausedOn, agents: readonly string[] | undefined, now: number): Promise<number>
  resume(on: PausedOn, exceptAgents: readonly string[], now: number): Promise<number>

  /** Extends a lease. Rejects with `store.lease_lost` when the run is another's. */
  renew(lease: Lease, leaseUntil: number): Promise<void>

  /**
   * Gives back runs whose holder is gone: leases that ran out before `now`, and, where `node` holds the
   * ledger alone, all leases of other nodes, together with what waits for a restart. Each counts a crash of its
   * holder, unless that is `node` itself, which lives; a step, an outcome of a tool call or a safe point set the count
   * back. A run with more than `maxCrashes` becomes dead with `limit.crashes`. Returns the ids of those that were held.
   */
  recoverRuns(recover: { node: string; alone: boolean; now: number; maxCrashes: number }): Promise<string[]>

  /**
   * Begins a run, or goes on with one that has begun. Pins the configuration that it begins with and returns it.
   * From the first recorded step on it stays; a run that never got an answer begins anew with each claim. A run that
   * would be one more than may begin on the UTC day of `now` does not begin, and nothing is written. A run of several
   * events counts for the newest whose source and actor have room, and only where none has does it not begin.
   */
  beginRun(lease: Lease, configDigest: string, now: number, limits?: BeginLimits): Promise<Begun>

  /** Keeps what was read of the subject before the run acts; a later one replaces it. */
  recordRefreshed(lease: Lease, refreshed: Refreshed, now: number): Promise<void>

  /**
   * Commits a model's answer together with the tool calls that it asks for, all `proposed`, and adds to the
   * run's usage. Nothing of the answer may be acted on before this resolves.
   */
  appendStep(lease: Lease, step: NewStep, calls: readonly NewToolCall[], now: number): Promise<void>

  /**
   * Ends a stretch of work: the run's state, what it waits on, the time it used; the lease is given up. Counts
   * a failed try for `failed`. A run that parks on an approval or a person which was decided meanwhile is
   * `queued` instead; one that would wait although a newer event took its place, and has no write whose outcome is
   * not known, is `cancelled` instead. At the end of a run nobody is asked in its name any more: what waits expires.
   */
  finish(lease: Lease, outcome: RunOutcome, activeMs: number, now: number): Promise<void>

  /** Ends a run that nobody holds (queued, parked, failed) as cancelled. */
  cancelRun(runId: string, reason: string, now: number): Promise<void>

  /**
   * Records the intent of a write: frozen request, key, and its reservations, or nothing at all when a
   * reservation would pass its limit: then it returns that counter. From `proposed` or `approved`.
   */
  prepare(lease: Lease, toolCallId: string, intent: Intent, now: number): Promise<Prepared>

  /**
   * Records a write that is not to be sent, as it would be: the call is `simulated` and has its output. Its
   * reservations stand in counters of their own, which no write that is sent counts in. From `proposed` or `approved`.
   */
  simulate(
    lease: Lease,
    toolCallId: string,
    simulation: Simulation,
    now: number,
  ): Promise<Exclude<Prepared, { state: 'prepared' }> | { readonly state: 'simulated' }>

  /** Commits that the first byte is about to leave. From `prepared`, or from `unknown` for another try with the same bytes. */
  markSent(lease: Lease, toolCallId: string, now: number): Promise<void>

  /** Counts a probe that did not find the effect of a call that is `unknown`. Sending it again sets the count back. */
  countLook(lease: Lease, toolCallId: string, now: number): Promise<void>

  /** Takes `sent` back, because it is certain that the first send did nothing: the call is `prepared`, as before. */
  takeBack(lease: Lease, toolCallId: string, now: number): Promise<void>

  /**
   * Writes a tool call's outcome, and what a write made. `rejected` and `denied` release its reservations; every other state keeps
   * them. `output` stands for the model from then on. Not every outcome has one: `unknown` and `held` do not.
   */
  settle(lease: Lease, toolCallId: string, outcome: ToolCallOutcome, now: number): Promise<void>

  /**
   * A person says what became of a held write: it happened (`confirmed`), it did not (`rejected`), or send it
   * again: then it is `prepared` again, with the same bytes and key. Wakes the run. Without an `output` the
   * model is told what the person said.
   */
  resolveHeld(toolCallId: string, resolution: HeldResolution, now: number): Promise<void>

  /**
   * Asks a person: the call becomes `waiting`. Nobody is asked, and nothing is written, where another call of the same
   * scope waits already, or where one of its reservations would pass its limit now.
   */
  requestApproval(lease: Lease, approval: NewApproval, now: number): Promise<Asked>

  /**
   * A person's decision. Only a waiting approval that has not expired at `now` can be decided; else
   * `store.conflict`. The call becomes `approved` or `denied`, and the run may go on.
   */
  decide(approvalId: string, decision: Decision, now: number): Promise<Approval>

  /**
   * A person changes the arguments of a call that waits. The approval becomes `edited`; the call is `proposed` again,
   * is decided anew with these arguments, and asked for under a new digest. Wakes the run.
   */
  editApproval(approvalId: string, edit: ApprovalEdit, now: number): Promise<Approval>

  /** Approvals whose time is over become `expired`, with their calls, and their runs may go on. Returns the ids. */
  expireApprovals(now: number): Promise<string[]>

  /** Keeps a configuration by its digest, so that a run can keep the one it began with over a restart. May be repeated. */
  saveConfig(digest: string, snapshot: JsonValue, now: number): Promise<void>
  config(digest: string): Promise<JsonValue | undefined>

  /** One alert for one cause: counts again while it stands. True when it was not standing. */
  raiseAlert(alert: NewAlert, now: number): Promise<boolean>
  /** True when it was standing. */
  resolveAlert(cause: string, now: number): Promise<boolean>
  /** Those that stand first, then by time, newest first. */
  listAlerts(limit: number): Promise<Alert[]>
  /** Forgets at most `limit` of those that were over before `before`. Returns how many. */
  pruneAlerts(before: number, limit: number): Promise<number>

  /** What whom was told of alerts, or is owed. */
  tellings(): Promise<Telling[]>
  /** Replaces what stands of the same target and cause. */
  recordTelling(telling: Telling): Promise<void>
  forgetTelling(target: string, cause: string): Promise<void>
  /** What could go on and has not begun. */
  backlog(): Promise<Backlog>
  /**
   * By agent, runs that died since then, but for those that have been replayed and those that killed the process. Of
   * very many only the newest are looked at.
   */
  deadRuns(since: number): Promise<DeadRuns[]>

  event(id: string): Promise<StoredEvent | undefined>
  delivery(id: string): Promise<StoredDelivery | undefined>
  run(id: string): Promise<Run | undefined>
  /** All of a run: steps and tool calls in order, approvals, failed tries. */
  journal(runId: string): Promise<Journal>
  approval(id: string): Promise<Approval | undefined>
  toolCall(id: string): Promise<ToolCall | undefined>
  /** Deliveries that brought an event, the first and the redeliveries, oldest first. */
  deliveriesOf(eventId: string): Promise<StoredDelivery[]>
  /** All runs that see the event. */
  runsOf(eventId: string): Promise<Run[]>
  /**
   * The events that a run sees, in order of arrival. With `whole`, only the last so many have their data and that
   * of the others is null: a thousand large ones need not fit into memory.
   */
  eventsOf(runId: string, whole?: number): Promise<StoredEvent[]>
  /** Newest first. `before` is an id of the same noun: only older ones. */
  listEvents(filter: EventFilter): Promise<StoredEvent[]>
  listRuns(filter: RunFilter): Promise<Run[]>
  listApprovals(filter: ApprovalFilter): Promise<Approval[]>
  /** Tool calls in state `held`, oldest first. */
  listHeld(limit?: number): Promise<ToolCall[]>
  /** Tool calls in state `simulated`, newest first. */
  listSimulated(filter: SimulatedFilter): Promise<ToolCallRow[]>
  /** What stands in these counters of budgets, reserved and not given back, in their order; 0 where nothing does. */
  spent(counters: readonly string[]): Promise<number[]>
  counts(): Promise<Counts>

  /**
   * By anything, newest first. Looks at a bounded number of rows along the best index for what is asked: where that
   * ends before the page is full, `isPartial` says so and `next` goes on from there. `before` is a `next` that was given.
   */
  findEvents(search: EventSearch): Promise<EventsFound>
  findRuns(search: RunSearch): Promise<RunsFound>
  findApprovals(search: ApprovalSearch): Promise<ApprovalsFound>
  /** Verified deliveries that could not be read, newest first, as searches do. `delivery` has the bytes of one. */
  findMalformed(search: { readonly before?: ArrivalMark; readonly limit: number }): Promise<MalformedFound>
  /**
   * What arrived, by source and time, where there was anything; in order of time. `since` is taken back to its hour, and
   * `bucketMs` is a multiple of an hour: times begin at multiples of it, so that a day is a UTC day.
   */
  activity(since: number, until: number, bucketMs: number): Promise<Activity[]>
  /**
   * What agents did and what it cost since the hour of `since`, by the time at which it happened: runs when they began
   * and ended, turns when they were recorded. Of each agent together, or by agent and `bucketMs` as for `activity`.
   */
  spending(since: number, bucketMs?: number): Promise<Spending[]>
  spendingByModel(since: number): Promise<ModelSpending[]>
  /** How long the newest runs (of those that began since then), turns and tool calls took. */
  latencies(since: number): Promise<Latencies>
  /** How far the newest events of each source were behind when they were recorded. */
  lags(): Promise<Lag[]>
  /** Numbers that only grow. What retention takes stays counted. */
  totals(): Promise<Totals>
  /** What stands in the counters that begin with these, by name; the first hundred of each. For known ones see `spent`. */
  budgets(prefixes: readonly string[]): Promise<BudgetStanding[]>
  /** What waits, by what it waits for, with the oldest of each; `now` says what expires soon: within the hour. */
  stuck(now: number): Promise<Stuck>
  /**
   * What happened after `mark`, at most `limit` events and as many changes: each event exactly once and in order of
   * position, with what runs, tool calls and approvals came to. Undefined: only where things stand now.
   */
  changesSince(mark: ChangeMark | undefined, limit: number): Promise<Changes>
  refusals(sinceDay: string): Promise<StoredRefusal[]>

  /**
   * Deletes what is finished and old, source by source, the oldest first: with an event its runs, its deliveries and all
   * that belongs to them. `before` has for each source the time before which an event must have been recorded, and its
   * runs have ended; events of a source that it does not name stay. Nothing goes of which anything is unfinished, has a
   * write that may have happened, or waits for a person. A run of several events goes with the last of them, none of
   * which goes before all of them are old. What was spent of a budget that does not end with a day or a run stays spent.
   * Looks at no more than `limit` rows, from where the last call left off (`after`, undefined to begin).
   */
  prune(before: ReadonlyMap<string, number>, limit: number, after?: PruneMark): Promise<Pruned>

  /**
   * Forgets dedupe keys from before `before` whose event is gone. Those of polled events stay: an API may show them again
   * at any time. Looks at no more than `limit` of them, from where the last call left off (`after`, undefined to begin).
   */
  pruneKeys(before: number, limit: number, after?: Uint8Array): Promise<KeysPruned>

  /**
   * Forgets what writes made before `before`, and how many runs began on days before it; at most `limit` of each. Returns
   * how many. What was counted by hours before it goes too, a week at a time; `totals` keep it.
   */
  pruneTraces(before: number, limit: number): Promise<number>

  /** Deletes configurations that no run names, that are not in use and were last saved before `savedBefore`. Returns how many. */
  pruneConfigs(inUse: readonly string[], savedBefore: number): Promise<number>

  /** Copies the ledger, as of one moment, to a file that is not there yet, marked as a backup. Others go on writing. */
  backup(target: string, now: number): Promise<BackupTaken>

  /** Changes whenever any process has committed to the ledger; equal values mean that nothing changed. */
  version(): Promise<number>
  /** What `doctor` shows and `start` checks: engine, version, settings read back from every connection, size. */
  diagnose(): Promise<Diagnosis>
  close(): Promise<void>
}
