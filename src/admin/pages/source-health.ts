import type { SourceSettings } from '../../config/config.js'
import { poll } from '../../sources/poll.js'
import { schedule } from '../../sources/schedule.js'
import type { Cursor, StoredRefusal } from '../../store/records.js'
import type { Activity } from '../../store/reports.js'
import { utcDay } from '../../util/clock.js'
import type { PageOptions } from './page.js'

/** How each configured source does: what came lately, what is missing, what is wrong. */

export const hourMs = 3_600_000
export const dayMs = 24 * hourMs
/** How far back is looked for what is usual. */
export const usualDays = 14

export interface SourceHealth {
  readonly settings: SourceSettings
  /** Deliveries come to it; else it goes by the clock. */
  readonly isPushed: boolean
  readonly lastEventAt: number | undefined
  /** The newest event or delivery, a duplicate too. */
  readonly lastSeenAt: number | undefined
  /** By hour, those in which anything came, oldest first. */
  readonly hours: readonly Activity[]
  /** Newest last, of the last days. */
  readonly refusals: readonly StoredRefusal[]
  /** Of one that goes by the clock. */
  readonly cursor: Cursor | undefined
  readonly condition: Condition
}

/** What is the matter with it, if anything. */
export type Condition =
  | { readonly is: 'fine' }
  | { readonly is: 'new' }
  /** Quiet for longer than it ever was in the last days. */
  | { readonly is: 'silent'; readonly forMs: number; readonly usualMs: number | undefined }
  /** Since it last brought anything, what came in the sender’s way was refused. */
  | { readonly is: 'refused'; readonly lastAt: number; readonly reason: string }
  | { readonly is: 'failing'; readonly failures: number; readonly error: string }
  | { readonly is: 'overdue'; readonly since: number }
  | { readonly is: 'gap'; readonly error: string }

export async function sourcesHealth(
  { store, clock, config }: Pick<PageOptions, 'store' | 'clock' | 'config'>,
  only?: string,
): Promise<SourceHealth[]> {
  const now = clock.now()
  const since = now - usualDays * dayMs
  const settings = [...config().sources.values()].filter(({ name }) => only === undefined || name === only)
  const [activity, { sources: totals }, refusals] = await Promise.all([
    store.activity(since, now + hourMs, hourMs),
    store.totals(),
    store.refusals(utcDay(since)),
  ])
  const found: SourceHealth[] = []
  for (const one of settings) {
    const { name } = one
    const isPushed = one.kind !== poll.kind && one.kind !== schedule.kind
    const total = totals.find(({ source }) => source === name)
    const facts = {
      settings: one,
      isPushed,
      lastEventAt: total?.lastEventAt,
      lastSeenAt: latest(total?.lastEventAt, total?.lastDeliveryAt),
      hours: activity.filter(({ source }) => source === name),
      refusals: refusals.filter(({ source }) => source === name),
      cursor: isPushed ? undefined : await store.cursor(name),
    }
    found.push({ ...facts, condition: conditionOf(facts, now) })
  }
  return found
}

function latest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

export function conditionOf(facts: Omit<SourceHealth, 'condition'>, now: number): Condition {
  return facts.isPushed ? ofPushed(facts, now) : ofClocked(facts, now)
}

function ofPushed({ lastSeenAt, hours, refusals }: Omit<SourceHealth, 'condition'>, now: number): Condition {
  const refused = newestOf(refusals.filter(({ lastAt }) => lastAt > (lastSeenAt ?? 0)))
  const isRefused = refused && { is: 'refused' as const, lastAt: refused.lastAt, reason: refused.reason }
  if (lastSeenAt === undefined) return isRefused ?? { is: 'new' }
  const signed = newestOf(refusals.filter((one) => one.lastAt > lastSeenAt && tellsOfSender(one)))
  if (signed) return { is: 'refused', lastAt: signed.lastAt, reason: signed.reason }
  const usualMs = longestQuietOf(hours.map(({ at }) => at))
  const forMs = now - lastSeenAt
  const isSilent = usualMs === undefined ? forMs > usualDays * dayMs : forMs > 1.5 * usualMs
  // A stranger can be refused at any time. Where nothing else comes any more it is the sender.
  return isSilent ? (isRefused ?? { is: 'silent', forMs, usualMs }) : { is: 'fine' }
}

function newestOf(refusals: readonly StoredRefusal[]): StoredRefusal | undefined {
  return [...refusals].sort((left, right) => right.lastAt - left.lastAt)[0]
}

/** What a request is refused for that is signed in the sender's way, and so is hardly a stranger's. */
const sendersReasons: ReadonlySet<string> = new Set([
  'verification.signature_mismatch',
  'verification.stale_timestamp',
  'verification.secret_out_of_time',
  'verification.bad_credentials',
  'verification.untrusted_key',
])

/** Anybody may try once or twice. */
const fewRefusals = 3

function tellsOfSender({ reason, count }: StoredRefusal): boolean {
  return count >= fewRefusals && sendersReasons.has(reason)
}

/** With fewer hours in which anything came there is nothing usual. */
const fewHours = 6

/** The longest stretch between two of these hours; never less than an hour, because no less can be seen. */
export function longestQuietOf(hours: readonly number[]): number | undefined {
  if (hours.length < fewHours) return undefined
  const gaps = hours.slice(1).map((at, index) => at - (hours[index] ?? at))
  return Math.max(hourMs, ...gaps)
}

/** A tick takes a while, and a machine sleeps. */
const overdueMs = 5 * 60_000
const gapMark = 'poll.gap'

function ofClocked({ cursor }: Omit<SourceHealth, 'condition'>, now: number): Condition {
  if (!cursor) return { is: 'new' }
  const { failures, lastError, nextAt } = cursor
  if (failures > 0) return { is: 'failing', failures, error: lastError ?? 'no reason is known' }
  if (now - nextAt > overdueMs) return { is: 'overdue', since: nextAt }
  return lastError?.startsWith(gapMark) ? { is: 'gap', error: lastError } : { is: 'fine' }
}

/** Of the last `hours` hours each, oldest first, also those in which nothing came. */
export function lastHours(of: readonly Activity[], hours: number, now: number): (Activity | undefined)[] {
  const newest = Math.floor(now / hourMs) * hourMs
  return spread(of, newest, hours, hourMs)
}

function spread(
  of: readonly Activity[],
  newest: number,
  amount: number,
  stepMs: number,
): (Activity | undefined)[] {
  const byTime = new Map(of.map((one) => [one.at, one]))
  return Array.from({ length: amount }, (_, index) => byTime.get(newest - (amount - 1 - index) * stepMs))
}

export interface Sums {
  readonly events: number
  readonly dispatched: number
  readonly ignored: number
  readonly echoes: number
  readonly deliveries: number
  readonly duplicates: number
  readonly malformed: number
}

export function sumOf(of: readonly (Activity | undefined)[]): Sums {
  const sum = (amount: (one: Activity) => number) =>
    of.reduce((total, one) => total + (one ? amount(one) : 0), 0)
  return {
    events: sum(({ events }) => events.recorded),
    dispatched: sum(({ events }) => events.dispatched),
    ignored: sum(({ events }) => events.ignored),
    echoes: sum(({ events }) => events.echo),
    deliveries: sum(({ deliveries }) => deliveries.recorded + deliveries.duplicate + deliveries.malformed),
    duplicates: sum(({ deliveries }) => deliveries.duplicate),
    malformed: sum(({ deliveries }) => deliveries.malformed),
  }
}

/** By UTC day, oldest first, also those on which nothing came. */
export function lastDays(of: readonly Activity[], days: number, now: number): Sums[] {
  const newest = Math.floor(now / dayMs) * dayMs
  return Array.from({ length: days }, (_, index) => {
    const from = newest - (days - 1 - index) * dayMs
    return sumOf(of.filter(({ at }) => at >= from && at < from + dayMs))
  })
}
