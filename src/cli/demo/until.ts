import { type Clock, sleep } from '../../util/clock.js'
import { failure } from '../command.js'

export interface Patience {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

const lookEveryMs = 25

/** Looks until there is a value (not undefined, not false). Rejects when it takes too long or the signal aborts. */
export async function until<Value>(
  what: string,
  { clock, signal, timeoutMs }: Patience,
  look: () => Promise<Value | undefined | false>,
): Promise<Value> {
  const beganAt = clock.monotonic()
  for (;;) {
    signal.throwIfAborted()
    const value = await look()
    if (value !== undefined && value !== false) return value
    if (clock.monotonic() - beganAt > timeoutMs) {
      throw failure(`waited ${Math.round(timeoutMs / 1000)} s for ${what}, which did not happen`)
    }
    await sleep(lookEveryMs, signal)
  }
}
