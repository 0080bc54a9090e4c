import type { Refusal } from '../store/records.js'
import type { Store } from '../store/store.js'
import { type Clock, utcDay } from '../util/clock.js'
import type { Logger } from '../util/log.js'

const flushEveryMs = 5000
const sampleEveryMs = 60_000

/**
 * Counts refused deliveries. What an unverified sender can make grow is a number: counts stand in memory
 * and go to the ledger every few seconds, one row for each source, reason and day; one sample a minute is logged.
 */
export class RefusalCounter {
  readonly #pending = new Map<string, Refusal>()
  readonly #sampledAt = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** `sample` says what was wrong, in words safe to show. */
  count(source: string, reason: string, sample: string): void {
    const now = this.clock.now()
    const day = utcDay(now)
    const key = `${source}\n${reason}\n${day}`
    const before = this.#pending.get(key)
    const lastSampleAt = this.#sampledAt.get(`${source}\n${reason}`) ?? Number.NEGATIVE_INFINITY
    const isSampled = now - lastSampleAt >= sampleEveryMs
    if (isSampled) {
      this.#sampledAt.set(`${source}\n${reason}`, now)
      this.log.warn({ source, reason }, `refused a delivery: ${sample}`)
    }
    this.#pending.set(key, {
      source,
      reason,
      day,
      count: (before?.count ?? 0) + 1,
      lastAt: now,
      sample: isSampled ? sample : before?.sample,
    })
    this.#timer ??= setTimeout(() => void this.flush(), flushEveryMs).unref()
  }

  /** Writes what was counted. A ledger that cannot be written keeps the counts for the next time. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const refusals = [...this.#pending.values()]
    if (refusals.length === 0) return
    this.#pending.clear()
    try {
      await this.store.countRefusals(refusals)
    } catch {
      for (const refusal of refusals) {
        const key = `${refusal.source}\n${refusal.reason}\n${refusal.day}`
        const since = this.#pending.get(key)
        this.#pending.set(key, since ? added(refusal, since) : refusal)
      }
      this.#timer ??= setTimeout(() => void this.flush(), flushEveryMs).unref()
    }
  }
}

function added(before: Refusal, since: Refusal): Refusal {
  return { ...since, count: before.count + since.count, sample: since.sample ?? before.sample }
}
