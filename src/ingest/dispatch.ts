import type { Config } from '../config/config.js'
import { echoWindowMs, isEcho } from '../domain/echo.js'
import { toAppError } from '../domain/errors.js'
import type { Event, MatchDecision } from '../domain/event.js'
import { arrivalSpan, dispatchSpan, traceOf } from '../domain/spans.js'
import { echoQuestion, echoRulesOf } from '../policy/echo.js'
import type { Store } from '../store/store.js'
import { backoffMs } from '../util/backoff.js'
import { type Clock, sleep } from '../util/clock.js'
import { faultPoint } from '../util/fault-point.js'
import type { Logger } from '../util/log.js'
import type { Tracer } from '../util/trace.js'
import { match } from './match.js'

type DispatchConfig = Pick<Config, 'agents' | 'sources' | 'tools'>

export interface DispatcherOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly tracer?: Tracer | undefined
  /** The configuration in force. */
  readonly config: () => DispatchConfig
  /** Called after the commit, when there are runs to be claimed. */
  readonly onRuns: (runIds: readonly string[]) => void
}

/** Most events in one dispatching transaction: large enough to share the commit, small enough not to hold up arrivals. */
const batchSize = 256
/**
 * Least time between two dispatching transactions. The first after a pause is made at once; under load many
 * events share one, because each costs an fsync that arrivals wait for.
 */
const paceMs = 10
/** Most events kept in memory; what is beyond is read back from the ledger. */
const bufferSize = 1024

/**
 * Decides on every recorded event, in order. What was just recorded is handed over in memory, so that it need
 * not be read and parsed again; whatever is missed (a start, a full buffer, a failure) is found in the ledger.
 */
export class Dispatcher {
  #buffer: Event[] = []
  #isBehind = true
  #working: Promise<void> | undefined
  #stopped = false
  #dispatchedAt = Number.NEGATIVE_INFINITY
  readonly #stop = new AbortController()

  constructor(private readonly options: DispatcherOptions) {}

  /** Events that were recorded just now. */
  offer(events: readonly Event[]): void {
    if (this.#buffer.length + events.length > bufferSize) this.#isBehind = true
    if (!this.#isBehind) this.#buffer.push(...events)
    this.wake()
  }

  /** There may be undispatched events in the ledger. */
  lookInLedger(): void {
    this.#isBehind = true
    this.wake()
  }

  /** Resolves when everything that was offered before is dispatched. */
  async settled(): Promise<void> {
    while (this.#working) await this.#working
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#stop.abort(new Error('stopping'))
    await this.settled()
  }

  private wake(): void {
    if (this.#working || this.#stopped) return
    this.#working = this.drain().finally(() => {
      this.#working = undefined
      if ((this.#buffer.length > 0 || this.#isBehind) && !this.#stopped) this.wake()
    })
  }

  private async drain(): Promise<void> {
    for (let failures = 0; !this.#stopped; ) {
      try {
        await this.pace()
        const events = await this.next()
        if (events.length === 0) return
        await this.dispatch(events)
        this.#dispatchedAt = this.options.clock.monotonic()
        failures = 0
      } catch (error) {
        failures++
        this.#isBehind = true
        const { code, message } = toAppError(error)
        this.options.log.error({ code, failures }, `dispatch failed, will try again: ${message}`)
        await sleep(backoffMs(failures, { firstMs: 100, maxMs: 10_000 }), this.#stop.signal).catch(
          () => undefined,
        )
      }
    }
  }

  private async pace(): Promise<void> {
    const waitMs = this.#dispatchedAt + paceMs - this.options.clock.monotonic()
    if (waitMs > 0) await sleep(waitMs, this.#stop.signal).catch(() => undefined)
  }

  private async next(): Promise<Event[]> {
    if (!this.#isBehind) return this.#buffer.splice(0, batchSize)
    // What is in the buffer is in the ledger too, and the ledger has the order. What is offered while the
    // ledger is being read goes to the buffer; where both have it, dispatching it again changes nothing.
    this.#buffer = []
    this.#isBehind = false
    const events = await this.options.store.undispatched(batchSize)
    if (events.length === batchSize) this.#isBehind = true
    return events
  }

  private async dispatch(recorded: readonly Event[]): Promise<void> {
    const { store, clock, tracer, onRuns } = this.options
    const startedAt = clock.now()
    // One configuration for the whole batch, whatever is swapped meanwhile.
    const config = this.options.config()
    const inForce = [...config.agents.values()]
    const events = await this.withEchoes(recorded, config)
    const dispatches = events.map((event) => ({
      eventId: event.id,
      decisions: match(event, inForce),
      ...(isEcho(event) && { echo: { runId: event.echoOf, chain: event.chain } }),
    }))
    const mailboxes = new Map(inForce.map(({ name, mailbox }) => [name, mailbox]))
    const runIds = await store.dispatch(dispatches, clock.now(), mailboxes)
    if (tracer) trace(tracer, events, dispatches, startedAt)
    if (runIds.length === 0) return
    faultPoint('K04')
    onRuns(runIds)
  }

  /** Those that our own writes caused say so. The ledger is asked only of what can be one. */
  private async withEchoes(events: readonly Event[], config: DispatchConfig): Promise<readonly Event[]> {
    const rules = echoRulesOf(config)
    if (rules.makers.size === 0 && rules.self.size === 0) return events
    const questions = events.flatMap((event) => echoQuestion(event, rules) ?? [])
    if (questions.length === 0) return events
    const { store, clock } = this.options
    const echoes = await store.echoesOf(questions, clock.now() - echoWindowMs)
    return events.map((event) => {
      const echo = echoes.get(event.id)
      return echo ? { ...event, echoOf: echo.runId, chain: echo.chain } : event
    })
  }
}

/** Of a delivery the root is told as it arrives; what came by the clock has no other place for it. */
function trace(
  tracer: Tracer,
  events: readonly Event[],
  dispatches: readonly { readonly decisions: readonly MatchDecision[] }[],
  startedAt: number,
): void {
  for (const [at, event] of events.entries()) {
    const root = traceOf(event.id)
    const decisions = dispatches[at]?.decisions ?? []
    const woken = decisions.filter(({ reason }) => reason === 'matched').map(({ agent }) => agent)
    if (event.via !== 'webhook') tracer.begin(root, arrivalSpan(event)).end()
    tracer
      .under(root)
      .child(dispatchSpan(event.id, woken, startedAt))
      .end()
  }
}
