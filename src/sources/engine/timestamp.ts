import { VerificationError } from '../../domain/errors.js'

export type TimestampUnit = 's' | 'ms' | 'iso'

/** How old and how far ahead a signed time may be. The future is bounded too: else a captured delivery keeps. */
export interface Tolerance {
  readonly pastMs: number
  readonly futureMs: number
}

/** What most senders recommend. */
export const defaultToleranceMs = 300_000

const forms: Record<TimestampUnit, RegExp> = {
  s: /^[1-9]\d{9}$/,
  ms: /^[1-9]\d{12}$/,
  iso: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/,
}

/** Epoch milliseconds. Throws VerificationError when the text is not wholly of the unit's form. */
export function readTimestamp(text: string, unit: TimestampUnit): number {
  const isWhole = forms[unit].test(text)
  const at = isWhole
    ? unit === 'iso'
      ? Date.parse(text)
      : Number(text) * (unit === 's' ? 1000 : 1)
    : Number.NaN
  if (Number.isFinite(at)) return at
  const expected = {
    s: 'ten digits of seconds',
    ms: 'thirteen digits of milliseconds',
    iso: 'ISO 8601 with a zone',
  }
  throw new VerificationError('verification.malformed_timestamp', `the signed time is not ${expected[unit]}`)
}

/** Throws VerificationError unless `at` lies in the tolerance. Written positively, so that NaN fails. */
export function checkFresh(at: number, now: number, { pastMs, futureMs }: Tolerance): void {
  const isFresh = at >= now - pastMs && at <= now + futureMs
  if (isFresh) return
  const seconds = Math.round(Math.abs(now - at) / 1000)
  if (at > now) {
    throw new VerificationError(
      'verification.future_timestamp',
      `the signed time is ${seconds} s in the future, ${futureMs / 1000} s are allowed; compare the clocks`,
    )
  }
  throw new VerificationError(
    'verification.stale_timestamp',
    `the signed time is ${seconds} s old, ${pastMs / 1000} s are allowed; compare the clocks`,
  )
}

/** The time as the sender would write it. */
export function writeTimestamp(now: number, unit: TimestampUnit): string {
  if (unit === 'iso') return `${new Date(now).toISOString().slice(0, 19)}Z`
  return String(unit === 's' ? Math.floor(now / 1000) : now)
}
