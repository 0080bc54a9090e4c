import type { StandingAlert } from '../domain/alerting.js'
import { toAppError } from '../domain/errors.js'
import type { NewAlert } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { Clock } from '../util/clock.js'
import type { Logger } from '../util/log.js'

export interface AlertsOptions {
  readonly store: Pick<Store, 'raiseAlert' | 'resolveAlert' | 'listAlerts'>
  readonly clock: Clock
  readonly log: Logger
}

/** More causes than this do not stand at once. */
const maxStanding = 1000

const ledgerAway: NewAlert = {
  cause: 'ledger',
  code: 'store.unavailable',
  message: 'the ledger cannot be written',
}

/**
 * One alert for one cause, however many runs wait for it: one line in the log when it begins, one when it is over.
 * What is between is counted in the ledger. An alert that cannot be written is logged all the same.
 */
export class Alerts {
  /** By cause, with what was last told of it. */
  readonly #standing: Map<string, StandingAlert>
  /** Whether the last one that was to be written could not be. */
  #isUnwritten = false
  /** Writes happen one after the other, so that the ledger ends up with the last word. */
  #writing: Promise<void> = Promise.resolve()
  #onRaised: () => void = () => undefined

  private constructor(
    private readonly options: AlertsOptions,
    standing: readonly StandingAlert[],
  ) {
    this.#standing = new Map(standing.map((alert) => [alert.cause, alert]))
  }

  /** With what stands in the ledger from before. */
  static async open(options: AlertsOptions): Promise<Alerts> {
    const known = await options.store.listAlerts(maxStanding)
    return new Alerts(
      options,
      known.filter(({ resolvedAt }) => resolvedAt === undefined),
    )
  }

  raise(alert: NewAlert): void {
    const { store, clock, log } = this.options
    const { cause, code, message } = alert
    const before = this.#standing.get(cause)
    if (!before) log.error({ alert: cause, code }, message)
    this.#standing.set(cause, { cause, code, message, raisedAt: before?.raisedAt ?? clock.now() })
    if (!before) this.#onRaised()
    this.write(cause, () => store.raiseAlert(alert, clock.now()))
  }

  resolve(cause: string): void {
    if (!this.#standing.delete(cause)) return
    const { store, clock, log } = this.options
    log.info({ alert: cause }, `over: ${cause}`)
    this.write(cause, () => store.resolveAlert(cause, clock.now()))
  }

  isStanding(cause: string): boolean {
    return this.#standing.has(cause)
  }

  /** All that stand, also those that the ledger does not have because it cannot be written. */
  all(): StandingAlert[] {
    return [...this.#standing.values()]
  }

  /** Called when a cause begins to stand. */
  onRaised(listener: () => void): void {
    this.#onRaised = listener
  }

  /** The causes that stand and begin with `prefix`. */
  standing(prefix: string): string[] {
    return [...this.#standing.keys()].filter((cause) => cause.startsWith(prefix))
  }

  /** Whether writes are known to fail: each try may stop the process for as long as it waits for the ledger. */
  get isLedgerAway(): boolean {
    if (!this.#standing.has('ledger')) return false
    return (this.#standing.get('ledger') ?? ledgerAway).code === ledgerAway.code
  }

  /** The alert that says so is over when it itself can be written. True when it is now. */
  async tryLedger(): Promise<boolean> {
    if (!this.isLedgerAway) return false
    const { store, clock } = this.options
    try {
      await store.raiseAlert(this.#standing.get('ledger') ?? ledgerAway, clock.now())
    } catch {
      return false
    }
    this.resolve('ledger')
    return true
  }

  /** Resolves when everything that was raised or resolved before is in the ledger, or could not be written. */
  settled(): Promise<void> {
    return this.#writing
  }

  private write(cause: string, write: () => Promise<unknown>): void {
    this.#writing = this.#writing.then(write).then(
      () => {
        this.#isUnwritten = false
      },
      (error: unknown) => {
        if (this.#isUnwritten) return
        this.#isUnwritten = true
        const { code, message } = toAppError(error)
        this.options.log.warn({ alert: cause, code }, `the alert is not in the ledger: ${message}`)
      },
    )
  }
}
