import { AppError } from '../domain/errors.js'
import type { EventDraft } from '../domain/event.js'
import { type JsonValue, stringifyJson } from '../util/json.js'
import { scalarText, valueAt } from '../util/path.js'
import { sha256 } from '../util/signature.js'
import type { PageKind, PollOptions } from './poll.js'
import {
  clockErrorMs,
  endWalk,
  firstPlace,
  type PagePlace,
  type PollPosition,
  type PollWalk,
} from './poll-position.js'
import { type PollRecord, readRecord } from './poll-record.js'

/** One answer of the API that was a success. */
export interface PollPage {
  /** That was asked for. */
  readonly url: string
  readonly json: JsonValue
  /** The `Link` header. */
  readonly link: string | undefined
  /** The `Date` header, epoch milliseconds. */
  readonly date: number | undefined
}

/** What a page changes. Events, keys and position belong into one transaction. */
export interface PageRead {
  readonly events: readonly EventDraft[]
  /** Keys that are remembered without waking anybody. */
  readonly primed: readonly Pick<EventDraft, 'sourceEventId' | 'semanticKey'>[]
  readonly position: PollPosition
  /** Whether the walk has another page; it may be read in this tick or the next. */
  readonly hasMore: boolean
  /** Set when the API leads back to a page that was read: the walk is given up and the cursor stays where it was. */
  readonly repeats: string | undefined
  /** What is wrong with records of the page, in sentences without their content. */
  readonly faults: readonly string[]
}

/**
 * Reads a page at which `walk` stood. Pure. Throws AppError `poll.failed` when it is not the page that the
 * file describes; the position that the caller has is then still right.
 */
export function readPage(
  options: PollOptions,
  known: PollPosition,
  walk: PollWalk,
  page: PollPage,
  now: number,
): PageRead {
  const serverNow = page.date ?? now
  const isDated = known.isDated || page.date === undefined
  const position = isDated ? known : { ...known, startedAt: serverNow, isDated: true }
  // Our clock is wrong, so `since` was: begin again from the API's own time.
  if (!known.isPrimed && Math.abs(position.startedAt - known.startedAt) > wrongClockMs)
    return restart({ ...position, walk: null })
  const list = valueAt(page.json, options.records)
  if (!Array.isArray(list)) throw noRecords(options, page.json)
  const records = list.map((record) => readRecord(options, record, now))
  const unkeyed = records.filter(({ isKeyed }) => !isKeyed).length
  if (unkeyed > 1 && unkeyed * 2 > records.length) throw wrongMapping(records)
  const { events, primed } = wakes(options, position, page, records)
  const read = { events: oldestFirst(options, events), primed, faults: faultsOf(records) }

  const walked = {
    ...highest(options, walk, records, page.json),
    startedAt: walk.startedAt ?? serverNow,
    digest: digestOf(list),
    same: digestOf(list) === walk.digest ? walk.same + 1 : 0,
  }
  const next = isPast(options, position, walk, records)
    ? null
    : nextPlace(options, position, walk, page, list)
  const repeats =
    next === null ? undefined : repeatOf(options, walked, walk, { page, next, isEmpty: list.length === 0 })
  if (repeats !== undefined) {
    return { ...read, repeats, hasMore: false, position: { ...position, walk: null } }
  }
  const over = next === null
  const again = over && needsSecondPass(options, walked)
  const following: PollWalk = again
    ? { ...walked, ...secondPass, place: firstPlace(options) }
    : { ...walked, place: next ?? walk.place, before: walk.place, checkpoint: checkpointOf(walked, next) }
  return {
    ...read,
    repeats,
    hasMore: !over || again,
    position:
      over && !again ? endWalk(options, position, walked, serverNow) : { ...position, walk: following },
  }
}

/** `startedAt` stays: what came after the first pass began has not been looked for twice. */
const secondPass = { before: null, pages: 0, pass: 2, digest: null, same: 0, checkpoint: null }

function wrongMapping(records: readonly PollRecord[]): AppError {
  return new AppError('poll.failed', `${faultsOf(records).join('; ')}: check the paths under event`, {
    retry: 'later',
  })
}

const wrongClockMs = 30 * 60_000
const mostEmptyPages = 200

function restart(position: PollPosition): PageRead {
  return { events: [], primed: [], position, hasMore: true, repeats: undefined, faults: [] }
}

function noRecords(options: PollOptions, json: JsonValue): AppError {
  const where = options.records.source === '' ? 'as the page itself' : `at "${options.records.source}"`
  const keys =
    json !== null && typeof json === 'object' && !Array.isArray(json) ? Object.keys(json).slice(0, 8) : []
  const found = keys.length > 0 ? `; it has ${keys.join(', ').slice(0, 200)}` : ''
  return new AppError('poll.failed', `the page has no list ${where}${found}`, { retry: 'later' })
}

function highest(
  options: PollOptions,
  walk: PollWalk,
  records: readonly PollRecord[],
  json: JsonValue,
): PollWalk {
  let { time, id, token } = walk
  for (const { cursorTime, cursorId } of records) {
    if (cursorTime !== undefined && (time === null || cursorTime > time)) time = cursorTime
    if (cursorId !== undefined && (id === null || isHigherId(options, cursorId, id))) id = cursorId
  }
  const { kind, from } = options.cursor
  if (kind === 'token' && from) token = scalarText(valueAt(json, from)) ?? token
  return { ...walk, time, id, token, pages: walk.pages + 1 }
}

/** Numbers by value. Else the order of the API decides, and without one the order of the text (UUIDv7, ULID). */
function isHigherId({ order }: PollOptions, id: string, than: string): boolean {
  if (/^\d{1,40}$/.test(id) && /^\d{1,40}$/.test(than)) return BigInt(id) > BigInt(than)
  if (order === 'asc') return true
  return order === 'none' && id > than
}

function isNumberUpTo(id: string, limit: string): boolean {
  return /^\d{1,40}$/.test(id) && /^\d{1,40}$/.test(limit) && BigInt(id) <= BigInt(limit)
}

/** Newest first: whether the whole page is older than what this walk is for. */
function isPast(
  options: PollOptions,
  position: PollPosition,
  { since }: PollWalk,
  records: readonly PollRecord[],
): boolean {
  if (options.order !== 'desc' || records.length === 0) return false
  if (options.cursor.kind === 'time' && typeof since === 'number') {
    return records.every(({ cursorTime }) => cursorTime !== undefined && cursorTime < since)
  }
  if (options.cursor.kind !== 'id') return false
  if (since === null) return !position.isPrimed && options.first_run.kind === 'now'
  const known = String(since)
  if (records.some(({ cursorId }) => cursorId === known)) return true
  // The item that the cursor names may be gone; ids that are numbers tell all the same.
  return records.every(({ cursorId }) => cursorId !== undefined && isNumberUpTo(cursorId, known))
}

function nextPlace(
  options: PollOptions,
  position: PollPosition,
  walk: PollWalk,
  page: PollPage,
  list: readonly JsonValue[],
): PagePlace | null {
  const { pages } = options
  const { place } = walk
  if (pages.more !== undefined && valueAt(page.json, pages.more) !== true) return null
  switch (pages.kind) {
    case 'none':
      return null
    case 'link':
      return urlPlace(place, page, nextLink(page.link))
    case 'next_url':
      return urlPlace(place, page, textOf(pages.next && valueAt(page.json, pages.next)))
    case 'token': {
      const token = textOf(pages.next && valueAt(page.json, pages.next))
      // A log gives the token that it was asked with when there is nothing after it.
      const isEnd = list.length === 0 && token === (place.token ?? position.token)
      return token === undefined || isEnd ? null : { ...place, token }
    }
    case 'page':
    case 'offset': {
      const isShort = pages.size !== undefined && list.length < pages.size.value
      if (list.length === 0 || isShort) return null
      return { ...place, page: place.page + 1, offset: place.offset + list.length }
    }
  }
}

function textOf(value: JsonValue | undefined): string | undefined {
  const text = scalarText(value)
  return text === '' ? undefined : text
}

/** A next URL leads the credential along, so it must stay where the file sends it. */
function urlPlace(place: PagePlace, page: PollPage, next: string | undefined): PagePlace | null {
  if (next === undefined) return null
  if (!URL.canParse(next, page.url)) {
    throw new AppError('poll.failed', 'the URL of the next page is not a URL', { retry: 'later' })
  }
  const url = new URL(next, page.url)
  const origin = new URL(page.url).origin
  if (url.origin !== origin || url.username !== '' || url.password !== '') {
    throw new AppError('poll.failed', `the next page is at ${url.origin}, not at ${origin}; not followed`, {
      retry: 'later',
    })
  }
  return { ...place, url: url.href }
}

/**
 * Whether the next page was read before in this walk, in words. Next URLs and tokens may lead round in a
 * circle of any length: one earlier place is remembered, a later one each time the walk has doubled (Brent).
 */
function repeatOf(
  { pages }: PollOptions,
  walked: PollWalk,
  { place, checkpoint }: PollWalk,
  { page, next, isEmpty }: { page: PollPage; next: PagePlace; isEmpty: boolean },
): string | undefined {
  const at = `after page ${walked.pages}`
  if (pages.kind === 'page' || pages.kind === 'offset') {
    // Once may be an insert that moved a short page on by its length.
    if (walked.same < 2) return undefined
    return `page ${walked.pages} is the same as the two before: the API does not follow ${pages.param ?? pages.kind}, or needs pages.size or pages.more to show its end`
  }
  const isSame = next.url === page.url || (next.token !== null && next.token === place.token)
  if (isSame) return `${at} the API names the same page as the next one`
  // An API that filters as it goes gives empty pages, but not without end; and new places with the records of old.
  if (walked.same >= (isEmpty ? mostEmptyPages : 2)) {
    const what = isEmpty ? 'empty pages' : 'pages with the same records'
    return `${at} there were ${walked.same + 1} ${what} in a row, and the API names a next one`
  }
  return placeDigest(next) === checkpoint ? `${at} the API names a page that was read before` : undefined
}

function checkpointOf({ pages, checkpoint }: PollWalk, next: PagePlace | null): string | null {
  return next !== null && Number.isInteger(Math.log2(pages)) ? placeDigest(next) : checkpoint
}

function placeDigest({ url, token }: PagePlace): string {
  return sha256(stringifyJson([url, token])).toString('base64url')
}

/** The target of `rel="next"` in a `Link` header (RFC 8288), or undefined. */
export function nextLink(header: string | undefined): string | undefined {
  for (const [, target, parameters = ''] of (header ?? '').matchAll(/<([^<>]*)>([^<]*)/g)) {
    const rel = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters)
    const relations = (rel?.[1] ?? rel?.[2] ?? '').toLowerCase().split(/\s+/)
    if (relations.includes('next')) return target
  }
  return undefined
}

/**
 * Where a walk that was interrupted goes on. Counted pages have shifted since: the page read last is read
 * again, so that as much as a page may have gone away meanwhile without one being passed over.
 */
export function resumedPosition({ pages }: PollOptions, position: PollPosition): PollPosition {
  const { walk } = position
  if (walk === null || walk.before === null || !isNumbered(pages.kind, walk.place)) return position
  // Read again, that page is the same as itself, and names a place that is no circle.
  const checkpoint = walk.checkpoint === placeDigest(walk.place) ? null : walk.checkpoint
  return {
    ...position,
    walk: { ...walk, place: walk.before, before: null, same: walk.same - 1, checkpoint },
  }
}

/**
 * An item that goes away while numbered pages are read moves all after it one place forward, so that one is
 * never read. The second pass finds it, unless the cursor is none: then the next poll is the second pass.
 */
function needsSecondPass({ pages, cursor }: PollOptions, walk: PollWalk): boolean {
  return isNumbered(pages.kind, walk.place) && cursor.kind !== 'none' && walk.pass === 1 && walk.pages > 1
}

const numberNames =
  /^(p|page|page_?number|page_?no|page\[number\]|page\[offset\]|offset|start|start_?at|start_?index|skip)$/i

/** Whether pages are only counted. A next URL may do no more than that, as GitHub's do. */
function isNumbered(kind: PageKind, { url }: PagePlace): boolean {
  if (kind === 'page' || kind === 'offset') return true
  if (url === null) return false
  return [...new URL(url).searchParams].some(
    ([name, value]) => numberNames.test(name) && /^\d{1,7}$/.test(value),
  )
}

function wakes(
  options: PollOptions,
  position: PollPosition,
  page: PollPage,
  records: readonly PollRecord[],
): { events: EventDraft[]; primed: Pick<EventDraft, 'sourceEventId'>[] } {
  const events: EventDraft[] = []
  const primed: Pick<EventDraft, 'sourceEventId'>[] = []
  for (const record of records) {
    if (isWake(options, position, page, record)) events.push(record.draft)
    else primed.push({ sourceEventId: record.draft.sourceEventId })
  }
  return { events, primed }
}

/**
 * Whether a record that nobody has seen is an event. After the first walk everything is, but what is older
 * than the start by its own time: it comes into sight when items above it in a newest-first list go away.
 */
function isWake(
  { first_run: first }: PollOptions,
  { isPrimed, startedAt }: PollPosition,
  { date }: PollPage,
  { draft, cursorTime }: PollRecord,
): boolean {
  if (first.kind === 'all') return true
  if (first.kind === 'backfill') {
    return (cursorTime ?? draft.time) >= startedAt - first.ms || (isPrimed && cursorTime === undefined)
  }
  if (isPrimed) return cursorTime === undefined || cursorTime >= startedAt - clockErrorMs
  // A first walk may take many ticks; what comes meanwhile is new, by the API's own clock (whole seconds).
  return date !== undefined && cursorTime !== undefined && cursorTime >= startedAt + 1000
}

function oldestFirst({ order }: PollOptions, events: EventDraft[]): EventDraft[] {
  if (order === 'asc') return events
  if (order === 'desc') return events.reverse()
  return events.sort((left, right) => left.time - right.time)
}

function faultsOf(records: readonly PollRecord[]): string[] {
  const counts = new Map<string, number>()
  for (const fault of records.flatMap((record) => record.faults)) {
    counts.set(fault, (counts.get(fault) ?? 0) + 1)
  }
  const all = records.length
  return [...counts].map(([fault, count]) =>
    count === 1
      ? `1 of ${all} records ${fault}`
      : `${count} of ${all} records ${fault.replace(/^has /, 'have ')}`,
  )
}

function digestOf(list: readonly JsonValue[]): string {
  return sha256(stringifyJson([...list])).toString('hex')
}
