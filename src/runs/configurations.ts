import type { Config, ConfigSnapshot } from '../config/config.js'
import { AppError, ConfigError, toAppError } from '../domain/errors.js'
import type { Store } from '../store/store.js'
import type { Clock } from '../util/clock.js'
import { faultPoint } from '../util/fault-point.js'
import type { JsonValue } from '../util/json.js'
import type { Logger } from '../util/log.js'

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
   * Takes over what `load` gives, whole: `prepare` makes what depends on it, and what that returns is called when
   * it is in force. A configuration that does not load leaves the old one in force, and the log says why.
   */
  async reload(
    load: () => Promise<Config>,
    prepare: (next: Config) => () => void,
    log: Logger,
  ): Promise<void> {
    try {
      const next = await load()
      const hasNewSecrets = String(next.secretValues) !== String(this.#current.secretValues)
      if (next.digest === this.#current.digest && !hasNewSecrets) return
      const apply = prepare(next)
      faultPoint('K23')
      await this.swap(next)
      if (hasNewSecrets) faultPoint('K24')
      // What unfinished runs began with has its secrets from today's files too.
      if (hasNewSecrets)
        for (const digest of this.#loaded.keys()) if (digest !== next.digest) this.#loaded.delete(digest)
      apply()
      log.info({ config: next.digest.slice(0, 12), newSecrets: hasNewSecrets }, 'configuration reloaded')
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems.map((problem) => ({ ...problem })) : []
      log.error({ problems }, `configuration not reloaded, the old one stays: ${toAppError(error).message}`)
    }
  }

  /**
   * The configuration with this digest. Throws AppError `config.unavailable` when it no longer loads, for
   * example because a variable that it needs is no longer set.
   */
  async byDigest(digest: string): Promise<Config> {
    if (digest === this.#current.digest) return this.#current
    const known = this.#loaded.get(digest) ?? this.loadAgain(digest)
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

  private async loadAgain(digest: string): Promise<Config> {
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
