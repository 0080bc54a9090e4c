import { StoreError, toAppError } from '../domain/errors.js'
import { lookAtPlace, type Place } from '../store/place.js'
import type { Store } from '../store/store.js'
import type { Logger } from '../util/log.js'
import type { Alerts } from './alerts.js'
import { applyPauses, type PausesOptions } from './pauses.js'
import { remind } from './reminders.js'

export interface GuardOptions extends PausesOptions {
  readonly store: Store
  /** Of the ledger. */
  readonly file: string
  readonly alerts: Alerts
  readonly log: Logger
  /** There may be runs that can go on. */
  readonly onResumed: () => void
  /** The ledger's file is no longer the one that was opened: nothing that is written now will be found again. */
  readonly onReplaced: (error: StoreError) => void
  /** For tests. */
  readonly look?: (file: string) => Promise<Place>
}

const lookEveryMs = 5000
/** Where there are more, none of their alerts is over. */
const deadLookedAt = 200
const largeLogBytes = 256 * 1024 ** 2
/** There has to be so much more room than `min_free` before work goes on, so that it does not stop and go. */
const hysteresis = 1.25

/** Watches what the ledger lies on, and what waits for it or for an agent. */
export class Guard {
  #isDiskLow = false
  #isReplaced = false
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #identity: string | undefined

  constructor(private readonly options: GuardOptions) {}

  async start(): Promise<void> {
    await this.look()
    this.#timer = setInterval(() => void this.look(), lookEveryMs)
  }

  /** Why nothing is taken and nothing is worked on; undefined where all is well. */
  get unready(): 'disk' | 'replaced' | undefined {
    return this.#isReplaced ? 'replaced' : this.#isDiskLow ? 'disk' : undefined
  }

  /** At once, beside the rhythm; after a reload, for example. */
  look(): Promise<void> {
    this.#looking ??= this.lookOnce()
      .catch((error: unknown) => {
        const { code, message } = toAppError(error)
        this.options.log.warn({ code }, `cannot look after the ledger: ${message}`)
      })
      .finally(() => {
        this.#looking = undefined
      })
    return this.#looking
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
  }

  private async lookOnce(): Promise<void> {
    const { file, alerts, look = lookAtPlace, onResumed } = this.options
    if (this.#isReplaced) return
    const place = await look(file)
    this.#identity ??= place.identity
    if (place.identity !== this.#identity) {
      this.replaced(file, place)
      return
    }
    this.lookAtDisk(place)
    this.lookAtLog(place)
    this.forgetGone()
    const isBack = await alerts.tryLedger()
    if (alerts.isLedgerAway) return
    await this.lookAtHeld()
    await this.forgetPoison()
    const { store, clock, configurations } = this.options
    await remind(store, alerts, configurations.current, clock.now())
    const resumed = await applyPauses(this.options, { isDiskLow: this.#isDiskLow })
    if (isBack || resumed > 0) onResumed()
  }

  private lookAtDisk({ freeBytes }: Place): void {
    const { alerts, configurations, file } = this.options
    const { minFreeBytes } = configurations.current.server
    this.#isDiskLow = freeBytes < minFreeBytes * (this.#isDiskLow ? hysteresis : 1)
    if (!this.#isDiskLow) alerts.resolve('disk')
    else {
      const message = `${megabytes(freeBytes)} free on the disk of ${file}, and \`server.min_free\` is ${megabytes(minFreeBytes)}: deliveries are answered 503 and runs wait; make room, then it goes on by itself`
      alerts.raise({ cause: 'disk', code: 'store.disk_low', message })
    }
  }

  private lookAtLog({ logBytes }: Place): void {
    const { alerts, file } = this.options
    if (logBytes > largeLogBytes) {
      const message = `${file}-wal has grown to ${megabytes(logBytes)}: another program reads the ledger without an end, so that it cannot be written back; find it (\`lsof ${file}\`) and end it`
      alerts.raise({ cause: 'wal', code: 'store.unavailable', message })
    } else if (logBytes < largeLogBytes / 2) alerts.resolve('wal')
  }

  /** What is no longer declared is asked no more, so nothing would say that it is there again. */
  private forgetGone(): void {
    const { alerts, configurations } = this.options
    const { models, credentials, tools, agents } = configurations.current
    const declared = [
      ['model ', new Set(models.keys())],
      ['credential ', new Set(credentials.keys())],
      ['origin ', new Set([...tools.values()].map(({ origin }) => origin))],
      ['budget ', new Set(agents.keys())],
      ['poison ', new Set(agents.keys())],
    ] as const
    for (const [prefix, names] of declared) {
      for (const cause of alerts.standing(prefix)) {
        if (!names.has(cause.slice(prefix.length).split(' ')[0] ?? '')) alerts.resolve(cause)
      }
    }
  }

  /** A write is also held where its run just ends: dead, or cancelled by a command. */
  private async lookAtHeld(): Promise<void> {
    const { alerts, store } = this.options
    const [held] = await store.listHeld(1)
    if (!held) alerts.resolve('held writes')
    else if (!alerts.isStanding('held writes')) {
      const message = `a write with ${held.tool} may have happened and nothing says so: \`rouse approvals\` shows what is held`
      alerts.raise({ cause: 'held writes', code: 'tool.held', message })
    }
  }

  /** Nothing is left to replay where retention took what was set aside. */
  private async forgetPoison(): Promise<void> {
    const { alerts, store } = this.options
    const causes = alerts.standing('poison ')
    if (causes.length === 0) return
    const dead = await store.listRuns({ state: 'dead', limit: deadLookedAt })
    if (dead.length === deadLookedAt) return
    const agents = dead.filter(({ error }) => error?.code === 'limit.crashes').map(({ agent }) => agent)
    for (const cause of causes)
      if (!agents.some((agent) => cause === `poison ${agent}`)) alerts.resolve(cause)
  }

  private replaced(file: string, { identity }: Place): void {
    const { log, onReplaced } = this.options
    this.#isReplaced = true
    const what = identity === undefined ? 'was deleted' : 'was replaced by another file'
    const message = `the ledger ${file} ${what} while the daemon ran; what was recorded since is not in it. Put the right file there and start again.`
    const error = new StoreError('store.replaced', message)
    log.error({ code: error.code }, message)
    onReplaced(error)
  }
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 ** 2)} MB`
}
