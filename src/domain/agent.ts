import type { Expression } from '../util/cel.js'

export interface Trigger {
  readonly source: string
  /** Any of these; `*` stands for any run of characters. */
  readonly types: readonly string[]
  /** Over `id source type subject time data ids`. */
  readonly condition: Expression | undefined
  /** Whether events that our own writes caused wake it too. */
  readonly echoes: boolean
}

/** At most this often: `1/subject`, `3/run`, `200/day`. Counted per tool, shared by all agents that have it. */
export interface Quota {
  readonly limit: number
  readonly per: 'run' | 'subject' | 'day'
}

/** At most this much of one argument, `sum: { amount: 20000/day }`. */
export interface SumQuota extends Quota {
  readonly arg: string
}

/** An agent's permission to use a tool, narrowed. */
export interface Grant {
  readonly tool: string
  /** `shadow`: decided as a write, recorded as it would be sent, and not sent. */
  readonly gate: 'auto' | 'approve' | 'shadow'
  /** Over `args facts ids event`. An error, a missing value or a non-boolean denies. */
  readonly condition: Expression | undefined
  readonly max: readonly Quota[]
  readonly sum: readonly SumQuota[]
  /** How long a person has to decide. */
  readonly approvalTtlMs: number
  /** How long before that they are reminded; undefined: not at all. */
  readonly remindMs: number | undefined
}

export interface Limits {
  readonly turns: number
  readonly calls: number
  readonly tokens: number
  readonly costUsd: number | undefined
  /** Time spent running, parked time left out. */
  readonly timeMs: number
  readonly runsPerDay: number | undefined
  /** Those of one source, and those of events that one actor caused. */
  readonly runsPerSource: number | undefined
  readonly runsPerActor: number | undefined
  /** How many of our own writes may stand between a run and an event that nobody here caused. */
  readonly chain: number
  /** The same tool with the same arguments, in one run. */
  readonly identicalCalls: number
  readonly consecutiveErrors: number
  readonly denials: number
  /** Failed tries before the run is dead. */
  readonly attempts: number
}

/** What happens to an event whose agent and subject have an unfinished run. */
export type Mailbox =
  /** One run for each event, in order of arrival. */
  | { readonly whenBusy: 'queue' }
  /**
   * Events that wait are one run, which sees all of them. It begins when the subject was quiet for `quietMs`, at
   * the latest `maxWaitMs` after its first event.
   */
  | { readonly whenBusy: 'coalesce'; readonly quietMs: number; readonly maxWaitMs: number }
  /** The newest event takes the place of those before it; what runs ends at its next safe point. */
  | { readonly whenBusy: 'supersede' }

export interface Agent {
  readonly name: string
  readonly on: readonly Trigger[]
  readonly instructions: string
  readonly grants: readonly Grant[]
  /** Name of an entry under `models`. */
  readonly model: string
  readonly limits: Limits
  readonly mailbox: Mailbox
  /** A read tool that rouse itself calls just before a run acts, so that the model sees the state of now. */
  readonly refresh: string | undefined
  /** `shadow`: its writes are recorded and not sent. `off`: its events wait until it is on again. */
  readonly mode: 'live' | 'shadow' | 'off'
}

export interface ModelSettings {
  readonly name: string
  readonly baseUrl: string
  /** Undefined for endpoints that ask for none. */
  readonly apiKey: string | undefined
  readonly model: string
  readonly api: 'auto' | 'responses' | 'chat'
  /** For one request, whole answer included. */
  readonly timeoutMs: number
  readonly maxOutputTokens: number | undefined
  /** US dollars for a million tokens; where absent the built-in price table is asked. */
  readonly price:
    | { readonly input: number; readonly output: number; readonly cachedInput: number | undefined }
    | undefined
}
