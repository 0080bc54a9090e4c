import type { Attempt } from '../store/records.js'
import { backoffMs } from '../util/backoff.js'

/** No API's word keeps a run waiting longer than this before it asks again. */
export const longestWaitMs = 3_600_000
const shortestWaitMs = 1000

/** How many stretches of work in a row, up to now, ended for a reason that `isSame` knows. */
export function waitsInARow(history: readonly Attempt[], isSame: (code: string) => boolean): number {
  let count = 0
  for (const { error, endedAt } of history.toReversed()) {
    // What was not even asked neither failed nor went well.
    if (endedAt === undefined || error?.code === 'tool.paused') continue
    if (!error || !isSame(error.code)) break
    count++
  }
  return count
}

/**
 * How long to wait after `waits` waits in vain: what the API asked for, but within a second and an hour, and
 * never less than the back-off, so that "at once" is not taken for an invitation.
 */
export function waitMs(waits: number, askedMs: number | undefined, maxMs = 10 * 60_000): number {
  const backoff = backoffMs(waits + 1, { firstMs: shortestWaitMs, maxMs })
  return Math.min(longestWaitMs, Math.max(shortestWaitMs / 2, backoff, askedMs ?? 0))
}
