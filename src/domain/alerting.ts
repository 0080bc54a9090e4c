import type { ErrorCode } from './errors.js'

/** What people are told of what is wrong, where, and how often. */

export type AlertTarget =
  /** Signed as Standard Webhooks are. `secret` is `whsec_` and base64; the prefix may be missing. */
  | {
      readonly kind: 'webhook'
      readonly url: string
      readonly secret: string
      readonly isPrivate: boolean
    }
  /** Slack, or what takes the same JSON. The URL is a secret. */
  | { readonly kind: 'slack'; readonly url: string; readonly isPrivate: boolean }
  | { readonly kind: 'log' }

export interface AlertRules {
  /** By source: how long nothing may come. */
  readonly silenceMs: ReadonlyMap<string, number>
  /** Which share of a source's deliveries may be refused. */
  readonly refused: { readonly share: number; readonly windowMs: number } | undefined
  /** Which share of a daily budget may be used. */
  readonly budgetShare: number | undefined
  /** How long a call may wait for a person. */
  readonly waitingMs: number | undefined
  /** How old the oldest event or run may get for which nobody had time. */
  readonly backlogMs: number | undefined
}

export interface AlertSettings {
  readonly to: readonly AlertTarget[]
  /** How soon a target is told again of what still stands. */
  readonly repeatMs: number
  readonly rules: AlertRules
}

/** What is wrong now. */
export interface StandingAlert {
  readonly cause: string
  readonly code: ErrorCode
  readonly message: string
  readonly raisedAt: number
}

/** What a target was told of a cause, or is owed. It is there until the target was told that the cause is over. */
export interface Telling {
  readonly target: string
  readonly cause: string
  readonly code: ErrorCode
  readonly raisedAt: number
  /** The last time; undefined while the first message is owed. */
  readonly toldAt: number | undefined
  /** How often it was told that it stands. */
  readonly times: number
}

export type AlertState = 'raised' | 'standing' | 'over'

export interface DueTelling {
  readonly state: AlertState
  readonly telling: Telling
  /** Undefined where it is over. */
  readonly alert: StandingAlert | undefined
}

/** What is over for a shorter time may come back: a cause that comes and goes is one that stands. */
export const settleMs = 120_000

/**
 * What one target is to be told now: once when a cause begins, again after `repeatMs` while it stands, once when it is
 * over. `tellings` are the target's own, by cause; `overSince` says since when a cause does not stand. Pure.
 */
export function dueTellings(
  standing: readonly StandingAlert[],
  tellings: ReadonlyMap<string, Telling>,
  overSince: ReadonlyMap<string, number>,
  { target, repeatMs, now }: { target: string; repeatMs: number; now: number },
): DueTelling[] {
  const due: DueTelling[] = []
  const causes = new Set<string>()
  for (const alert of standing) {
    const { cause, code, raisedAt } = alert
    causes.add(cause)
    const telling = tellings.get(cause) ?? { target, cause, code, raisedAt, toldAt: undefined, times: 0 }
    if (telling.toldAt === undefined) due.push({ state: 'raised', telling, alert })
    // Where the clock was set back, what was told lies in the future.
    else if (Math.abs(now - telling.toldAt) >= repeatMs) due.push({ state: 'standing', telling, alert })
  }
  for (const telling of tellings.values()) {
    const since = overSince.get(telling.cause)
    if (causes.has(telling.cause) || since === undefined || now - since < settleMs) continue
    due.push({ state: 'over', telling, alert: undefined })
  }
  return due
}

interface Waiting {
  /** At least; of very many not all are counted. */
  readonly count: number
  readonly oldestAt: number | undefined
}

/** What could go on and has not begun. */
export interface Backlog {
  /** No decision has been made on them; by the time of recording. */
  readonly events: Waiting
  /** Nothing but a free worker is missing; by the time of creation. */
  readonly runs: Waiting
}

/** Of one agent: runs that died and were not replayed. */
export interface DeadRuns {
  readonly agent: string
  readonly count: number
  /** The newest. */
  readonly runId: string
  readonly eventId: string
  readonly code: ErrorCode
}
