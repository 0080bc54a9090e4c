import type { Tolerance } from './timestamp.js'

/**
 * Hears what a proof does, step by step: for `rouse verify`, which tells a person why a signature does or does not
 * match. Nothing of it is for senders, and secrets are named by their position only.
 */
export interface Trace {
  /** A value that the scheme needs, where it stands, and what was there. */
  found(what: string, value: string | undefined): void
  /** The bytes that are signed. */
  signed(parts: readonly Uint8Array[]): void
  /** One secret was tried. `expected` is undefined where only the sender can make the signature. */
  tried(attempt: Attempt): void
  /** A signed time was compared with the clock. */
  clock(signedAt: number, now: number, tolerance: Tolerance): void
}

export interface Attempt {
  readonly secretIndex: number
  readonly expected: string | undefined
  readonly given: readonly string[]
  readonly matches: boolean
  /** The secret itself is sent: `expected` and `given` are not to be shown, and no part of them either. */
  readonly isClear?: boolean
}
