import type { JsonValue } from '../util/json.js'

/** System-assigned identifiers, by name; all that a tool may be bound to. */
export type Ids = Readonly<Record<string, string>>

/** How an event reached us first. */
export type Via = 'webhook' | 'poll' | 'schedule'

/** What a source makes of an arrival, before the ledger knows it. */
export interface EventDraft {
  /** The sender's own id of the occurrence. */
  readonly sourceEventId?: string
  /**
   * Whether nobody but the sender can put another id on the same body: the id is signed too, or nothing is signed and
   * a shared token alone speaks for the whole. Equal bodies under different ids are then different events. By
   * default they are one, because a captured body could be sent again under a new id.
   */
  readonly isIdAuthentic?: boolean
  /** Names the occurrence in a way that webhook and poll share: subject and version. */
  readonly semanticKey?: string
  readonly type: string
  readonly subject?: string
  /** When it happened, epoch milliseconds; the time of receipt where the sender does not say. */
  readonly time: number
  readonly ids: Ids
  /** Who did it, by the name or id that the sender's system has for them. */
  readonly actor?: string
  /** Whether everybody may see what the event is about, as the sender's system says. */
  readonly isPublic?: boolean
  /** The event's content. Left out where it is the delivery's whole body, which is then stored once. */
  readonly data?: JsonValue
}

export type EventState = 'recorded' | 'dispatched' | 'ignored'

export const eventTransitions: Readonly<Record<EventState, readonly EventState[]>> = {
  recorded: ['dispatched', 'ignored'],
  dispatched: [],
  ignored: [],
}

export interface Event {
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject: string | undefined
  readonly time: number
  readonly recordedAt: number
  readonly via: Via
  readonly ids: Ids
  readonly actor: string | undefined
  readonly isPublic: boolean
  /** The run whose write caused it; undefined where none is known to have. */
  readonly echoOf: string | undefined
  /** How many of our own writes stand between it and an event that nobody here caused. */
  readonly chain: number
  readonly data: JsonValue
}

/** Why an agent was woken by an event, or was not. */
export type MatchReason =
  | 'matched'
  | 'source' // listens to another source
  | 'type' // listens to other types
  | 'if_false'
  | 'if_error' // the expression failed or met a missing value: no match, counted and shown
  | 'echo' // one of our own writes caused it, and the agent does not listen to such
  | 'off' // matched, and the agent's mode is off: its run waits until it is on again

export interface MatchDecision {
  readonly agent: string
  readonly reason: MatchReason
  /** For `if_error` the error, for `if_false` the expression. */
  readonly detail?: string
}

/** Whether the event gives the agent a run, be it one that waits until the agent is on again. */
export function wakes({ reason }: Pick<MatchDecision, 'reason'>): boolean {
  return reason === 'matched' || reason === 'off'
}
