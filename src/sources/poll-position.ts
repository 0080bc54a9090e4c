import { z } from 'zod'
import type { JsonValue } from '../util/json.js'
import type { PollOptions } from './poll.js'

/** Where in the pages a walk stands. `url` for link and next_url, else one of the others. */
const placeSchema = z.object({
  url: z.string().nullable(),
  token: z.string().nullable(),
  page: z.number(),
  offset: z.number(),
})

/** A walk through the pages from one `since`. It may take several ticks; the cursor moves when it is over. */
const walkSchema = z.object({
  since: z.union([z.string(), z.number()]).nullable(),
  place: placeSchema,
  /** The place of the page read last. */
  before: placeSchema.nullable(),
  /** The API's time at the first page of the first pass. What became visible since may stand on a page read before. */
  startedAt: z.number().nullable(),
  /** Pages read in this pass. */
  pages: z.number(),
  /** Numbered pages shift while they are read, so more than one of them is read twice. */
  pass: z.number(),
  /** The highest that was seen. */
  time: z.number().nullable(),
  token: z.string().nullable(),
  id: z.string().nullable(),
  /** Of the page before, to notice an API that gives the last page for ever. */
  digest: z.string().nullable(),
  /** How many pages in a row were the same as the one before. */
  same: z.number(),
  /** A place that was passed, to notice next URLs and tokens that lead round in a circle. */
  checkpoint: z.string().nullable(),
})

const positionSchema = z.object({
  /** When the first poll was made, by the API's clock where it says its time. */
  startedAt: z.number(),
  /** Whether that is the API's own time. */
  isDated: z.boolean(),
  /** Whether the first walk is over: only then is everything new an event. */
  isPrimed: z.boolean(),
  time: z.number().nullable(),
  token: z.string().nullable(),
  /** The highest id and when it was first seen, oldest first: one from before the overlap, then the younger ones. */
  marks: z.array(z.tuple([z.number(), z.string()])),
  walk: walkSchema.nullable(),
})

export type PagePlace = z.output<typeof placeSchema>
export type PollWalk = z.output<typeof walkSchema>
/** How far the polling of a source has got. JSON, kept as the source's cursor. */
export type PollPosition = z.output<typeof positionSchema>

/** A position that the ledger kept, or undefined when it is not one. */
export function readPosition(value: JsonValue | undefined): PollPosition | undefined {
  const parsed = positionSchema.safeParse(value)
  return parsed.success ? parsed.data : undefined
}

/** Before the first poll. */
export function firstPosition(now: number): PollPosition {
  return { startedAt: now, isDated: false, isPrimed: false, time: null, token: null, marks: [], walk: null }
}

/** The walk that is under way, or a new one from where the cursor stands. */
export function walkFrom(options: PollOptions, position: PollPosition): PollWalk {
  if (position.walk) return position.walk
  return {
    since: sinceOf(options, position),
    place: firstPlace(options),
    before: null,
    startedAt: null,
    pages: 0,
    pass: 1,
    time: null,
    token: null,
    id: null,
    digest: null,
    same: 0,
    checkpoint: null,
  }
}

export function firstPlace(options: PollOptions): PagePlace {
  return { url: null, token: null, page: options.pages.first, offset: 0 }
}

/** How far back each poll reads again, milliseconds: an item may become visible this long after its time. */
export function overlapMs({ cursor }: PollOptions): number {
  return cursor.overlap ?? Math.max(120_000, 2 * (cursor.precision ?? 0))
}

/** A first poll reads this much more: our clock may be wrong by as much. */
export const clockErrorMs = 3_600_000

function sinceOf(options: PollOptions, position: PollPosition): string | number | null {
  const { cursor } = options
  if (cursor.kind === 'none') return null
  if (cursor.kind === 'id') {
    // The mark from before the overlap: items with lower ids may become visible after one with a higher.
    return position.marks[0]?.[1] ?? null
  }
  if (cursor.kind === 'token' && position.token !== null) return null
  const precision = cursor.precision ?? 1000
  const from = position.time === null ? firstSince(options, position) : position.time - overlapMs(options)
  return from === null ? null : Math.floor(from / precision) * precision
}

function firstSince(options: PollOptions, { startedAt }: PollPosition): number | null {
  const first = options.first_run
  if (first.kind === 'all') return null
  if (first.kind === 'backfill') return startedAt - first.ms
  // A token cursor has no overlap: its first request begins where the clock says.
  return options.cursor.kind === 'token' ? startedAt : startedAt - overlapMs(options) - clockErrorMs
}

/**
 * The position after a whole walk. No record may push the cursor past the time at which the walk began: what
 * became visible later may stand on a page that was read before, and must be in the next walk's window.
 */
export function endWalk(
  options: PollOptions,
  position: PollPosition,
  walk: PollWalk,
  now: number,
): PollPosition {
  const startedAt = walk.startedAt ?? now
  const moved = { ...position, isPrimed: true, walk: null }
  if (options.cursor.kind === 'token') return { ...moved, token: walk.token ?? position.token }
  if (options.cursor.kind === 'id') return { ...moved, marks: addMark(options, position, walk.id, startedAt) }
  if (options.cursor.kind === 'none') return moved
  // An empty poll leaves the cursor where it is; only the very first may take the clock's word.
  const floor = position.time ?? (options.first_run.kind === 'now' ? position.startedAt - clockErrorMs : null)
  const seen = walk.time === null ? null : Math.min(walk.time, startedAt)
  const time = seen === null ? floor : Math.max(seen, floor ?? seen)
  return { ...moved, time: time ?? (options.first_run.kind === 'backfill' ? position.startedAt : null) }
}

const mostMarks = 100

function addMark(
  options: PollOptions,
  { marks }: PollPosition,
  id: string | null,
  now: number,
): [number, string][] {
  const last = marks.at(-1)
  const all: [number, string][] = [...marks]
  if (id !== null && id !== last?.[1]) all.push([now, id])
  const settled = all.findLastIndex(([at]) => at <= now - overlapMs(options))
  const kept = all.slice(Math.max(0, settled))
  // Thinned from the young end: what is read again may only become more.
  return kept.length <= mostMarks ? kept : [...kept.slice(0, mostMarks - 1), ...kept.slice(-1)]
}
