import type { Config } from '../config/config.js'
import { toAppError } from '../domain/errors.js'
import type { Pruned } from '../store/records.js'
import type { Store } from '../store/store.js'
import { type Clock, sleep } from '../util/clock.js'
import type { Logger } from '../util/log.js'

export interface RetentionOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  /** The configuration in force. */
  readonly config: () => Config
  /** From the start to the first pass: a daemon that has just started has better things to do. */
  readonly firstMs?: number
}

const everyMs = 3_600_000
/** Events in one transaction: few enough that a delivery does not notice. */
const batchSize = 100
const keysInSlice = 2000
/** Between two transactions, so that what arrives goes first. */
const pauseMs = 50
/** A redelivery must be known for one: no sender repeats for longer than this. */
const keysOutliveMs = 35 * 86_400_000

/** Deletes what is finished and older than its source keeps it, about once an hour. */
export class Retention {
  readonly #stop = new AbortController()
  #working: Promise<void> | undefined

  constructor(private readonly options: RetentionOptions) {}

  start(): void {
    this.#working = this.work()
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopping'))
    await this.#working
  }

  private async work(): Promise<void> {
    const { firstMs = 300_000, log } = this.options
    for (let waitMs = firstMs; ; waitMs = everyMs) {
      await sleep(waitMs, this.#stop.signal).catch(() => undefined)
      if (this.#stop.signal.aborted) return
      try {
        await pass(this.options, this.#stop.signal)
      } catch (error) {
        if (this.#stop.signal.aborted) return
        log.warn({}, `cannot delete what is old, will try again: ${toAppError(error).message}`)
      }
    }
  }
}

/** One pass over everything that is old. Resolves with what went. */
export async function pass(options: RetentionOptions, signal: AbortSignal): Promise<Pruned> {
  const { store, clock, log, config } = options
  const now = clock.now()
  const sources = [...config().sources.values()]
  const horizon = new Map<string, number>()
  for (const { name, keepMs } of sources) if (keepMs !== undefined) horizon.set(name, now - keepMs)
  const sum = { events: 0, runs: 0, deliveries: 0 }
  for (;;) {
    const pruned = await store.prune(horizon, batchSize)
    sum.events += pruned.events
    sum.runs += pruned.runs
    sum.deliveries += pruned.deliveries
    if (pruned.events + pruned.deliveries === 0) break
    await sleep(pauseMs, signal)
  }
  if (sum.events + sum.deliveries > 0)
    log.info(sum, `deleted ${sum.events} events that were finished and old`)
  await forgetKeys(options, signal)
  return sum
}

/**
 * A key is a digest that does not say whose it is: so the longest `keep` counts for all, and where a source is kept for
 * ever, or polls a list that may show an old item again at any time, none is forgotten.
 */
async function forgetKeys({ store, clock, config }: RetentionOptions, signal: AbortSignal): Promise<void> {
  const keeps = [...config().sources.values()].map(({ kind, keepMs }) =>
    kind === 'poll' ? undefined : keepMs,
  )
  if (keeps.length === 0 || keeps.includes(undefined)) return
  const longestMs = Math.max(...keeps.map((keepMs) => keepMs ?? 0))
  const before = clock.now() - longestMs - keysOutliveMs
  let after: Uint8Array | undefined
  do {
    const { next } = await store.pruneKeys(before, keysInSlice, after)
    after = next
    if (after !== undefined) await sleep(pauseMs, signal)
  } while (after !== undefined)
}
