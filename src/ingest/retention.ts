import type { Config } from '../config/config.js'
import { echoWindowMs } from '../domain/echo.js'
import { toAppError } from '../domain/errors.js'
import type { PruneMark } from '../store/records.js'
import type { Store } from '../store/store.js'
import { type Clock, sleep } from '../util/clock.js'
import type { Logger } from '../util/log.js'

export interface RetentionOptions {
  readonly store: Pick<Store, 'prune' | 'pruneKeys' | 'pruneTraces' | 'pruneAlerts' | 'pruneConfigs'>
  readonly clock: Clock
  readonly log: Logger
  /** The configuration in force. */
  readonly config: () => Pick<Config, 'sources' | 'digest'>
  /** From the start to the first pass: a daemon that has just started has better things to do. */
  readonly firstMs?: number
}

const dayMs = 86_400_000
const everyMs = 3_600_000
/** Events in one transaction: few enough that a delivery does not notice. */
const batchSize = 100
const keysInSlice = 2000
/** Between two transactions, so that what arrives goes first. */
const pauseMs = 50
/** Between two looks that found nothing to delete. */
const shortPauseMs = 5
/** A redelivery must be known for one: no sender repeats for longer than this. */
const keysOutliveMs = 35 * dayMs
/** Each approval that waits may raise one of its own, so those that are over would only become more. */
const overAlertsMs = 35 * dayMs
/** A clock that was set by more than this may be wrong. */
const clockStepMs = 3_600_000
/** So long a configuration stays that no run names yet. */
const unusedConfigMs = dayMs

/** Deletes what is finished and older than its source keeps it, about once an hour. */
export class Retention {
  readonly #stop = new AbortController()
  readonly #options: RetentionOptions
  /** Every configuration that was in force in this process: a run may be about to begin with one that is not any more. */
  readonly #inUse = new Set<string>()
  #sweptAt = Number.NEGATIVE_INFINITY
  #clockOffset: number
  #working: Promise<void> | undefined

  constructor(options: RetentionOptions) {
    this.#options = options
    this.#inUse.add(options.config().digest)
    this.#clockOffset = this.clockOffset()
  }

  start(): void {
    this.#working = this.work()
  }

  /** A pass that is under way ends behind its transaction; the next process begins anew. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopping'))
    await this.#working
  }

  /** One pass over everything that is old; none while the clock was just set: what is deleted by a wrong one is gone. */
  async pass(signal: AbortSignal = this.#stop.signal): Promise<void> {
    const { clock, log } = this.#options
    this.#inUse.add(this.#options.config().digest)
    const offset = this.clockOffset()
    const step = offset - this.#clockOffset
    this.#clockOffset = offset
    if (Math.abs(step) > clockStepMs) {
      log.warn(
        { step_ms: Math.round(step) },
        'the clock was set, or the machine slept: nothing old is deleted for an hour',
      )
      return
    }
    await this.deleteOld(signal)
    const now = clock.now()
    if (now - this.#sweptAt < dayMs) return
    await this.forgetKeys(signal)
    await this.forgetTraces(signal)
    await this.forgetAlerts(signal)
    await this.#options.store.pruneConfigs([...this.#inUse], now - unusedConfigMs)
    this.#sweptAt = now
  }

  /** Changes only when the clock is set, or stands still for the process. */
  private clockOffset(): number {
    const { clock } = this.#options
    return clock.now() - clock.monotonic()
  }

  private async work(): Promise<void> {
    const { firstMs = 300_000, log } = this.#options
    const { signal } = this.#stop
    for (let waitMs = firstMs; ; waitMs = everyMs) {
      await sleep(waitMs, signal).catch(() => undefined)
      if (signal.aborted) return
      try {
        await this.pass()
      } catch (error) {
        if (signal.aborted) return
        const { code, message } = toAppError(error)
        log.warn({ code }, `cannot delete what is old, tried again within the hour: ${message}`)
      }
    }
  }

  private async deleteOld(signal: AbortSignal): Promise<void> {
    const { store, clock, log, config } = this.#options
    const now = clock.now()
    const before = new Map<string, number>()
    for (const { name, keepMs } of config().sources.values()) {
      if (keepMs !== undefined) before.set(name, now - keepMs)
    }
    const sum = { events: 0, runs: 0, deliveries: 0 }
    let after: PruneMark | undefined
    do {
      const { events, runs, deliveries, next } = await store.prune(before, batchSize, after)
      sum.events += events
      sum.runs += runs
      sum.deliveries += deliveries
      after = next
      if (next) await sleep(events + deliveries > 0 ? pauseMs : shortPauseMs, signal)
    } while (after)
    if (sum.events + sum.deliveries > 0) log.info(sum, 'deleted what was finished and old')
  }

  /** A key is a digest that does not say whose it is: so the longest `keep` counts for all. */
  private async forgetKeys(signal: AbortSignal): Promise<void> {
    const { store, clock, config } = this.#options
    const keeps = [...config().sources.values()].map(({ keepMs = 0 }) => keepMs)
    const before = clock.now() - Math.max(0, ...keeps) - keysOutliveMs
    let after: Uint8Array | undefined
    do {
      const { next, deleted } = await store.pruneKeys(before, keysInSlice, after)
      after = next
      if (next) await sleep(deleted > 0 ? pauseMs : shortPauseMs, signal)
    } while (after)
  }

  private async forgetTraces(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#options
    const before = clock.now() - echoWindowMs
    while ((await store.pruneTraces(before, keysInSlice)) > 0) await sleep(pauseMs, signal)
  }

  private async forgetAlerts(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#options
    const before = clock.now() - overAlertsMs
    while ((await store.pruneAlerts(before, keysInSlice)) > 0) await sleep(pauseMs, signal)
  }
}
