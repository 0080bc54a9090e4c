import type { WebhookSource } from '../sources/source.js'
import type { SecretUse } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { Clock } from '../util/clock.js'
import { hmac } from '../util/signature.js'

const flushEveryMs = 5000
const dayMs = 86_400_000
/** A sender that sends at all has used its secret by then. */
const idleMs = 7 * dayMs
/** After this a secret has been in many hands. */
const oldMs = 365 * dayMs

/**
 * Keeps for each secret of a source since when it is configured and when a delivery was last signed with it, so that
 * a person who changes one sees when the old one can go. Counted in memory and written every few seconds.
 */
export class SecretUseCounter {
  /** What is configured, by source, in the order of its secrets. */
  #current = new Map<string, readonly Tally[]>()
  /** What was configured before and is not written yet. */
  #former: Tally[] = []
  #timer: NodeJS.Timeout | undefined

  private constructor(
    private readonly store: Pick<Store, 'countSecretUses'>,
    private readonly clock: Clock,
    private readonly salt: string,
  ) {}

  static async open(
    store: Pick<Store, 'countSecretUses' | 'secretUses'>,
    clock: Clock,
  ): Promise<SecretUseCounter> {
    return new SecretUseCounter(store, clock, (await store.secretUses()).salt)
  }

  /** These are configured from now on. */
  configured(sources: ReadonlyMap<string, WebhookSource>): void {
    const seenAt = this.clock.now()
    this.#former.push(...[...this.#current.values()].flat().filter(({ isTold }) => !isTold))
    this.#current = new Map(
      [...sources].map(([source, { secretKeys }]) => {
        const fingerprints = secretKeys.map((key) => fingerprintOf(this.salt, key))
        return [source, fingerprints.map((fingerprint) => tallyOf({ source, fingerprint, seenAt }))]
      }),
    )
    this.#flushSoon()
  }

  /** A delivery of the source was verified with this one of its secrets. */
  used(source: string, secretIndex: number): void {
    const tally = this.#current.get(source)?.[secretIndex]
    if (!tally) return
    tally.uses++
    tally.lastUsedAt = this.clock.now()
    tally.isTold = false
    this.#flushSoon()
  }

  /** Writes what was counted. A ledger that cannot be written keeps the counts for the next time. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const current = [...this.#current.values()].flat()
    const tallies = [...this.#former, ...current].filter(({ isTold }) => !isTold)
    if (tallies.length === 0) return
    const told = tallies.map(({ isTold: _, ...use }): SecretUse => use)
    try {
      await this.store.countSecretUses(told)
    } catch {
      this.#flushSoon()
      return
    }
    for (const [at, tally] of tallies.entries()) {
      tally.uses -= told[at]?.uses ?? 0
      tally.isTold = tally.uses === 0
    }
    this.#former = this.#former.filter(({ isTold }) => !isTold)
  }

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => void this.flush(), flushEveryMs).unref()
  }
}

/** Of one secret, what is not written yet. It is counted on every delivery, and so in place. */
interface Tally {
  readonly source: string
  readonly fingerprint: string
  readonly seenAt: number
  uses: number
  lastUsedAt: number | undefined
  isTold: boolean
}

function tallyOf(secret: Pick<Tally, 'source' | 'fingerprint' | 'seenAt'>): Tally {
  return { ...secret, uses: 0, lastUsedAt: undefined, isTold: false }
}

/** Tells secrets of one ledger apart. Too short, and too salted, to find the secret by. */
export function fingerprintOf(salt: string, key: Uint8Array): string {
  return hmac('sha256', Buffer.from(salt, 'utf8'), [key]).toString('hex').slice(0, 16)
}

/** What a person can do about one of a source's secrets, which are given in their order; undefined where nothing. */
export function adviceOnSecret(
  known: readonly (SecretUse | undefined)[],
  at: number,
  now: number,
): string | undefined {
  const use = known[at]
  if (!use) return undefined
  const { seenAt, lastUsedAt } = use
  const isOvertaken = known.some((other) => (other?.lastUsedAt ?? 0) > (lastUsedAt ?? 0))
  if (isOvertaken && now - (lastUsedAt ?? seenAt) > idleMs) {
    return at === 0
      ? 'the sender still signs with another one: give it this secret, or take it out'
      : 'the sender no longer signs with it: take it out of the list'
  }
  if (lastUsedAt !== undefined && now - seenAt > oldMs)
    return 'older than a year: change it (docs/operations.md, Rotating secrets)'
  return undefined
}
