import { backoffMs } from '../util/backoff.js'
import { type Clock, sleep } from '../util/clock.js'

/** One source's life by the clock: wait, tick, wait. Ticks never overlap, because one function does both. */
export interface Loop {
  /** Ticks now, unless a tick is under way. */
  wake(): void
  /** Aborts what is under way and resolves when nothing of it runs any more. */
  stop(): Promise<void>
}

export interface LoopOptions {
  readonly clock: Clock
  /** When the first tick is due, epoch milliseconds. */
  firstAt(): Promise<number>
  /** Does one tick; resolves to when the next is due. */
  tick(signal: AbortSignal): Promise<number>
  /** A tick or `firstAt` rejected: the ledger could not be read or written. It is tried again. */
  onError(cause: unknown): void
}

/** The wall clock may jump and a laptop may sleep, so no wait is longer before the time is looked at again. */
const longestWaitMs = 30_000

export function startLoop({ clock, firstAt, tick, onError }: LoopOptions): Loop {
  const stopping = new AbortController()
  let waiting = new AbortController()
  let isTicking = false
  let isWoken = false

  /** Until `due` by the wall clock, or as long as that was away when the wait began, should the clock go back. */
  async function waitUntil(due: number): Promise<void> {
    waiting = new AbortController()
    const signal = AbortSignal.any([stopping.signal, waiting.signal])
    const began = clock.monotonic()
    const longest = due - clock.now()
    while (!isWoken) {
      const left = Math.min(due - clock.now(), longest - (clock.monotonic() - began))
      if (left <= 0 || signal.aborted) return
      await sleep(Math.min(left, longestWaitMs), signal).catch(() => undefined)
    }
    isWoken = false
  }

  async function run(): Promise<void> {
    let failures = 0
    let step: (signal: AbortSignal) => Promise<number> = firstAt
    while (!stopping.signal.aborted) {
      let due: number
      try {
        isTicking = step === tick
        due = await step(stopping.signal)
        step = tick
        failures = 0
      } catch (cause) {
        if (stopping.signal.aborted) return
        onError(cause)
        due = clock.now() + backoffMs(++failures, { firstMs: 1000, maxMs: 60_000 })
      }
      isTicking = false
      await waitUntil(due)
    }
  }

  const running = run()
  return {
    wake: () => {
      if (isTicking) return
      isWoken = true
      waiting.abort()
    },
    stop: () => {
      stopping.abort()
      return running
    },
  }
}
