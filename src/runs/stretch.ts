import type { Config } from '../config/config.js'
import type { ModelSettings } from '../domain/agent.js'
import { AppError, StoreError, toAppError } from '../domain/errors.js'
import type { ParkedOn, RunOutcome } from '../domain/run.js'
import { attemptSpan, outcomeAttributes, traceOf } from '../domain/spans.js'
import type { Model } from '../models/model.js'
import type { ClaimedRun } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { ToolClient } from '../tools/tool.js'
import { backoffMs } from '../util/backoff.js'
import { type Clock, nextUtcDay, sleep } from '../util/clock.js'
import { faultPoint } from '../util/fault-point.js'
import type { Logger } from '../util/log.js'
import { type Span, type Tracer, within } from '../util/trace.js'
import type { Alerts } from './alerts.js'
import type { Configurations } from './configurations.js'
import type { CostOf, RunContext } from './context.js'
import { beginLimits, overLimit, overLimitCauses } from './day-limits.js'
import { endOfEcho } from './echo.js'
import { outcomeOfFailure } from './finish.js'
import { runLoop } from './loop.js'
import { secretsFor } from './secrets.js'
import { watchProgress } from './suspects.js'

export interface StretchOptions {
  readonly store: Store
  readonly configurations: Configurations
  readonly tools: ToolClient
  readonly modelFor: (settings: ModelSettings) => Model
  readonly costOf: CostOf
  readonly alerts: Alerts
  readonly clock: Clock
  readonly tracer?: Tracer | undefined
}

/** What a run under way is to wait for, from its next safe point on. */
export type Halt = Extract<ParkedOn, 'restart' | 'disk'>

/** One run that is being worked on here. */
export interface Held {
  readonly claimed: ClaimedRun
  readonly abort: AbortController
  isSuspect: boolean
}

export interface StretchHooks {
  /** Undefined while work goes on. */
  readonly halt: () => Halt | undefined
  /** A run that may have killed the process has got somewhere: it did not. */
  readonly onCleared: () => void
}

/** What else a stretch has to hand. */
interface Surroundings {
  readonly hooks: StretchHooks
  readonly log: Logger
  readonly span: Span | undefined
}

/** Works on the run until it ends, waits, or must stop. Undefined when it is no longer ours to finish. */
export async function work(
  options: StretchOptions,
  held: Held,
  hooks: StretchHooks,
  log: Logger,
): Promise<RunOutcome | undefined> {
  const { run } = held.claimed
  const root = options.tracer?.under(traceOf(run.eventId))
  if (root === undefined) return workWithin(options, held, { hooks, log, span: undefined })
  return within(root, attemptSpan(run), async (span) => {
    const outcome = await workWithin(options, held, { hooks, log, span })
    span?.set(outcomeAttributes(outcome))
    if (outcome?.state === 'dead' || outcome?.state === 'failed') span?.fail(outcome.error.code)
    return outcome
  })
}

async function workWithin(
  options: StretchOptions,
  held: Held,
  { hooks, log, span }: Surroundings,
): Promise<RunOutcome | undefined> {
  const { store, clock, configurations, alerts } = options
  const { claimed, abort } = held
  const { run } = claimed
  const beganAt = clock.monotonic()
  let maxAttempts = configurations.current.agents.get(run.agent)?.limits.attempts ?? 1
  try {
    const config = await configOf(claimed, configurations)
    const agent = config.agents.get(run.agent)
    if (!agent) throw undeclared(run.agent)
    maxAttempts = agent.limits.attempts
    const end = await endOfEcho(options, claimed, config, agent)
    if (end) return end
    const begun = await store.beginRun(claimed.lease, config.digest, clock.now(), beginLimits(agent))
    if (begun.state === 'over_limit') {
      const { cause, ...error } = overLimit(agent, begun)
      alerts.raise({ ...error, cause, message: `${error.message}; its events wait until tomorrow` })
      return { state: 'parked', on: 'budget', until: nextUtcDay(clock.now()), error }
    }
    if (run.startedAt === undefined) for (const cause of overLimitCauses(run)) alerts.resolve(cause)
    const isPinned = begun.configDigest === config.digest
    const pinned = isPinned ? config : await configurations.byDigest(begun.configDigest)
    const context = contextOf(options, held, pinned, { beganAt, log, hooks, span })
    faultPoint('K05')
    return halted(await runLoop(context), hooks.halt())
  } catch (error) {
    if (abort.signal.aborted) {
      // Given up because the process is to end: the next one goes on at once, and it was no crash.
      const halt = hooks.halt()
      return halt === undefined ? undefined : parkedFor(halt, clock.now())
    }
    if (error instanceof StoreError && error.code === 'store.lease_lost') return undefined
    if (toAppError(error).code === 'internal.unexpected') log.error({ err: error }, 'unexpected fault')
    const history = await store.journal(run.id).then(
      ({ attempts }) => attempts,
      () => [], // The ledger is away: the back-off begins anew.
    )
    const { redact } = secretsFor(configurations.current, configurations.current)
    const failure = { error, attempts: run.attempts, maxAttempts, history, now: clock.now() }
    return saidWith(redact, outcomeOfFailure(failure))
  }
}

/** What failed may say what others said, and that stands in the ledger. */
function saidWith(redact: (text: string) => string, outcome: RunOutcome): RunOutcome {
  if (!('error' in outcome) || outcome.error === undefined) return outcome
  return { ...outcome, error: { ...outcome.error, message: redact(outcome.error.message) } }
}

/** A run that stopped at a safe point because it was to, says for what. */
function halted(outcome: RunOutcome, halt: Halt | undefined): RunOutcome {
  const isStopped = outcome.state === 'parked' && outcome.on === 'time' && outcome.error === undefined
  return isStopped && halt !== undefined && outcome.until !== undefined
    ? parkedFor(halt, outcome.until)
    : outcome
}

/** On `restart` the time has come as soon as somebody looks: the next process does. */
function parkedFor(halt: Halt, now: number): RunOutcome {
  return halt === 'restart' ? { state: 'parked', on: halt, until: now } : { state: 'parked', on: halt }
}

function configOf({ run }: ClaimedRun, configurations: Configurations): Promise<Config> {
  return run.configDigest === undefined || run.usage.turns === 0
    ? Promise.resolve(configurations.current)
    : configurations.byDigest(run.configDigest)
}

function undeclared(agent: string): AppError {
  return new AppError('config.unavailable', `the agent "${agent}" is no longer declared`, {
    retry: { afterMs: 60_000 },
  })
}

function contextOf(
  options: StretchOptions,
  held: Held,
  config: Config,
  { beganAt, log, hooks, span }: Surroundings & { readonly beganAt: number },
): RunContext {
  const { lease, run, event, newerEventAt } = held.claimed
  const { store, tools, modelFor, costOf, clock, configurations } = options
  const agent = config.agents.get(run.agent)
  const settings = agent && config.models.get(agent.model)
  if (!agent || !settings) throw undeclared(run.agent)
  const onProgress = () => {
    if (!held.isSuspect) return
    held.isSuspect = false
    hooks.onCleared()
  }
  return {
    lease,
    run,
    event,
    newerEventAt,
    agent,
    config,
    current: () => configurations.current,
    secrets: secretsFor(config, () => configurations.current),
    store: held.isSuspect ? watchProgress(store, onProgress) : store,
    model: modelFor(settings),
    tools,
    costOf,
    clock,
    log,
    span,
    signal: held.abort.signal,
    isStopping: () => hooks.halt() !== undefined,
    beganAt,
  }
}

/** Writes how the stretch ended, and does not give up while the ledger is away: the outcome must not be lost. */
export async function finish(
  { store, clock, alerts }: StretchOptions,
  { claimed: { lease, run }, abort }: Held,
  outcome: RunOutcome,
  activeMs: number,
  log: Logger,
): Promise<void> {
  for (let failures = 0; ; failures++) {
    try {
      await store.finish(lease, outcome, activeMs, clock.now())
      if (outcome.state === 'completed') faultPoint('K16')
      alerts.resolve('ledger')
      break
    } catch (error) {
      const fault = toAppError(error)
      if (fault.code !== 'store.unavailable' || abort.signal.aborted) {
        log.warn({ code: fault.code }, `could not write the outcome: ${fault.message}`)
        return
      }
      alerts.raise({ cause: 'ledger', code: fault.code, message: fault.message })
      await sleep(backoffMs(failures + 1, { firstMs: 200, maxMs: 10_000 }), abort.signal).catch(
        () => undefined,
      )
    }
  }
  const why = 'error' in outcome && outcome.error ? `: ${outcome.error.code} ${outcome.error.message}` : ''
  const level = outcome.state === 'dead' || outcome.state === 'failed' ? 'warn' : 'info'
  log[level]({ state: outcome.state }, `run ${outcome.state}${why}`)
  if (outcome.state === 'completed' && run.replay > 0) alerts.resolve(`poison ${run.agent}`)
  if (outcome.state === 'parked' && outcome.on === 'person' && outcome.error !== undefined) {
    const message = `a write of ${run.agent} may have happened and nothing says so: \`rouse approvals\` shows what is held`
    alerts.raise({ cause: 'held writes', code: outcome.error.code, message })
  }
}
