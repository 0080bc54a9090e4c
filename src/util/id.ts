import { v7 } from 'uuid'

/** The noun that an id names; the id starts with it, so that an id pasted anywhere says what it is. */
export type IdPrefix = 'evt' | 'dlv' | 'run' | 'stp' | 'apr' | 'tcl'

/**
 * A new id: `evt_0193b6f1e4c27d0a9c3f…`. UUIDv7 in 32 hex digits, so ids made later sort later and
 * land on the right edge of a database index.
 */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${v7().replaceAll('-', '')}`
}

const idPattern = /^(evt|dlv|run|stp|apr|tcl)_[0-9a-f]{32}$/

/** The noun that `text` names, or undefined when it is no id of ours. */
export function idPrefix(text: string): IdPrefix | undefined {
  return idPattern.test(text) ? (text.slice(0, 3) as IdPrefix) : undefined
}
