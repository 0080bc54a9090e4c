import type { Event, Ids } from './event.js'

/** What is known of an event that one of our own writes caused. */
export interface Echo {
  /** The run that wrote; undefined where only the actor says that it was us. */
  readonly runId: string | undefined
  /** One more than that of the event that the run is about; at least 1. */
  readonly chain: number
}

/** An event that may be an echo. */
export interface EchoQuestion extends Pick<Event, 'id' | 'subject' | 'recordedAt'> {
  /** Those of its ids that a write may have made. */
  readonly named: Ids
  readonly ids: Ids
  /** Whether its actor is one of ours. */
  readonly isOwn: boolean
}

/** An event that comes later than this after a write is not taken for its echo. */
export const echoWindowMs = 35 * 86_400_000

/** What was here before a write was sent is no echo of it; a clock may have been set back by this much in between. */
export const echoClockMs = 5000

/** Whether an event with these ids can be about what a write made that was bound to those: none of them differs. */
export function canBeOf(bound: Ids, ids: Ids): boolean {
  return Object.entries(bound).every(([name, value]) => ids[name] === undefined || ids[name] === value)
}

/** Of an event: whether one of our own writes caused it, as far as is known. */
export function isEcho({ chain }: Pick<Event, 'chain'>): boolean {
  return chain > 0
}
