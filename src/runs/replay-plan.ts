import { type MatchDecision, wakes } from '../domain/event.js'
import { isFinal, type Run } from '../domain/run.js'
import type { ToolCallState } from '../domain/tool-call.js'
import type { StoredEvent } from '../store/records.js'
import type { Store } from '../store/store.js'

/** What a person asked to have replayed, of each event that is looked at. */
export interface Wish {
  readonly agent: string | undefined
  /** Only where the agent's last run is dead. */
  readonly isFailedOnly: boolean
  /**
   * Of an event's agents only those that have no run of it, although they would be woken today. Undefined: the
   * agents that ran or were woken then.
   */
  readonly wouldWake: ((event: StoredEvent) => readonly string[]) | undefined
  /** The event was named, not chosen by a rule. */
  readonly isNamed: boolean
  /** More than one event is looked at, so that the same command may well be given twice. */
  readonly isBulk: boolean
  /** A last run that is a replay itself is replayed only when it was made before this. */
  readonly replayedBefore: number | undefined
  readonly isEvenIfHeld: boolean
}

export type EventName = Pick<StoredEvent, 'id' | 'source' | 'type' | 'subject'>

/** A write of an earlier run of the same event and agent. */
export interface EarlierWrite {
  readonly id: string
  readonly runId: string
  readonly tool: string
  readonly state: ToolCallState
}

/** One new run that would be made. */
export interface Planned {
  readonly event: EventName
  readonly agent: string
  /** `would_wake`: the agent was not woken then and has no run of the event, and would be woken today. */
  readonly why: 'again' | 'first' | 'would_wake'
  /** What was decided on the agent then; undefined where it was not declared. */
  readonly decision: MatchDecision | undefined
  /** Its last run, where there is one. */
  readonly last: Run | undefined
  /** Of all its runs, in order. */
  readonly writes: readonly EarlierWrite[]
}

export type LeftOutReason =
  | 'undispatched' // the daemon has not decided yet whom it wakes
  | 'unfinished' // its run is not at an end
  | 'cancelled' // asked for dead runs, and this one was ended on purpose
  | 'coalesced' // its run is about a newer event, and saw this one too
  | 'replayed' // by an earlier command
  | 'held' // what a write did is not known
  | 'changed' // since the plan was made

export interface LeftOut {
  readonly event: EventName
  /** Undefined where none was decided on. */
  readonly agent: string | undefined
  readonly reason: LeftOutReason
  readonly last: Run | undefined
  /** Those because of which it is left out. */
  readonly writes: readonly EarlierWrite[]
}

export interface Plan {
  readonly planned: readonly Planned[]
  readonly leftOut: readonly LeftOut[]
}

/** States of a write that may have happened without anybody knowing. */
const unclear: readonly ToolCallState[] = ['sent', 'unknown', 'held']

export function isUnclear({ state }: Pick<EarlierWrite, 'state'>): boolean {
  return unclear.includes(state)
}

/** What a replay of one event would be, and what is left out of it and why. Writes nothing. */
export async function planOf(store: Store, event: StoredEvent, wish: Wish): Promise<Plan> {
  const name = nameOf(event)
  if (event.state === 'recorded') {
    const leftOut = {
      event: name,
      agent: undefined,
      reason: 'undispatched',
      last: undefined,
      writes: [],
    } as const
    return { planned: [], leftOut: wish.isFailedOnly ? [] : [leftOut] }
  }
  const runs = await store.runsOf(event.id)
  const planned: Planned[] = []
  const leftOut: LeftOut[] = []
  for (const agent of agentsOf(event, runs, wish)) {
    const own = runs.filter((run) => run.agent === agent)
    const last = lastOf(own)
    if (wish.isFailedOnly && last?.state !== 'dead' && last?.state !== 'cancelled') continue
    const writes = await writesOf(store, own)
    const reason = reasonAgainst(event, own, last, writes, wish)
    if (reason === undefined) {
      const first = wish.wouldWake === undefined ? 'first' : 'would_wake'
      const decision = event.decisions.find((one) => one.agent === agent)
      planned.push({ event: name, agent, why: last === undefined ? first : 'again', decision, last, writes })
    } else leftOut.push({ event: name, agent, reason, last, writes: writes.filter(isUnclear) })
  }
  return { planned, leftOut }
}

/** Whether what was planned is still so: a person or the daemon may have acted while the question stood. */
async function isStillSo(store: Store, { event, agent, last }: Planned): Promise<boolean> {
  const now = lastOf((await store.runsOf(event.id)).filter((run) => run.agent === agent))
  return now?.id === last?.id && now?.state === last?.state
}

/** Makes the run that was planned; undefined where that is no longer so. */
export async function makeReplay(store: Store, planned: Planned, now: number): Promise<Run | undefined> {
  return (await isStillSo(store, planned)) ? store.replay(planned.event.id, planned.agent, now) : undefined
}

/** What is left out because something happened since the plan. */
export function leftOutAsChanged({ event, agent, last }: Planned): LeftOut {
  return { event, agent, reason: 'changed', last, writes: [] }
}

function agentsOf(event: StoredEvent, runs: readonly Run[], { agent, wouldWake, isNamed }: Wish): string[] {
  const ran = new Set(runs.map((run) => run.agent))
  if (wouldWake) {
    return wouldWake(event).filter((name) => !ran.has(name) && (agent === undefined || name === agent))
  }
  // Named with its agent, an event may wake one that it did not wake by itself.
  if (agent !== undefined && isNamed) return [agent]
  const woken = event.decisions.filter(wakes).map((decision) => decision.agent)
  return [...new Set([...ran, ...woken])].filter((name) => agent === undefined || name === agent)
}

function reasonAgainst(
  event: StoredEvent,
  runs: readonly Run[],
  last: Run | undefined,
  writes: readonly EarlierWrite[],
  wish: Wish,
): LeftOutReason | undefined {
  // Behind an unfinished run of its own subject the new one could only wait.
  if (runs.some(({ state }) => !isFinal(state))) return 'unfinished'
  if (wish.isFailedOnly && last?.state === 'cancelled') return 'cancelled'
  if (wish.isBulk && last !== undefined && last.eventId !== event.id) return 'coalesced'
  if (wish.isBulk && last !== undefined && last.replay > 0) {
    if (wish.replayedBefore === undefined || last.createdAt >= wish.replayedBefore) return 'replayed'
  }
  if (!wish.isEvenIfHeld && writes.some(isUnclear)) return 'held'
  return undefined
}

/** The run that was made last. A run that coalesced counts as one of each event that it saw. */
function lastOf(runs: readonly Run[]): Run | undefined {
  return [...runs]
    .sort((left, right) => left.createdAt - right.createdAt || left.replay - right.replay)
    .at(-1)
}

async function writesOf(store: Store, runs: readonly Run[]): Promise<EarlierWrite[]> {
  const writes: EarlierWrite[] = []
  for (const run of runs) {
    const { calls } = await store.journal(run.id)
    for (const { id, tool, state, effect } of calls) {
      if (effect === 'write' || effect === 'destructive') writes.push({ id, runId: run.id, tool, state })
    }
  }
  return writes
}

function nameOf({ id, source, type, subject }: StoredEvent): EventName {
  return { id, source, type, subject }
}
