import PQueue from 'p-queue'
import type { Config } from '../config/config.js'
import type { ModelSettings } from '../domain/agent.js'
import { AppError, StoreError, toAppError } from '../domain/errors.js'
import type { RunOutcome } from '../domain/run.js'
import type { Model } from '../models/model.js'
import type { ClaimedRun } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { ToolClient } from '../tools/tool.js'
import { backoffMs } from '../util/backoff.js'
import { type Clock, nextUtcDay, sleep } from '../util/clock.js'
import { faultPoint } from '../util/fault-point.js'
import type { Logger } from '../util/log.js'
import type { Configurations } from './configurations.js'
import type { CostOf, RunContext } from './context.js'
import { outcomeOfFailure } from './finish.js'
import { runLoop } from './loop.js'

export interface WorkerOptions {
  readonly store: Store
  readonly configurations: Configurations
  readonly tools: ToolClient
  readonly modelFor: (settings: ModelSettings) => Model
  readonly costOf: CostOf
  readonly clock: Clock
  readonly log: Logger
  /** Name of this process in leases. */
  readonly node: string
  /** Most runs at once. */
  readonly concurrency: number
}

const leaseMs = 30_000
const renewEveryMs = 10_000
/** Runs whose time has come, and what other processes decided, are looked for this often. */
const lookEveryMs = 500
/** How often the process may die over one run, without any progress of the run between, before it is set aside. */
const maxCrashes = 5

interface Held {
  readonly claimed: ClaimedRun
  readonly abort: AbortController
}

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
      .catch((error: unknown) =>
        this.options.log.error({}, `cannot claim runs: ${toAppError(error).message}`),
      )
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

  private async fill(): Promise<void> {
    const { store, clock, node, concurrency, configurations, log } = this.options
    while (!this.#isStopping && this.#held.size < concurrency) {
      const now = clock.now()
      const notAgents = [...configurations.current.agents.values()].filter(({ mode }) => mode === 'off')
      const claimed = await store.claim({
        node,
        now,
        leaseUntil: now + leaseMs,
        notAgents: notAgents.map(({ name }) => name),
      })
      if (!claimed) return
      const held: Held = { claimed, abort: new AbortController() }
      this.#held.get(claimed.run.id)?.abort.abort(new AppError('store.lease_lost', 'claimed anew'))
      this.#held.set(claimed.run.id, held)
      this.#queue
        .add(() => this.work(held))
        .catch((error: unknown) => {
          log.error(
            { run: claimed.run.id, err: error },
            'unexpected fault; the run is taken back when its lease ends',
          )
        })
    }
  }

  private async work(held: Held): Promise<void> {
    const { run } = held.claimed
    const { clock, log } = this.options
    const beganAt = clock.monotonic()
    const runLog = log.child({ run: run.id, agent: run.agent, event: run.eventId })
    try {
      const outcome = await this.outcomeOf(held, beganAt, runLog)
      if (outcome) await this.finish(held, outcome, Math.round(clock.monotonic() - beganAt), runLog)
    } finally {
      // After a long outage of the ledger another stretch of the same run may have begun here.
      if (this.#held.get(run.id) === held) this.#held.delete(run.id)
      this.wake()
    }
  }

  /** Undefined when the run is no longer ours to finish. */
  private async outcomeOf(held: Held, beganAt: number, runLog: Logger): Promise<RunOutcome | undefined> {
    const { store, clock, configurations } = this.options
    const { claimed, abort } = held
    const { run } = claimed
    let maxAttempts = configurations.current.agents.get(run.agent)?.limits.attempts ?? 1
    try {
      const config = await this.configOf(claimed)
      const agent = config.agents.get(run.agent)
      if (!agent)
        throw new AppError('config.unavailable', `the agent "${run.agent}" is no longer declared`, {
          retry: { afterMs: 60_000 },
        })
      maxAttempts = agent.limits.attempts
      const { runsPerDay } = agent.limits
      const begun = await store.beginRun(claimed.lease, config.digest, clock.now(), runsPerDay)
      if (begun.state === 'over_limit') {
        const message = `${agent.name} had its ${runsPerDay} runs of today`
        const error = { code: 'policy.budget' as const, message }
        return { state: 'parked', on: 'budget', until: nextUtcDay(clock.now()), error }
      }
      const isPinned = begun.configDigest === config.digest
      const pinned = isPinned ? config : await configurations.byDigest(begun.configDigest)
      const context = this.contextOf(held, pinned, beganAt, runLog)
      faultPoint('K05')
      return await runLoop(context)
    } catch (error) {
      if (abort.signal.aborted) {
        // Given up because the process is to end: the next one goes on at once, and it was no crash.
        return this.#isStopping ? { state: 'parked', on: 'time', until: clock.now() } : undefined
      }
      if (error instanceof StoreError && error.code === 'store.lease_lost') return undefined
      if (toAppError(error).code === 'internal.unexpected') runLog.error({ err: error }, 'unexpected fault')
      const history = await store.journal(run.id).then(
        ({ attempts }) => attempts,
        () => [], // The ledger is away: the back-off begins anew.
      )
      return outcomeOfFailure({ error, attempts: run.attempts, maxAttempts, history, now: clock.now() })
    }
  }

  private configOf({ run }: ClaimedRun): Promise<Config> {
    const { configurations } = this.options
    return run.configDigest === undefined || run.usage.turns === 0
      ? Promise.resolve(configurations.current)
      : configurations.byDigest(run.configDigest)
  }

  private contextOf({ claimed, abort }: Held, config: Config, beganAt: number, log: Logger): RunContext {
    const { lease, run, event, newerEventAt } = claimed
    const { store, tools, modelFor, costOf, clock } = this.options
    const agent = config.agents.get(run.agent)
    const settings = agent && config.models.get(agent.model)
    if (!agent || !settings)
      throw new AppError('config.unavailable', `the agent "${run.agent}" is no longer declared`, {
        retry: { afterMs: 60_000 },
      })
    return {
      lease,
      run,
      event,
      newerEventAt,
      agent,
      config,
      store,
      model: modelFor(settings),
      tools,
      costOf,
      clock,
      log,
      signal: abort.signal,
      isStopping: () => this.#isStopping,
      beganAt,
    }
  }

  /** Writes how the stretch ended, and does not give up while the ledger is away: the outcome must not be lost. */
  private async finish(held: Held, outcome: RunOutcome, activeMs: number, runLog: Logger): Promise<void> {
    const { store, clock } = this.options
    for (let failures = 0; ; failures++) {
      try {
        await store.finish(held.claimed.lease, outcome, activeMs, clock.now())
        if (outcome.state === 'completed') faultPoint('K16')
        break
      } catch (error) {
        const fault = toAppError(error)
        if (fault.code !== 'store.unavailable' || held.abort.signal.aborted) {
          runLog.warn({ code: fault.code }, `could not write the outcome: ${fault.message}`)
          return
        }
        await sleep(backoffMs(failures + 1, { firstMs: 200, maxMs: 10_000 }), held.abort.signal).catch(
          () => undefined,
        )
      }
    }
    const why = 'error' in outcome && outcome.error ? `: ${outcome.error.code} ${outcome.error.message}` : ''
    const level = outcome.state === 'dead' || outcome.state === 'failed' ? 'warn' : 'info'
    runLog[level]({ state: outcome.state }, `run ${outcome.state}${why}`)
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
   * outcome could not be written, so that their lease ran out.
   */
  private async recover(isStart: boolean): Promise<void> {
    const { store, clock, node, log } = this.options
    try {
      const recovered = await store.recoverRuns({ node, alone: isStart, now: clock.now(), maxCrashes })
      if (recovered.length > 0) log.info({ runs: recovered }, `resuming ${recovered.length} interrupted runs`)
    } catch (error) {
      if (isStart) throw error
      log.warn({}, `cannot look for interrupted runs: ${toAppError(error).message}`)
    }
  }

  private async lookAround(): Promise<void> {
    const { store, clock, log } = this.options
    try {
      await store.expireApprovals(clock.now())
    } catch (error) {
      log.warn({}, `cannot look for expired approvals: ${toAppError(error).message}`)
    }
    this.wake()
  }
}
