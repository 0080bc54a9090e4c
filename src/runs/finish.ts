import { type AppError, ModelError, ToolError, toAppError } from '../domain/errors.js'
import type { RunError, RunOutcome } from '../domain/run.js'
import type { Attempt } from '../store/records.js'
import { backoffMs } from '../util/backoff.js'
import { longestWaitMs, waitMs, waitsInARow } from './waits.js'

/** Codes that say "the model is away", not "this run is at fault": the run waits, however long it takes. */
export const modelAway: readonly string[] = [
  'model.unreachable',
  'model.timeout',
  'model.rate_limited',
  'model.unavailable',
  'model.unauthorized',
]

const configRetryMs = 60_000
/** How often in a row a run waits for the same fault of an API before it counts as a failed try. */
const maxToolWaits = 20

export interface Failure {
  readonly error: unknown
  /** Failed tries before this one. */
  readonly attempts: number
  readonly maxAttempts: number
  readonly history: readonly Attempt[]
  readonly now: number
}

/** What a fault means for the run. Asks the error only whether it may be tried again. Pure but for the jitter. */
export function outcomeOfFailure({ error: cause, attempts, maxAttempts, history, now }: Failure): RunOutcome {
  const fault = toAppError(cause)
  const error: RunError = { code: fault.code, message: fault.message }
  if (fault instanceof ModelError && modelAway.includes(fault.code)) {
    const waits = waitsInARow(history, (code) => modelAway.includes(code)) + 1
    return { state: 'parked', on: 'model', until: now + delayMs(fault, waits, 10 * 60_000), error }
  }
  // Nothing is wrong with the run: it goes on when the configuration is whole again.
  if (fault.code === 'config.unavailable') {
    return { state: 'parked', on: 'time', until: now + delayMs(fault, 1, configRetryMs), error }
  }
  // The ledger's fault and not the run's: it goes on when that can be written again.
  if (fault.code === 'store.unavailable') {
    const waits = waitsInARow(history, (code) => code === fault.code) + 1
    return { state: 'parked', on: 'time', until: now + delayMs(fault, waits, 10 * 60_000), error }
  }
  // However long it takes: nobody was asked, so nothing failed.
  if (fault.code === 'tool.paused') {
    return { state: 'parked', on: 'api', until: now + waitMs(0, askedMs(fault)), error }
  }
  if (fault instanceof ToolError && fault.retry !== 'never') {
    const waits = waitsInARow(history, (code) => code === fault.code)
    if (waits < maxToolWaits)
      return { state: 'parked', on: 'api', until: now + waitMs(waits, askedMs(fault)), error }
  }
  if (fault.retry === 'never') return { state: 'dead', error }
  const failed = attempts + 1
  if (failed >= maxAttempts) {
    const message = `failed ${failed} times, last with ${fault.code}: ${fault.message}`
    return { state: 'dead', error: { code: 'limit.attempts', message } }
  }
  return { state: 'failed', nextAt: now + delayMs(fault, failed, 30 * 60_000), error }
}

function delayMs(fault: AppError, tries: number, maxMs: number): number {
  const backoff = backoffMs(tries, { firstMs: 1000, maxMs })
  if (typeof fault.retry !== 'object') return backoff
  return Math.min(longestWaitMs, Math.max(fault.retry.afterMs, Math.min(backoff, 1000)))
}

function askedMs({ retry }: AppError): number | undefined {
  return typeof retry === 'object' ? retry.afterMs : undefined
}
