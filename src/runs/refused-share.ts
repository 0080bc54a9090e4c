import type { StoredRefusal } from '../store/records.js'
import type { SourceTotals } from '../store/reports.js'

interface Sample {
  readonly at: number
  readonly verified: number
  /** By reason. */
  readonly refused: ReadonlyMap<string, number>
}

export interface RefusedOver {
  readonly refused: number
  readonly all: number
  /** The most frequent. */
  readonly reason: string
}

/** One probe from outside is no alarm. */
const leastRefused = 10
const samplesInWindow = 60

/** Which share of a source's deliveries was refused lately, from counts that only grow. */
export class RefusedShare {
  readonly #samples = new Map<string, Sample[]>()
  #sampledAt: number | undefined

  /** `refusals` are all since one day that stays the same; `at` never goes back. */
  sample(
    totals: readonly SourceTotals[],
    refusals: readonly StoredRefusal[],
    at: number,
    windowMs: number,
  ): void {
    const sources = new Set([...totals, ...refusals].map(({ source }) => source))
    for (const source of sources) {
      const deliveries = totals.find((total) => total.source === source)?.deliveries
      const verified = Object.values(deliveries ?? {}).reduce((sum, count) => sum + count, 0)
      const refused = new Map<string, number>()
      for (const { source: of, reason, count } of refusals) {
        if (of === source) refused.set(reason, (refused.get(reason) ?? 0) + count)
      }
      // What was not there at the last look had nothing then; what is there at the first one is from before.
      const nothing = { at: this.#sampledAt ?? at, verified: 0, refused: new Map() }
      const samples = this.#samples.get(source) ?? (this.#sampledAt === undefined ? [] : [nothing])
      this.#samples.set(source, samples)
      const before = samples.at(-2)
      if (before && at - before.at < windowMs / samplesInWindow) samples.pop()
      samples.push({ at, verified, refused })
      while (samples[1] && samples[1].at <= at - windowMs) samples.shift()
    }
    this.#sampledAt = at
  }

  /** Undefined where the share is smaller, or where it is of very few. */
  over(source: string, share: number): RefusedOver | undefined {
    const samples = this.#samples.get(source) ?? []
    const [first] = samples
    const last = samples.at(-1)
    if (!first || !last) return undefined
    const grown = [...last.refused].map(
      ([reason, count]) => [reason, count - (first.refused.get(reason) ?? 0)] as const,
    )
    const refused = grown.reduce((sum, [, count]) => sum + count, 0)
    const all = refused + last.verified - first.verified
    if (refused < leastRefused || refused < share * all) return undefined
    const [[reason] = ['']] = grown.sort(([, left], [, right]) => right - left)
    return { refused, all, reason }
  }
}
