import {
  type AlertTarget,
  type DueTelling,
  dueTellings,
  type StandingAlert,
  type Telling,
} from '../domain/alerting.js'
import { toAppError } from '../domain/errors.js'
import type { Store } from '../store/store.js'
import { backoffMs, retryAfterMs } from '../util/backoff.js'
import type { Clock } from '../util/clock.js'
import type { Network } from '../util/fetch.js'
import { type JsonObject, stringifyJson } from '../util/json.js'
import type { Logger } from '../util/log.js'
import { hmac, sha256 } from '../util/signature.js'
import { type AlertMessage, alertMessage, slackBody, webhookBody } from './alert-message.js'
import type { Alerts } from './alerts.js'
import type { Secrets } from './secrets.js'

export interface TellerOptions {
  readonly store: Pick<Store, 'recordTelling' | 'forgetTelling'>
  readonly alerts: Pick<Alerts, 'raise' | 'resolve' | 'isLedgerAway'>
  readonly network: Network
  readonly clock: Clock
  readonly log: Logger
  /** Of the configuration in force. */
  readonly secrets: () => Secrets
  /** What this rouse is called in messages: its public URL. */
  readonly name: () => string
  /** Nothing new is sent from then on. */
  readonly stopping: AbortSignal
  /** What is under way is given up. */
  readonly signal: AbortSignal
}

const timeoutMs = 10_000
const maxAnswerBytes = 64 * 1024
const firstPauseMs = 2000
const longestPauseMs = 5 * 60_000
/** So often in a row it fails before the others are told. */
const failuresToTell = 3

/** Which target it is, whatever else of it changes. Tells nothing of the URL. */
export function targetId(target: AlertTarget): string {
  return target.kind === 'log' ? 'log' : sha256(target.kind, '\n', target.url).toString('hex').slice(0, 16)
}

/**
 * Tells one target what stands and what is over, at least once: what is owed is in the ledger before it is sent, and
 * stays there until the target took it. It is sent again after growing pauses, and nothing waits for it.
 */
export class AlertTeller {
  readonly id: string
  #looking: Promise<void> | undefined
  readonly #overSince = new Map<string, number>()
  /** Causes whose telling could not be written to the ledger yet. */
  readonly #unwritten = new Set<string>()
  #failures = 0
  #pauseUntil = Number.NEGATIVE_INFINITY

  constructor(
    /** Its settings may change while it is the same. */
    public target: AlertTarget,
    private readonly tellings: Map<string, Telling>,
    private readonly options: TellerOptions,
  ) {
    this.id = targetId(target)
  }

  /** Does what is due. Never rejects; one look at a time. */
  look(standing: readonly StandingAlert[], repeatMs: number): Promise<void> {
    this.#looking ??= this.lookOnce(standing, repeatMs)
      .catch((cause: unknown) => {
        const { code, message } = toAppError(cause)
        this.options.log.warn({ target: this.shown, code }, `cannot tell of alerts: ${message}`)
      })
      .finally(() => {
        this.#looking = undefined
      })
    return this.#looking
  }

  /** It is no longer configured: nothing is owed to it. */
  async forget(): Promise<void> {
    await this.#looking
    for (const cause of this.tellings.keys()) await this.options.store.forgetTelling(this.id, cause)
    this.options.alerts.resolve(this.cause)
  }

  /** Resolves when nothing of it is under way any more. */
  async stopped(): Promise<void> {
    await this.#looking
  }

  private async lookOnce(standing: readonly StandingAlert[], repeatMs: number): Promise<void> {
    const now = this.options.clock.now()
    const others = standing.filter(({ cause }) => cause !== this.cause)
    this.noteOver(others, now)
    const due = dueTellings(others, this.tellings, this.#overSince, { target: this.id, repeatMs, now })
    for (const { telling } of due) if (!this.tellings.has(telling.cause)) this.keep(telling)
    await this.write()
    if (this.options.clock.monotonic() < this.#pauseUntil) return
    for (const one of due) {
      if (this.options.stopping.aborted || !(await this.tell(one, now))) return
      await this.write()
    }
  }

  private noteOver(standing: readonly StandingAlert[], now: number): void {
    for (const { cause } of standing) this.#overSince.delete(cause)
    for (const cause of this.tellings.keys()) {
      const stands = standing.some((alert) => alert.cause === cause)
      if (!stands && !this.#overSince.has(cause)) this.#overSince.set(cause, now)
    }
  }

  /** True when the target took it. */
  private async tell(due: DueTelling, now: number): Promise<boolean> {
    const { telling, state } = due
    const failure = await this.send(alertMessage(due, now))
    if (failure !== undefined) {
      this.failed(failure)
      return false
    }
    this.succeeded()
    if (state === 'over') {
      this.tellings.delete(telling.cause)
      this.#overSince.delete(telling.cause)
      this.#unwritten.add(telling.cause)
    } else this.keep({ ...telling, toldAt: now, times: telling.times + 1 })
    return true
  }

  private keep(telling: Telling): void {
    this.tellings.set(telling.cause, telling)
    this.#unwritten.add(telling.cause)
  }

  /** What cannot be written is told all the same; after a crash it may be told again. */
  private async write(): Promise<void> {
    const { store, alerts } = this.options
    for (const cause of this.#unwritten) {
      if (alerts.isLedgerAway) return
      const telling = this.tellings.get(cause)
      try {
        await (telling ? store.recordTelling(telling) : store.forgetTelling(this.id, cause))
      } catch {
        return
      }
      this.#unwritten.delete(cause)
    }
  }

  /** Resolves to what went wrong; undefined when it was taken. */
  private async send(message: AlertMessage): Promise<{ reason: string; afterMs?: number } | undefined> {
    const { target } = this
    const { network, clock, log, secrets, name, signal } = this.options
    if (target.kind === 'log') {
      // The beginning and the end are in the log already.
      if (message.state === 'standing') log.error({ alert: message.cause, code: message.code }, message.text)
      return undefined
    }
    const body = stringifyJson(secrets().redactJson(bodyFor(target, message, name(), clock.now())))
    const signed =
      target.kind === 'webhook' ? signedHeaders(message.id, target.secret, clock.now(), body) : {}
    try {
      const { status, headers } = await network.request({
        method: 'POST',
        url: target.url,
        headers: { 'content-type': 'application/json', 'user-agent': 'rouse', ...signed },
        body,
        timeoutMs,
        maxBytes: maxAnswerBytes,
        signal,
        allowPrivate: target.isPrivate,
      })
      if (status >= 200 && status < 300) return undefined
      const afterMs = retryAfterMs(headers['retry-after'], clock.now())
      return { reason: `it answered ${status}`, ...(afterMs !== undefined && { afterMs }) }
    } catch (cause) {
      return { reason: toAppError(cause).message }
    }
  }

  private failed({ reason, afterMs = 0 }: { reason: string; afterMs?: number }): void {
    const { clock, log, alerts, signal } = this.options
    if (signal.aborted) return
    this.#failures++
    const pause = backoffMs(this.#failures, { firstMs: firstPauseMs, maxMs: longestPauseMs })
    this.#pauseUntil = clock.monotonic() + Math.min(longestPauseMs, Math.max(pause, afterMs))
    if (this.#failures === 1) log.warn({ target: this.shown }, `an alert is not told yet: ${reason}`)
    if (this.#failures < failuresToTell) return
    const message = `alerts do not reach ${this.shown}: ${reason}; they are sent again until they do`
    alerts.raise({ cause: this.cause, code: 'alert.undelivered', message })
  }

  private succeeded(): void {
    if (this.#failures >= failuresToTell) this.options.alerts.resolve(this.cause)
    this.#failures = 0
    this.#pauseUntil = Number.NEGATIVE_INFINITY
  }

  /** Of a URL its host alone. */
  private get shown(): string {
    return this.target.kind === 'log' ? 'log' : `${this.target.kind} ${new URL(this.target.url).host}`
  }

  private get cause(): string {
    return `alerts to ${this.shown}`
  }
}

function bodyFor(target: AlertTarget, message: AlertMessage, name: string, now: number): JsonObject {
  return target.kind === 'slack' ? slackBody(message) : webhookBody(message, name, now)
}

/** Standard Webhooks, https://github.com/standard-webhooks/standard-webhooks, read 2026-11-21: `{id}.{timestamp}.{body}`. */
function signedHeaders(id: string, secret: string, now: number, body: string): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000))
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = hmac('sha256', key, [`${id}.${timestamp}.${body}`]).toString('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}
