import { randomUUID } from 'node:crypto'
import { systemClock } from './clock.js'

/** The noun that an id names; the id starts with it, so that an id pasted anywhere says what it is. */
export type IdPrefix = 'evt' | 'dlv' | 'run' | 'stp' | 'apr' | 'tcl'

/**
 * A new id: `evt_0193b6f1e4c27d0a9c3f…`. UUIDv7 (RFC 9562) in 32 hex digits: the milliseconds, then random
 * bits, so ids made later sort later and land on the right edge of a database index. The random bits are those
 * of the platform's UUIDv4, which draws them in bulk; drawing them for each id cost a delivery 18 µs.
 */
export function newId(prefix: IdPrefix): string {
  const random = randomUUID()
  const time = systemClock.now().toString(16).padStart(12, '0')
  return `${prefix}_${time}7${random.slice(15, 18)}${random.slice(19, 23)}${random.slice(24)}`
}

const idPattern = /^(evt|dlv|run|stp|apr|tcl)_[0-9a-f]{32}$/

/** The noun that `text` names, or undefined when it is no id of ours. */
export function idPrefix(text: string): IdPrefix | undefined {
  return idPattern.test(text) ? (text.slice(0, 3) as IdPrefix) : undefined
}
