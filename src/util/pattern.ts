import { RE2JS } from 're2js'

/** A compiled pattern that runs in linear time on any text (RE2): safe on a sender's data. */
export interface Pattern {
  readonly source: string
  /** Whether the whole text matches. */
  matches(text: string): boolean
}

/** Throws an Error with RE2's reason when `source` is not a pattern. Always anchored at both ends. */
export function compilePattern(source: string): Pattern {
  const compiled = RE2JS.compile(source)
  return { source, matches: (text) => compiled.matches(text) }
}
