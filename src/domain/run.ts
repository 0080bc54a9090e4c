import type { ErrorCode } from './errors.js'

/** `failed` is tried again at `nextAt`; `dead` is not, until a person says so. */
export type RunState = 'queued' | 'running' | 'parked' | 'failed' | 'completed' | 'dead' | 'cancelled'

export const runTransitions: Readonly<Record<RunState, readonly RunState[]>> = {
  queued: ['running', 'cancelled'],
  running: ['queued', 'parked', 'failed', 'completed', 'dead', 'cancelled'],
  parked: ['queued', 'running', 'cancelled', 'dead'],
  failed: ['running', 'cancelled', 'dead'],
  completed: [],
  dead: [],
  cancelled: [],
}

export const finalRunStates: readonly RunState[] = ['completed', 'dead', 'cancelled']

/** What a parked run waits on. */
export type ParkedOn = 'time' | 'budget' | 'model' | 'approval' | 'person'

export interface Run {
  readonly id: string
  readonly eventId: string
  readonly agent: string
  /** Runs of one agent on one subject happen one after the other. Never empty: the event's id where it has no subject. */
  readonly subject: string
  readonly state: RunState
  /** 0 for the run that the event woke; n for the n-th replay, whose writes get new idempotency keys. */
  readonly replay: number
  /** Failed tries so far. */
  readonly attempts: number
  /** How often the process died while it held this run, since the run last got anywhere. */
  readonly crashes: number
  readonly parkedOn: ParkedOn | undefined
  /** When it may go on by itself, epoch milliseconds. Undefined: only when somebody decides. */
  readonly nextAt: number | undefined
  readonly createdAt: number
  readonly startedAt: number | undefined
  readonly finishedAt: number | undefined
  readonly usage: RunUsage
  /** Digest of the configuration it began with; undefined until it first runs. */
  readonly configDigest: string | undefined
  readonly error: RunError | undefined
  /** The model's closing words. */
  readonly summary: string | undefined
}

export interface RunError {
  readonly code: ErrorCode
  readonly message: string
}

export interface RunUsage {
  readonly turns: number
  readonly calls: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** US dollars; undefined when the price of any of its turns is not known. */
  readonly costUsd: number | undefined
  /** Time spent running, parked time left out. */
  readonly activeMs: number
}

/** A node's time-limited right to a run. Every write of the run names it and is refused once it is another's. */
export interface Lease {
  readonly runId: string
  readonly node: string
  /** Grows with every claim of the run. */
  readonly fence: number
}

/** How a stretch of work on a run ended. */
export type RunOutcome =
  | { readonly state: 'completed'; readonly summary: string }
  | { readonly state: 'parked'; readonly on: ParkedOn; readonly until?: number; readonly error?: RunError }
  | { readonly state: 'failed'; readonly nextAt: number; readonly error: RunError }
  | { readonly state: 'dead'; readonly error: RunError }
  | { readonly state: 'cancelled'; readonly error: RunError }

export function isFinal(state: RunState): boolean {
  return finalRunStates.includes(state)
}
