import PQueue from 'p-queue'
import { AppError, toAppError } from '../domain/errors.js'
import type { Logger } from '../util/log.js'
import { finish, type Halt, type Held, type StretchHooks, type StretchOptions, work } from './stretch.js'
import { isSuspect, maxCrashes } from './suspects.js'

export interface WorkerOptions extends StretchOptions {
  readonly log: Logger
  /** Name of this process in leases. */
  readonly node: string
  /** Most runs at once. */
  readonly concurrency: number
  /** What everything waits for at the moment; runs under way from their next safe point on. */
  readonly halt: () => Halt | undefined
}

const leaseMs = 30_000
const renewEveryMs = 10_000
/** Runs whose time has come, and what other processes decided, are looked for this often. */
const lookEveryMs = 500

/** Claims runs and works on them, no more than `concurrency` at once, each in its own lease. */
export class Worker {
  readonly #queue: PQueue
  readonly #held = new Map<string, Held>()
  #filling: Promise<void> | undefined
  #fillAgain = false
  #isStopping = false
  #timers: NodeJS.Timeout[] = []

  constructor(private readonly options: WorkerOptions) {
    this.#queue = new PQueue({ concurrency: options.concurrency })
  }

  /** Takes back what a dead process of this ledger left, and begins to work. */
  async start(): Promise<void> {
    await this.recover(true)
    this.#timers = [
      setInterval(() => void this.renewLeases(), renewEveryMs),
      setInterval(() => void this.lookAround(), lookEveryMs),
    ]
    this.wake()
  }

  /** There may be runs to claim. */
  wake(): void {
    if (this.#isStopping) return
    if (this.#filling) {
      this.#fillAgain = true
      return
    }
    this.#fillAgain = false
    this.#filling = this.fill()
      .catch((error: unknown) => {
        const { code, message } = toAppError(error)
        this.options.alerts.raise({ cause: 'ledger', code, message: `cannot claim runs: ${message}` })
      })
      .finally(() => {
        this.#filling = undefined
        if (this.#fillAgain) this.wake()
      })
  }

  get running(): number {
    return this.#held.size
  }

  /** Claims nothing more; lets runs come to a safe point for `graceMs`; gives up what still runs then, which a restart resumes. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true
    for (const timer of this.#timers) clearInterval(timer)
    const renewing = setInterval(() => void this.renewLeases(), renewEveryMs)
    const timer = setTimeout(() => {
      for (const { abort } of this.#held.values())
        abort.abort(new AppError('internal.unexpected', 'stopping'))
    }, graceMs)
    await this.#filling
    await this.#queue.onIdle()
    clearTimeout(timer)
    clearInterval(renewing)
  }

  /** Gives up at once whatever is under way: nothing more is sent. */
  abandon(reason: AppError): void {
    this.#isStopping = true
    for (const timer of this.#timers) clearInterval(timer)
    for (const { abort } of this.#held.values()) abort.abort(reason)
  }

  private async fill(): Promise<void> {
    const { store, clock, node, concurrency, configurations, alerts, log } = this.options
    while (this.halt() === undefined && this.#held.size < concurrency && !alerts.isLedgerAway) {
      const now = clock.now()
      const notAgents = [...configurations.current.agents.values()].filter(({ mode }) => mode === 'off')
      const claimed = await store.claim({
        node,
        now,
        leaseUntil: now + leaseMs,
        notAgents: notAgents.map(({ name }) => name),
        // One at a time: whichever is held when the process dies once more is the one.
        noSuspects: [...this.#held.values()].some((held) => held.isSuspect),
      })
      if (!claimed) return
      // Where there is nothing to claim nothing is written, and nothing proved.
      alerts.resolve('ledger')
      const held: Held = { claimed, abort: new AbortController(), isSuspect: isSuspect(claimed.run) }
      this.#held.get(claimed.run.id)?.abort.abort(new AppError('store.lease_lost', 'claimed anew'))
      this.#held.set(claimed.run.id, held)
      this.#queue
        .add(() => this.workOn(held))
        .catch((error: unknown) => {
          log.error(
            { run: claimed.run.id, err: error },
            'unexpected fault; the run is taken back when its lease ends',
          )
        })
    }
  }

  private halt(): Halt | undefined {
    return this.#isStopping ? 'restart' : this.options.halt()
  }

  private async workOn(held: Held): Promise<void> {
    const { run } = held.claimed
    const { clock, log } = this.options
    const beganAt = clock.monotonic()
    const runLog = log.child({ run: run.id, agent: run.agent, event: run.eventId })
    const hooks: StretchHooks = { halt: () => this.halt(), onCleared: () => this.wake() }
    try {
      const outcome = await work(this.options, held, hooks, runLog)
      if (outcome) {
        await finish(this.options, held, outcome, Math.round(clock.monotonic() - beganAt), runLog)
      }
    } finally {
      // After a long outage of the ledger another stretch of the same run may have begun here.
      if (this.#held.get(run.id) === held) this.#held.delete(run.id)
      this.wake()
    }
  }

  private async renewLeases(): Promise<void> {
    const { store, clock, log } = this.options
    let isLedgerAway = false
    for (const { claimed, abort } of [...this.#held.values()]) {
      try {
        await store.renew(claimed.lease, clock.now() + leaseMs)
      } catch (error) {
        const { code, message } = toAppError(error)
        log.warn({ run: claimed.run.id, code }, `lease not renewed: ${message}`)
        if (code === 'store.lease_lost') abort.abort(error)
        else isLedgerAway = true
      }
    }
    // What could not be renewed is still being worked on here.
    if (!isLedgerAway) await this.recover(false)
  }

  /**
   * Takes back runs that nobody works on any more: at the start those of the process before, later those whose
   * outcome could not be written, so that their lease ran out. That was no crash of theirs: it sets none aside.
   */
  private async recover(isStart: boolean): Promise<void> {
    const { store, clock, node, log } = this.options
    try {
      const recovered = await store.recoverRuns({ node, alone: isStart, now: clock.now(), maxCrashes })
      const dead = isStart ? await this.nameDead(recovered) : 0
      const resumed = recovered.length - dead
      if (resumed > 0) log.info({ runs: recovered }, `resuming ${resumed} interrupted runs`)
    } catch (error) {
      if (isStart) throw error
      log.warn({}, `cannot look for interrupted runs: ${toAppError(error).message}`)
    }
  }

  /** Says which runs were set aside, because the process died again and again while it worked on them. */
  private async nameDead(runIds: readonly string[]): Promise<number> {
    const { store, alerts, log } = this.options
    let dead = 0
    for (const id of runIds) {
      const run = await store.run(id)
      if (run?.state !== 'dead') continue
      dead++
      const { agent, eventId: event } = run
      const message = `${run.error?.message ?? 'it was set aside'}; the others go on`
      log.error({ run: id, agent, event, code: 'limit.crashes' }, `run dead: ${message}`)
      const told = `${event} killed the process again and again while ${agent} worked on it and is set aside: \`rouse explain ${id}\`, mend the cause, then \`rouse replay ${event}\``
      alerts.raise({ cause: `poison ${agent}`, code: 'limit.crashes', message: told })
    }
    return dead
  }

  private async lookAround(): Promise<void> {
    const { store, clock, alerts } = this.options
    if (alerts.isLedgerAway) return
    try {
      await store.expireApprovals(clock.now())
    } catch (error) {
      const { code, message } = toAppError(error)
      alerts.raise({ cause: 'ledger', code, message: `cannot look for expired approvals: ${message}` })
    }
    this.wake()
  }
}
