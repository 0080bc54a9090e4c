import type { ErrorCode } from './errors.js'
import type { ToolOutput } from './tool-call.js'

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
export const parkedOns = [
  'time',
  'quiet', // its subject: more events may come that it is to see
  'budget',
  'model',
  'api', // a tool's API, or the credential for it
  'disk',
  'agent', // which is off
  'restart', // of the daemon
  'approval',
  'person',
] as const
export type ParkedOn = (typeof parkedOns)[number]

export interface Run {
  readonly id: string
  /** The event that it is about; of several the newest. */
  readonly eventId: string
  /** How many events it sees: more than one where its mailbox coalesces. */
  readonly eventCount: number
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
  /** The newer event that takes its place: it ends at its next safe point. */
  readonly supersededBy: string | undefined
  /** What rouse read of the subject just before the run acted. */
  readonly refreshed: Refreshed | undefined
  /** Unfinished in the backup that this ledger is: it may have gone further than is known. */
  readonly isRestored: boolean
}

/** The answer of an agent's `refresh` tool. */
export interface Refreshed {
  readonly tool: string
  readonly at: number
  readonly output: ToolOutput
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

/** Why a run ends whose place a newer event of the subject took. */
export function supersededError(eventId: string): RunError {
  return { code: 'run.superseded', message: `${eventId}, a newer event of the subject, took its place` }
}

export function isFinal(state: RunState): boolean {
  return finalRunStates.includes(state)
}
