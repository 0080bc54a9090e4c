import type { Config } from '../config/config.js'
import type { Telling } from '../domain/alerting.js'
import { toAppError } from '../domain/errors.js'
import type { Store } from '../store/store.js'
import type { Clock } from '../util/clock.js'
import { createNetwork, type Network } from '../util/fetch.js'
import type { Logger } from '../util/log.js'
import { RuleWatch } from './alert-rules.js'
import { AlertTeller, targetId } from './alert-teller.js'
import type { Alerts } from './alerts.js'
import { secretsFor } from './secrets.js'

export interface AlertingOptions {
  readonly store: Store
  readonly alerts: Alerts
  readonly config: () => Config
  readonly clock: Clock
  readonly log: Logger
  /** Default: one of its own, which `stop` closes. */
  readonly network?: Network
}

const lookEveryMs = 1000
const rulesEveryMs = 5000
/** What is under way at the end has so long, so that it need not be sent again. */
const stopGraceMs = 2000

/** Looks for what is wrong and tells people of it. Nothing waits for it, and nothing that fails in it ends anything. */
export class Alerting {
  readonly #rules: RuleWatch
  readonly #network: Network
  readonly #tellers = new Map<string, AlertTeller>()
  readonly #stop = new AbortController()
  readonly #cut = new AbortController()
  #owed: readonly Telling[] = []
  #timers: NodeJS.Timeout[] = []
  #looking: Promise<void> | undefined

  constructor(private readonly options: AlertingOptions) {
    this.#rules = new RuleWatch(options)
    this.#network = options.network ?? createNetwork()
  }

  /** Goes on with what was owed before. */
  async start(): Promise<void> {
    this.#owed = await this.options.store.tellings()
    this.options.alerts.onRaised(() => void this.tell())
    void this.look()
    this.#timers = [
      setInterval(() => void this.tell(), lookEveryMs),
      setInterval(() => void this.look(), rulesEveryMs),
    ]
  }

  /** Asks the rules. One look at a time. */
  look(): Promise<void> {
    this.#looking ??= this.lookOnce()
      .catch((cause: unknown) => {
        const { code, message } = toAppError(cause)
        this.options.log.warn({ code }, `cannot look for what is wrong: ${message}`)
      })
      .finally(() => {
        this.#looking = undefined
      })
    return this.#looking
  }

  /** Tells everybody what is due. */
  async tell(): Promise<void> {
    if (this.#stop.signal.aborted) return
    const { alerts, config } = this.options
    const { to, repeatMs } = config().alerts
    const wanted = new Map(to.map((target) => [targetId(target), target]))
    for (const [id, target] of wanted) {
      const teller = this.#tellers.get(id)
      if (teller) teller.target = target
      else this.#tellers.set(id, new AlertTeller(target, this.owedTo(id), this.tellerOptions()))
    }
    await Promise.all([
      ...[...this.#tellers.values()].map((teller) =>
        wanted.has(teller.id) ? teller.look(alerts.all(), repeatMs) : this.drop(teller),
      ),
      this.forgetOthers(wanted),
    ])
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    this.#stop.abort(new Error('stopping'))
    const timer = setTimeout(() => this.#cut.abort(new Error('stopping')), stopGraceMs)
    await this.#looking
    await Promise.all([...this.#tellers.values()].map((teller) => teller.stopped()))
    clearTimeout(timer)
    if (this.options.network === undefined) await this.#network.close()
  }

  private async lookOnce(): Promise<void> {
    if (this.options.alerts.isLedgerAway || this.#stop.signal.aborted) return
    await this.#rules.look()
  }

  private owedTo(id: string): Map<string, Telling> {
    const own = this.#owed.filter(({ target }) => target === id)
    this.#owed = this.#owed.filter(({ target }) => target !== id)
    return new Map(own.map((telling) => [telling.cause, telling]))
  }

  private async drop(teller: AlertTeller): Promise<void> {
    this.#tellers.delete(teller.id)
    await teller.forget().catch(() => undefined)
  }

  /** Targets that were configured before this process began, and are no more. */
  private async forgetOthers(wanted: ReadonlyMap<string, unknown>): Promise<void> {
    const gone = this.#owed.filter(({ target }) => !wanted.has(target))
    this.#owed = []
    for (const { target, cause } of gone) {
      await this.options.store.forgetTelling(target, cause).catch(() => undefined)
    }
  }

  private tellerOptions() {
    const { store, alerts, clock, log, config } = this.options
    return {
      ...{ store, alerts, clock, log, network: this.#network },
      ...{ stopping: this.#stop.signal, signal: this.#cut.signal },
      secrets: () => secretsFor(config(), config()),
      name: () => config().server.publicUrl,
    }
  }
}
