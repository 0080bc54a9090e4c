import type { ModelSettings } from '../domain/agent.js'
import { type AppError, type ErrorCode, ModelError, ToolError } from '../domain/errors.js'
import type { Tool } from '../domain/tool.js'
import type { Model } from '../models/model.js'
import type { ToolAnswer, ToolClient } from '../tools/tool.js'
import { backoffMs } from '../util/backoff.js'
import type { Clock } from '../util/clock.js'
import type { Alerts } from './alerts.js'
import { modelAway } from './finish.js'

const failuresToOpen = 3
const firstOpenMs = 5000
const longestOpenMs = 10 * 60_000
/** No one's word keeps all runs waiting longer than this, and "at once" is no invitation. */
const longestStatedMs = 3_600_000
const shortestStatedMs = 1000
/** How soon those that wait for a probe look again; the longer it takes, the later. */
const shortestProbeWaitMs = 1000
const longestProbeWaitMs = 60_000

/** What a request says of the endpoint: it is there, it is away, it is away for so long, or nothing. */
export type Verdict =
  | { readonly kind: 'there' }
  | { readonly kind: 'away'; readonly code: ErrorCode; readonly message: string; readonly atOnce: boolean }
  | {
      readonly kind: 'asked'
      readonly code: ErrorCode
      readonly message: string
      readonly afterMs: number
    }
  | { readonly kind: 'nothing' }

/** A request that may be made; its verdict has to be told, whatever it is. */
export interface Entry {
  tell(verdict: Verdict): void
}

/**
 * Keeps runs from asking an endpoint that is away, all of them, one after the other. It opens when several requests
 * in a row fail, or one says when to come back; when that time has come exactly one request goes out, and the
 * others wait for what comes of it.
 */
export class Circuit {
  #failures = 0
  #opened = 0
  #openUntil: number | undefined
  #probeSince: number | undefined
  /** Grows each time that it opens or closes. */
  #turn = 0
  #last: { code: ErrorCode; message: string } | undefined

  constructor(
    /** Of its alert: `model default`. */
    readonly cause: string,
    private readonly clock: Clock,
    private readonly alerts: Pick<Alerts, 'raise' | 'resolve'>,
  ) {}

  /** How long to wait before anything may be asked; undefined when a request may be made. Changes nothing. */
  waitMs(): number | undefined {
    if (this.#openUntil === undefined) return undefined
    const now = this.clock.monotonic()
    if (now < this.#openUntil) return Math.ceil(this.#openUntil - now)
    if (this.#probeSince === undefined) return undefined
    const soon = Math.min(longestProbeWaitMs, Math.max(shortestProbeWaitMs, now - this.#probeSince))
    return backoffMs(1, { firstMs: soon * 2, maxMs: longestProbeWaitMs * 2 })
  }

  /** Call it only when there is nothing to wait for. On an open circuit the request is the probe. */
  enter(): Entry {
    const isProbe = this.#openUntil !== undefined
    if (isProbe) this.#probeSince = this.clock.monotonic()
    const turn = this.#turn
    let isTold = false
    return {
      tell: (verdict) => {
        if (isTold) return
        isTold = true
        if (isProbe) this.#probeSince = undefined
        // What was under way when it opened or closed says how it was before; only a stated time is news.
        if (turn === this.#turn || verdict.kind === 'asked') this.judge(verdict, isProbe)
      },
    }
  }

  /** Why it was opened. */
  get reason(): string {
    return this.#last?.message ?? 'away'
  }

  get code(): ErrorCode | undefined {
    return this.#last?.code
  }

  private judge(verdict: Verdict, isProbe: boolean): void {
    if (verdict.kind === 'nothing') return
    if (verdict.kind === 'there') {
      this.#failures = 0
      this.#opened = 0
      if (this.#openUntil !== undefined) this.#turn++
      this.#openUntil = undefined
      this.alerts.resolve(this.cause)
      return
    }
    this.#failures++
    this.#last = verdict
    if (verdict.kind === 'asked') {
      this.open(Math.min(longestStatedMs, Math.max(shortestStatedMs, verdict.afterMs)))
    } else if (isProbe || verdict.atOnce || this.#failures >= failuresToOpen) {
      this.#opened++
      this.open(backoffMs(this.#opened, { firstMs: firstOpenMs, maxMs: longestOpenMs }))
    }
  }

  private open(forMs: number): void {
    this.#turn++
    const until = this.clock.monotonic() + forMs
    this.#openUntil = Math.max(this.#openUntil ?? 0, until)
    if (!this.#last) return
    const { code, message } = this.#last
    const told = `${message}; runs wait and ask again by themselves`
    this.alerts.raise({ cause: this.cause, code, message: told })
  }
}

/** One for each model and each credential, or origin where there is none. Lost at a restart: then all are closed. */
export class Circuits {
  readonly #models = new WeakMap<Model, Circuit>()
  readonly #apis = new Map<string, Circuit>()

  constructor(
    private readonly clock: Clock,
    private readonly alerts: Pick<Alerts, 'raise' | 'resolve'>,
  ) {}

  /** The model, asked only while its circuit is closed. A model with other settings has a circuit of its own. */
  model({ name }: ModelSettings, model: Model): Model {
    const circuit = this.#models.get(model) ?? new Circuit(`model ${name}`, this.clock, this.alerts)
    this.#models.set(model, circuit)
    return {
      ask: async (request, signal) => {
        const waitMs = circuit.waitMs()
        if (waitMs !== undefined) throw modelWait(circuit, waitMs)
        const entry = circuit.enter()
        try {
          const answer = await model.ask(request, signal)
          entry.tell({ kind: 'there' })
          return answer
        } catch (error) {
          entry.tell(signal.aborted ? { kind: 'nothing' } : verdictOfModel(error))
          const openMs = circuit.waitMs()
          const isAway = error instanceof ModelError && modelAway.includes(error.code)
          throw isAway && openMs !== undefined ? laterBy(error, openMs) : error
        } finally {
          entry.tell({ kind: 'nothing' })
        }
      },
    }
  }

  /**
   * The same client; where the circuit of a request is open, `freeze` throws ToolError `tool.paused`, which says when
   * to come back, so that a write is decided on when it can be sent and not before; `send` rejects with the same
   * before anything is sent and before `beforeSend`.
   */
  tools(client: ToolClient): ToolClient {
    return {
      freeze: (tool, bindings) => {
        refuseWhileOpen(this.api(tool), tool)
        return client.freeze(tool, bindings)
      },
      close: () => client.close(),
      send: async (tool, request, options) => {
        const circuit = this.api(tool)
        refuseWhileOpen(circuit, tool)
        let entry: Entry | undefined
        try {
          const answer = await client.send(tool, request, {
            ...options,
            beforeSend: async () => {
              // It may have opened while the request waited for its turn.
              refuseWhileOpen(circuit, tool)
              entry = circuit.enter()
              await options.beforeSend?.()
            },
          })
          entry?.tell(options.signal.aborted ? { kind: 'nothing' } : verdictOfAnswer(circuit.cause, answer))
          return answer
        } finally {
          entry?.tell({ kind: 'nothing' })
        }
      },
    }
  }

  private api({ origin, credential }: Tool): Circuit {
    const cause = credential === undefined ? `origin ${origin}` : `credential ${credential}`
    const circuit = this.#apis.get(cause) ?? new Circuit(cause, this.clock, this.alerts)
    this.#apis.set(cause, circuit)
    return circuit
  }
}

function modelWait(circuit: Circuit, waitMs: number): ModelError {
  const message = `not asked: ${circuit.reason}`
  return new ModelError(circuit.code ?? 'model.unavailable', message, { retry: { afterMs: waitMs } })
}

function laterBy({ code, message, details, cause }: AppError, afterMs: number): ModelError {
  return new ModelError(code, message, { retry: { afterMs }, details, cause })
}

function verdictOfModel(error: unknown): Verdict {
  if (!(error instanceof ModelError)) return { kind: 'nothing' }
  const { code, message, retry } = error
  if (!modelAway.includes(code)) return { kind: 'there' }
  if (typeof retry === 'object') return { kind: 'asked', code, message, afterMs: retry.afterMs }
  return { kind: 'away', code, message, atOnce: code === 'model.unauthorized' }
}

function refuseWhileOpen(circuit: Circuit, tool: Tool): void {
  const waitMs = circuit.waitMs()
  if (waitMs === undefined) return
  throw new ToolError('tool.paused', `${tool.name} was not sent: ${circuit.reason}`, {
    retry: { afterMs: waitMs },
  })
}

/** Faults on the way that say the API is not there. One that broke off had begun to answer, and says nothing. */
const unreachable: readonly ErrorCode[] = ['tool.unreachable', 'tool.timeout']

function verdictOfAnswer(cause: string, answer: ToolAnswer): Verdict {
  if (answer.kind !== 'answered') {
    const { code, message } = answer.error
    if (unreachable.includes(code)) return { kind: 'away', code, message, atOnce: false }
    return { kind: code === 'tool.too_large' || code === 'tool.malformed' ? 'there' : 'nothing' }
  }
  const { status, retryAfterMs } = answer
  const message = `${cause}: the API answered ${status}`
  if (status === 429 && retryAfterMs !== undefined) {
    return { kind: 'asked', code: 'tool.status', message, afterMs: retryAfterMs }
  }
  if (status === 429 || status === 401 || status >= 500) {
    return { kind: 'away', code: 'tool.status', message, atOnce: false }
  }
  return { kind: 'there' }
}
