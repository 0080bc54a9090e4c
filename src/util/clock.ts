/** The only place that reads the time. Everything that depends on time takes a `Clock`. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch, UTC. May jump. */
  now(): number
  /** Milliseconds on a clock that never goes back. Only differences mean anything. */
  monotonic(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
}

/** Resolves after `ms`, or rejects with the signal's reason as soon as it aborts. Keeps no process alive by itself. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** A signal that aborts after `ms` with a `TimeoutError`. Keeps no process alive by itself. */
export function timeoutSignal(ms: number): AbortSignal {
  return AbortSignal.timeout(Math.round(Math.max(0, Math.min(ms, 2 ** 31 - 1))))
}

/** `2026-11-21T07:00:00.000Z`. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

/** The UTC day that `ms` falls on, `2026-11-21`. Daily limits count by it. */
export function utcDay(ms: number): string {
  return isoTime(ms).slice(0, 10)
}

/** Start of the UTC day after the one that `ms` falls on, in epoch milliseconds. */
export function nextUtcDay(ms: number): number {
  return Date.parse(`${utcDay(ms)}T00:00:00Z`) + 86_400_000
}
