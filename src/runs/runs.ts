import type { AppError } from '../domain/errors.js'
import { doubtAboutPlace, doubtfulAdvice } from '../store/place.js'
import type { Logger } from '../util/log.js'
import { Alerting } from './alerting.js'
import { Alerts } from './alerts.js'
import { Circuits } from './circuits.js'
import { Guard } from './guard.js'
import type { StretchOptions } from './stretch.js'
import { Worker } from './worker.js'

export interface RunsOptions extends Omit<StretchOptions, 'alerts'> {
  readonly log: Logger
  /** Name of this process in leases. */
  readonly node: string
  /** Most runs at once. Read once, as is where the ledger lies. */
  readonly concurrency: number
  readonly file: string
}

/** All that works on runs and looks after them. */
export interface Runs {
  /** Takes back what a dead process of this ledger left, and begins to work. */
  start(): Promise<void>
  /** There may be runs to claim. */
  wake(): void
  /** The configuration in force is another one. */
  lookAround(): void
  /** Why nothing may be taken from senders now; undefined where all is well. */
  unready(): string | undefined
  /** Settles when the process cannot go on: nothing is worked on or sent any more. */
  readonly failed: Promise<AppError>
  /** Claims nothing more, lets runs end or come to a safe point for `graceMs`, and parks what still runs then. */
  stop(graceMs: number): Promise<void>
}

export async function createRuns(options: RunsOptions): Promise<Runs> {
  const { store, configurations, clock, log, file } = options
  const doubt = await doubtAboutPlace(file).catch(() => undefined)
  if (doubt !== undefined) log.warn({}, `${doubt}: ${doubtfulAdvice}`)
  const alerts = await Alerts.open({ store, clock, log })
  let fail: (error: AppError) => void = () => undefined
  const failed = new Promise<AppError>((resolve) => {
    fail = resolve
  })
  const guard = new Guard({
    store,
    file,
    configurations,
    alerts,
    clock,
    log,
    onResumed: () => worker.wake(),
    onReplaced: (error) => {
      worker.abandon(error)
      fail(error)
    },
  })
  const halt = () => (guard.unready === undefined ? undefined : 'disk')
  const alerting = new Alerting({ store, alerts, config: () => configurations.current, clock, log })
  const circuits = new Circuits(clock, alerts)
  const worker = new Worker({
    ...options,
    alerts,
    halt,
    tools: circuits.tools(options.tools),
    modelFor: (settings) => circuits.model(settings, options.modelFor(settings)),
  })
  return {
    async start() {
      await guard.start()
      await worker.start()
      await alerting.start()
    },
    wake: () => worker.wake(),
    lookAround: () => void guard.look(),
    unready: () => guard.unready,
    failed,
    async stop(graceMs) {
      await Promise.all([worker.stop(graceMs), guard.stop(), alerting.stop()])
      await alerts.settled()
    },
  }
}
