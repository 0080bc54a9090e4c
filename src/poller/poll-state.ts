import { z } from 'zod'
import type { PollOptions } from '../sources/poll.js'
import { firstPosition, type PollPosition, readPosition } from '../sources/poll-position.js'
import { pollFingerprint } from '../sources/poll-request.js'
import { usesSubstitution } from '../sources/poll-template.js'
import type { Cursor } from '../store/records.js'
import { backoffMs } from '../util/backoff.js'
import { isoTime } from '../util/clock.js'
import { type JsonValue, stringifyJson } from '../util/json.js'
import { sha256 } from '../util/signature.js'
import type { Validators } from './answer.js'

/** What a poll keeps as its cursor's value. Pure rules of what comes next; nothing here does I/O. */
export interface PollState {
  readonly position: PollPosition
  /** What the pages' description was; a walk that is under way is not gone on with under another. */
  readonly pages: string
  readonly validators: (Validators & { readonly uses: number }) | null
  /** The last thing that may have been missed, with the time when it was found. */
  readonly gap: { readonly at: number; readonly text: string } | null
}

const stateSchema = z.object({
  position: z.unknown(),
  pages: z.string(),
  validators: z
    .object({
      url: z.string(),
      etag: z.string().nullable(),
      lastModified: z.string().nullable(),
      uses: z.number(),
    })
    .nullable(),
  gap: z.object({ at: z.number(), text: z.string() }).nullable(),
})

export interface Opened {
  readonly state: PollState
  /** Said once, when the cursor of another request is given up, or was lost. */
  readonly gap: string | undefined
}

/**
 * Where the next tick begins: what the ledger kept, or the start where there is nothing of use. `lastEventAt`: when an
 * event of the source was last recorded. One that has events and no cursor was polled before, so it is no first run.
 */
export function openState(
  options: PollOptions,
  cursor: Cursor | undefined,
  now: number,
  lastEventAt?: number,
): Opened {
  const pages = pagesDigest(options)
  const first: PollState = { position: firstPosition(now), pages, validators: null, gap: null }
  if (!cursor && lastEventAt !== undefined) {
    const lost = 'the cursor of the source is not in the ledger any more'
    const { position, gap } = resyncPosition(options, lastEventAt, now, lost)
    return { state: { ...first, position, gap: { at: now, text: gap } }, gap }
  }
  if (!cursor) return { state: first, gap: undefined }
  const since =
    cursor.lastOkAt === undefined ? '' : ` What came since ${isoTime(cursor.lastOkAt)} may be missed.`
  if (cursor.fingerprint !== pollFingerprint(options)) {
    const gap = `the request or what identifies its records was changed, so polling starts anew by first_run.${since}`
    return { state: { ...first, gap: { at: now, text: gap } }, gap }
  }
  const parsed = stateSchema.safeParse(cursor.value)
  const position = parsed.success ? readPosition(parsed.data.position as JsonValue) : undefined
  if (!parsed.success || !position) {
    const gap = `the cursor in the ledger is not readable, so polling starts anew by first_run.${since}`
    return { state: { ...first, gap: { at: now, text: gap } }, gap }
  }
  const walk = parsed.data.pages === pages ? position.walk : null
  return { state: { ...parsed.data, pages, position: { ...position, walk } }, gap: undefined }
}

/** The state as the ledger keeps it. */
export function storedState({ position, pages, validators, gap }: PollState): JsonValue {
  return {
    position,
    pages,
    validators: validators && { ...validators },
    gap: gap && { ...gap },
  }
}

function pagesDigest({ pages: { max: _max, ...pages } }: PollOptions): string {
  const { next, more, ...rest } = pages
  const shape = { ...rest, next: next?.source ?? null, more: more?.source ?? null }
  return sha256(stringifyJson(JSON.parse(JSON.stringify(shape)) as JsonValue)).toString('base64url')
}

/** Statuses with which APIs refuse a cursor that they no longer know. */
const expiredStatuses = [400, 404, 410, 412, 422]

/** Whether the refusal of a request made in the middle of a walk, or with a token, is one of the place and not of the request. */
export function isExpired(status: number | undefined): boolean {
  return status !== undefined && expiredStatuses.includes(status)
}

/** Whether the walk stands behind its first page, at a place that the API named. */
export function isMidWalk({ walk }: PollPosition): boolean {
  return walk !== null && (walk.pages > 0 || walk.pass > 1)
}

/**
 * Where polling goes on when its token is not known any more. With a `{since}` in the request everything
 * since the last good tick is read again, and what is known wakes nobody; without, only `first_run` can say.
 */
export function resyncPosition(
  options: PollOptions,
  lastOkAt: number | undefined,
  now: number,
  cause = 'the API no longer knows the cursor',
): { position: PollPosition; gap: string } {
  const { request } = options
  const hasSince = usesSubstitution('since', request.query, request.headers, request.body)
  if (hasSince && lastOkAt !== undefined) {
    const position = { ...firstPosition(lastOkAt - resyncMarginMs), isDated: true, isPrimed: true }
    return { position, gap: `${cause}; read again since ${isoTime(lastOkAt)}` }
  }
  const since = lastOkAt === undefined ? '' : `; what came since ${isoTime(lastOkAt)} may be missed`
  return { position: firstPosition(now), gap: `${cause}${since}` }
}

const resyncMarginMs = 600_000

/** A full request every so often, because not every API keeps its promise of an ETag. */
const mostConditional = 20

/** Validators to send with this request, or null for a full one. */
export function validatorsFor(
  options: PollOptions,
  { position, validators }: PollState,
  url: string,
): PollState['validators'] {
  if (options.conditional === 'off' || validators === null || isMidWalk(position)) return null
  return validators.url === url && validators.uses < mostConditional ? validators : null
}

/** How long after a gap it stays to be seen. */
const gapShownMs = 86_400_000

/** What the cursor says is wrong: this tick's trouble, else a gap of the last day, else nothing. */
export function shownError(trouble: string | undefined, { gap }: PollState, now: number): string | undefined {
  if (trouble !== undefined) return trouble.slice(0, 500)
  return gap !== null && now - gap.at < gapShownMs ? `poll.gap: ${gap.text}`.slice(0, 500) : undefined
}

/** A share of 1 that is always the same for a name: sources that start together do not ask together. */
export function staggerOf(name: string): number {
  return sha256(name).readUInt32BE(0) / 2 ** 32
}

export interface NextTick {
  readonly everyMs: number
  readonly startedAt: number
  readonly endedAt: number
  /** Ticks that failed in a row, this one included. */
  readonly failures: number
  /** What the API asked for, from `endedAt`. */
  readonly waitMs: number | undefined
  readonly random: () => number
}

const longestBackoffMs = 15 * 60_000

/** When the next tick is due: ±10 %, from the start of this one; ticks that would have overlapped it are left out. */
export function nextTickAt({ everyMs, startedAt, endedAt, failures, waitMs, random }: NextTick): number {
  const interval = everyMs * (0.9 + 0.2 * random())
  let next = startedAt + interval
  if (next < endedAt) next += Math.ceil((endedAt - next) / interval) * interval
  if (failures > 0) {
    const backoff = { firstMs: everyMs, maxMs: Math.max(everyMs, longestBackoffMs) }
    next = Math.max(next, endedAt + backoffMs(failures, backoff, random))
  }
  return Math.ceil(Math.max(next, endedAt + (waitMs ?? 0)))
}
