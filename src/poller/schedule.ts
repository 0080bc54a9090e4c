import { z } from 'zod'
import type { EventDraft } from '../domain/event.js'
import type { ScheduleOptions } from '../sources/schedule.js'
import type { Cursor } from '../store/records.js'
import type { Store } from '../store/store.js'
import { type Clock, isoTime } from '../util/clock.js'
import { type JsonValue, stringifyJson } from '../util/json.js'
import type { Logger } from '../util/log.js'
import { sha256 } from '../util/signature.js'
import { type CronTimes, compileCron } from './cron.js'
import type { TickResult } from './poll.js'

export interface ScheduleSource {
  readonly name: string
  readonly options: ScheduleOptions
}

export interface ScheduleDependencies {
  readonly store: Pick<Store, 'cursor' | 'recordTick'>
  readonly clock: Clock
  readonly log: Logger
}

/** Missed times that are older than this wake nobody. */
const catchUpMs = 86_400_000
/** Where a schedule without a next time (29 February of no year) looks again. */
const neverMs = 86_400_000

const stateSchema = z.object({ after: z.number() })

/** What is due at `now`, and where the schedule goes on. Pure. */
export interface ScheduleDue {
  /** The last time that was due, and how many before it were due and not seen. */
  readonly due: { readonly at: number; readonly missed: number } | undefined
  /** Due more than a day ago and given up, with nothing due since. */
  readonly isLost: boolean
  /** Times up to this one are done with. */
  readonly after: number
  readonly nextAt: number
}

/**
 * The last time that is due since `after` is due now; the others were missed and are only counted. One from
 * more than a day ago is given up: a daily report nobody waits for any more. A schedule is never behind by
 * more than one event, however long the process was down.
 */
export function scheduleDue(times: CronTimes, after: number, now: number): ScheduleDue {
  // The clock was set back over what is done already: begin from the present, keys stop what would come twice.
  const from = after > now + catchUpMs ? now : after
  const recent = Math.max(from, now - catchUpMs)
  const isLost = recent > from && (times.next(from) ?? Number.POSITIVE_INFINITY) <= recent
  const due = lastDue(times, recent, now)
  const done = Math.max(from, due?.at ?? from, recent)
  return {
    due,
    isLost: isLost && !due,
    after: done,
    nextAt: times.next(Math.max(done, now)) ?? now + neverMs,
  }
}

/** More are not counted one by one. */
const mostCounted = 100_000

function lastDue(times: CronTimes, after: number, now: number): { at: number; missed: number } | undefined {
  let at: number | undefined
  let count = 0
  for (let next = times.next(after); next !== undefined && next <= now; next = times.next(next)) {
    at = next
    if (++count > mostCounted) break
  }
  return at === undefined ? undefined : { at, missed: count - 1 }
}

export function scheduleFingerprint({ cron, timezone }: ScheduleOptions): string {
  return sha256(stringifyJson(['schedule', cron, timezone])).toString('hex')
}

/** The event of one time. Its id is the time itself, so that the same time is one event whoever notices it. */
export function scheduleDraft(
  { name, options }: ScheduleSource,
  { at, missed }: { readonly at: number; readonly missed: number },
): EventDraft {
  const said = { scheduled_at: isoTime(at), missed }
  const data: JsonValue =
    options.data === null || typeof options.data !== 'object' || Array.isArray(options.data)
      ? options.data
      : { ...said, ...options.data }
  return { sourceEventId: `${name}:${isoTime(at)}`, type: options.type, time: at, ids: {}, data }
}

/** Records what is due, if anything, with the next time, in one commit. Rejects with StoreError. */
export async function scheduleTick(
  source: ScheduleSource,
  { store, clock, log }: ScheduleDependencies,
): Promise<TickResult> {
  const { name, options } = source
  const now = clock.now()
  const cursor = await store.cursor(name)
  const fingerprint = scheduleFingerprint(options)
  const found = scheduleDue(
    compileCron(options.cron, options.timezone),
    startOf(cursor, fingerprint, now),
    now,
  )
  if (found.isLost) log.warn({ source: name }, 'a scheduled time is more than a day ago; it wakes nobody')
  if (found.due && found.due.missed > 0) {
    log.warn(
      { source: name, missed: found.due.missed },
      'scheduled times were missed; only the last one wakes',
    )
  }
  const recorded = await store.recordTick({
    source: name,
    via: 'schedule',
    now,
    events: found.due ? [scheduleDraft(source, found.due)] : [],
    primed: [],
    cursor: {
      fingerprint,
      value: { after: found.after },
      nextAt: found.nextAt,
      lastOkAt: now,
      lastError: undefined,
      failures: 0,
    },
  })
  const eventIds = recorded.events.flatMap(({ id, isNew }) => (isNew && id !== undefined ? [id] : []))
  return { eventIds, nextAt: found.nextAt, error: undefined }
}

/** A new or changed schedule begins now: what it would have been due at before is nobody's expectation. */
function startOf(cursor: Cursor | undefined, fingerprint: string, now: number): number {
  if (cursor?.fingerprint !== fingerprint) return now
  const parsed = stateSchema.safeParse(cursor.value)
  return parsed.success ? parsed.data.after : now
}
