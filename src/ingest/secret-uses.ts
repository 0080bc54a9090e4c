import type { WebhookSource } from '../sources/source.js'
import type { SecretUse } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { Clock } from '../util/clock.js'
import { hmac } from '../util/signature.js'

const flushEveryMs = 5000

/**
 * Keeps for each secret of a source since when it is configured and when a delivery was last signed with it, so that
 * a person who changes one sees when the old one can go. Counted in memory and written every few seconds.
 */
export class SecretUseCounter {
  readonly #pending = new Map<string, SecretUse>()
  #fingerprints = new Map<string, readonly string[]>()
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
    this.#fingerprints = new Map()
    for (const [name, { secretKeys }] of sources) {
      const fingerprints = secretKeys.map((key) => fingerprintOf(this.salt, key))
      this.#fingerprints.set(name, fingerprints)
      for (const fingerprint of fingerprints) this.#add(name, fingerprint, 0)
    }
  }

  /** A delivery of the source was verified with this one of its secrets. */
  used(source: string, secretIndex: number): void {
    const fingerprint = this.#fingerprints.get(source)?.[secretIndex]
    if (fingerprint !== undefined) this.#add(source, fingerprint, 1)
  }

  /** Writes what was counted. A ledger that cannot be written keeps the counts for the next time. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const uses = [...this.#pending.values()]
    if (uses.length === 0) return
    this.#pending.clear()
    try {
      await this.store.countSecretUses(uses)
    } catch {
      for (const use of uses) this.#merge(use)
    }
  }

  #add(source: string, fingerprint: string, uses: number): void {
    const now = this.clock.now()
    this.#merge({ source, fingerprint, seenAt: now, uses, lastUsedAt: uses > 0 ? now : undefined })
  }

  #merge(use: SecretUse): void {
    const key = `${use.source}\n${use.fingerprint}`
    const before = this.#pending.get(key)
    this.#pending.set(key, before ? sum(before, use) : use)
    this.#timer ??= setTimeout(() => void this.flush(), flushEveryMs).unref()
  }
}

function sum(one: SecretUse, other: SecretUse): SecretUse {
  const used = [one.lastUsedAt, other.lastUsedAt].filter((at) => at !== undefined)
  return {
    ...one,
    seenAt: Math.min(one.seenAt, other.seenAt),
    uses: one.uses + other.uses,
    lastUsedAt: used.length === 0 ? undefined : Math.max(...used),
  }
}

/** Tells secrets of one ledger apart. Too short, and too salted, to find the secret by. */
export function fingerprintOf(salt: string, key: Uint8Array): string {
  return hmac('sha256', Buffer.from(salt, 'utf8'), [key]).toString('hex').slice(0, 16)
}
