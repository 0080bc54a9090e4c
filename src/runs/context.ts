import type { Config } from '../config/config.js'
import type { Agent, ModelSettings } from '../domain/agent.js'
import type { Event } from '../domain/event.js'
import type { Lease, Run } from '../domain/run.js'
import type { Model, ModelAnswer } from '../models/model.js'
import type { Store } from '../store/store.js'
import type { ToolClient } from '../tools/tool.js'
import type { Clock } from '../util/clock.js'
import type { Logger } from '../util/log.js'
import type { Span } from '../util/trace.js'
import type { Secrets } from './secrets.js'

/** What one stretch of work on one run has to hand. */
export interface RunContext {
  readonly lease: Lease
  readonly run: Run
  /** The one that the run is about; of several the newest. Policy, ids and idempotency keys know only this one. */
  readonly event: Event
  /** The time of a newer event of the subject that an earlier run of the agent was about. */
  readonly newerEventAt: number | undefined
  readonly agent: Agent
  /** The configuration that the run began with, which it keeps. */
  readonly config: Config
  /** The configuration in force now, which may be another one. */
  readonly current: () => Config
  /** Keeps our own secrets from the model, the ledger and APIs. */
  readonly secrets: Secrets
  readonly store: Store
  readonly model: Model
  readonly tools: ToolClient
  /** US dollars for an answer; undefined when unknown. */
  readonly costOf: CostOf
  readonly clock: Clock
  readonly log: Logger
  /** What is being done, for the spans below it; undefined where traces are off. */
  readonly span?: Span | undefined
  /** Aborts when the lease is lost or the process must end now: whatever is under way is given up. */
  readonly signal: AbortSignal
  /** Whether to stop at the next safe point, because the process is to end. */
  readonly isStopping: () => boolean
  /** `clock.monotonic()` at the beginning of this stretch. */
  readonly beganAt: number
}

export type CostOf = (settings: ModelSettings, answer: ModelAnswer) => number | undefined

/** Time spent on the run so far, this stretch included. */
export function activeMs({ run, clock, beganAt }: RunContext): number {
  return run.usage.activeMs + (clock.monotonic() - beganAt)
}
