import type { Config, ConfigSnapshot } from '../config/config.js'
import { AppError } from '../domain/errors.js'
import type { Store } from '../store/store.js'
import type { Clock } from '../util/clock.js'
import type { JsonValue } from '../util/json.js'

/**
 * The configuration in force, and those that unfinished runs began with. A configuration is in the ledger
 * before a run can begin with it, so that the run keeps it over a restart.
 */
export class Configurations {
  readonly #loaded = new Map<string, Promise<Config>>()
  #current: Config

  private constructor(
    current: Config,
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly load: (snapshot: ConfigSnapshot) => Promise<Config>,
  ) {
    this.#current = current
  }

  static async open(
    current: Config,
    options: { store: Store; clock: Clock; load: (snapshot: ConfigSnapshot) => Promise<Config> },
  ): Promise<Configurations> {
    const configurations = new Configurations(current, options.store, options.clock, options.load)
    await configurations.swap(current)
    return configurations
  }

  get current(): Config {
    return this.#current
  }

  /** From now on runs begin with `next`. */
  async swap(next: Config): Promise<void> {
    const { file, text, instructions } = next.snapshot
    await this.store.saveConfig(
      next.digest,
      { file, text, instructions: { ...instructions } },
      this.clock.now(),
    )
    this.#loaded.set(next.digest, Promise.resolve(next))
    this.#current = next
  }

  /**
   * The configuration with this digest. Throws AppError `config.unavailable` when it no longer loads, for
   * example because a variable that it needs is no longer set.
   */
  async byDigest(digest: string): Promise<Config> {
    if (digest === this.#current.digest) return this.#current
    const known = this.#loaded.get(digest) ?? this.reload(digest)
    this.#loaded.set(digest, known)
    try {
      return await known
    } catch (cause) {
      this.#loaded.delete(digest)
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new AppError(
        'config.unavailable',
        `the configuration that this run began with does not load any more: ${reason}`,
        { retry: { afterMs: 60_000 }, cause },
      )
    }
  }

  private async reload(digest: string): Promise<Config> {
    const snapshot = await this.store.config(digest)
    if (!isSnapshot(snapshot)) throw new Error(`configuration ${digest.slice(0, 12)} is not in the ledger`)
    return this.load(snapshot)
  }
}

function isSnapshot(value: JsonValue | undefined): value is JsonValue & ConfigSnapshot {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    typeof value['file'] === 'string' &&
    typeof value['text'] === 'string' &&
    typeof value['instructions'] === 'object' &&
    value['instructions'] !== null
  )
}
