import { AppError } from '../domain/errors.js'
import type { EventDraft } from '../domain/event.js'
import type { Credential } from '../domain/tool.js'
import type { PollOptions } from '../sources/poll.js'
import { type PageRead, type PollPage, readPage, resumedPosition } from '../sources/poll-page.js'
import { type PollPosition, type PollWalk, walkFrom } from '../sources/poll-position.js'
import { pollFingerprint, pollRequest } from '../sources/poll-request.js'
import type { Tick } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { Clock } from '../util/clock.js'
import { faultPoint } from '../util/fault-point.js'
import type { Network } from '../util/fetch.js'
import type { Logger } from '../util/log.js'
import { ask } from './answer.js'
import {
  isExpired,
  isMidWalk,
  nextTickAt,
  openState,
  type PollState,
  resyncPosition,
  shownError,
  storedState,
  validatorsFor,
} from './poll-state.js'

export interface PollSource {
  readonly name: string
  readonly options: PollOptions
  readonly credential: Credential | undefined
}

export interface TickDependencies {
  readonly store: Pick<Store, 'cursor' | 'recordTick' | 'listEvents'>
  readonly network: Pick<Network, 'request'>
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
}

export interface TickResult {
  /** Of the events that are new, in order of position. */
  readonly eventIds: readonly string[]
  /** Epoch milliseconds. */
  readonly nextAt: number
  /** What is wrong, as the cursor shows it. */
  readonly error: string | undefined
}

/**
 * One tick of a poll: pages are read until the walk is over or `pages.max` is reached, then their events,
 * the keys that they prime and the place to go on from are committed together. What was read before a
 * failure is committed too, with the place where it failed; a walk that does not end moves no cursor.
 *
 * Rejects with StoreError, and with the signal's reason when it aborts: then nothing was committed, and the
 * next tick does the same again.
 */
export async function pollTick(
  source: PollSource,
  dependencies: TickDependencies,
  signal: AbortSignal,
): Promise<TickResult> {
  const { name, options } = source
  const { store, clock, log, random } = dependencies
  const startedAt = clock.now()
  const cursor = await store.cursor(name)
  const lastEventAt = cursor ? undefined : await lastPolledAt(store, name)
  const { state, gap } = openState(options, cursor, startedAt, lastEventAt)
  const walked = await walkPages(source, state, cursor?.lastOkAt, dependencies, signal)

  const now = clock.now()
  const { failure, waitMs, validators } = walked
  const failures = failure ? (cursor?.failures ?? 0) + 1 : 0
  const position = afterFailures(walked.position, failures)
  // An edit that does not work must not cost the cursor: the one before it may be wanted back.
  const isKept = gap !== undefined && failure !== undefined && walked.pages.length === 0
  const found = walked.gap === undefined ? state.gap : { at: now, text: walked.gap }
  const value: PollState = { ...state, position, validators, gap: found }
  const error = shownError(troubleOf(walked), value, now)
  const nextAt = nextTickAt({ everyMs: options.every, startedAt, endedAt: now, failures, waitMs, random })
  const { events, primed } = merged(options, walked.pages)
  faultPoint('K19')
  const recorded = await store.recordTick({
    source: name,
    via: 'poll',
    now,
    events,
    primed,
    cursor: {
      ...(isKept && cursor ? cursor : { fingerprint: pollFingerprint(options), value: storedState(value) }),
      nextAt,
      lastOkAt: failure ? cursor?.lastOkAt : now,
      lastError: error,
      failures,
    },
  })
  const eventIds = recorded.events.flatMap(({ id, isNew }) => (isNew && id !== undefined ? [id] : []))
  const pages = walked.pages.length
  const hasMore = position.walk !== null
  const fields = { source: name, pages, records: events.length, events: eventIds.length, hasMore }
  // The same trouble every minute is one line, not a thousand.
  if (error !== undefined && error !== cursor?.lastError) log.warn({ ...fields, failures }, error)
  else if (eventIds.length > 0) log.info(fields, 'polled')
  else log.debug(fields, 'polled')
  return { eventIds, nextAt, error }
}

/** When an event of the source was last recorded, if it came by a poll. */
async function lastPolledAt(store: Pick<Store, 'listEvents'>, source: string): Promise<number | undefined> {
  const [last] = await store.listEvents({ source, limit: 1 })
  return last?.via === 'poll' ? last.recordedAt : undefined
}

interface Walked {
  readonly pages: readonly PageRead[]
  readonly position: PollPosition
  readonly validators: PollState['validators']
  readonly failure: AppError | undefined
  /** What may be missed, in words: the API no longer knew the token. */
  readonly gap: string | undefined
  readonly waitMs: number | undefined
}

async function walkPages(
  { options, credential }: PollSource,
  state: PollState,
  lastOkAt: number | undefined,
  { network, clock }: TickDependencies,
  signal: AbortSignal,
): Promise<Walked> {
  const now = clock.now()
  const pages: PageRead[] = []
  let position = resumedPosition(options, state.position)
  // A page that is read again is not one of this tick's, or a tick of one page would never get on.
  const mostPages = options.pages.max + (position === state.position ? 0 : 1)
  let gap: string | undefined
  let waitMs: number | undefined
  let validators: PollState['validators'] = null
  const ended = (failure?: AppError): Walked => ({ pages, position, validators, failure, gap, waitMs })
  while (pages.length < mostPages) {
    const walk = walkFrom(options, position)
    const request = pollRequest(options, position, walk, now)
    const known = pages.length === 0 ? validatorsFor(options, state, request.url) : null
    const answer = await ask(request, {
      network,
      credential,
      allowPrivate: options.request.private,
      validators: known,
      signal,
      now: clock.now,
    })
    signal.throwIfAborted()
    waitMs = longest(waitMs, answer.waitMs)
    if (answer.kind === 'unchanged') {
      validators = known && { ...known, uses: known.uses + 1 }
      return ended()
    }
    if (answer.kind === 'failed') {
      const isRefused = isExpired(answer.status)
      if (isRefused && pages.length === 0 && gap === undefined && isAtToken(options, position)) {
        ;({ position, gap } = resyncPosition(options, lastOkAt, now))
        continue
      }
      // A resync counts only once it is known that the request without the token is answered.
      if (pages.length === 0) ({ position, validators, gap } = { ...state, gap: undefined })
      if (isRefused && isMidWalk(position)) position = { ...position, walk: null }
      return ended(answer.error)
    }
    const read = tryRead(options, position, walk, answer.page, now)
    if (read instanceof AppError) {
      if (pages.length === 0) ({ position, validators, gap } = { ...state, gap: undefined })
      return ended(read)
    }
    pages.push(read)
    position = read.position
    if (read.repeats !== undefined) return ended(gapError(read.repeats))
    // The first page says nothing of the others, so only a walk of one page can be answered with "unchanged".
    const isWhole = pages.length === 1 && state.position.walk === null && !read.hasMore
    validators = isWhole && answer.validators ? { ...answer.validators, uses: 0 } : null
    if (!read.hasMore || answer.isPaused) break
  }
  return ended()
}

function tryRead(
  options: PollOptions,
  position: PollPosition,
  walk: PollWalk,
  page: PollPage,
  now: number,
): PageRead | AppError {
  try {
    return readPage(options, position, walk, page, now)
  } catch (cause) {
    if (cause instanceof AppError) return cause
    throw cause
  }
}

function gapError(repeats: string): AppError {
  return new AppError('poll.gap', `${repeats}; the cursor stays where it was`, { retry: 'later' })
}

function isAtToken({ cursor }: PollOptions, position: PollPosition): boolean {
  return cursor.kind === 'token' && position.token !== null && !isMidWalk(position)
}

function longest(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined ? right : right === undefined ? left : Math.max(left, right)
}

/** How many failures in a row make a walk begin again: the place that it stands at may be what fails. */
const failuresPerWalk = 5

function afterFailures(position: PollPosition, failures: number): PollPosition {
  const isStuck = failures > 0 && failures % failuresPerWalk === 0
  return isStuck ? { ...position, walk: null } : position
}

/** What the pages bring, each key once (pages shift while they are read), oldest first. */
function merged(
  { order }: PollOptions,
  pages: readonly PageRead[],
): { events: EventDraft[]; primed: Tick['primed'] } {
  const inOrder = order === 'desc' ? pages.toReversed() : pages
  const events = new Map<string, EventDraft>()
  for (const draft of inOrder.flatMap((page) => page.events)) {
    const key = draft.sourceEventId ?? ''
    if (!events.has(key)) events.set(key, draft)
  }
  const primed = new Map(
    pages.flatMap((page) => page.primed).map((keys) => [keys.sourceEventId ?? '', keys] as const),
  )
  for (const key of events.keys()) primed.delete(key)
  return {
    events: [...events.values()].sort((left, right) => left.time - right.time),
    primed: [...primed.values()],
  }
}

/** This tick's trouble as the cursor shows it. A record with a fault is recorded all the same, but said. */
function troubleOf({ failure, pages }: Walked): string | undefined {
  if (failure) return `${failure.code}: ${failure.message}`
  const faults = [...new Set(pages.flatMap((page) => page.faults))]
  return faults.length > 0 ? `poll.failed: ${faults.slice(0, 5).join('; ')}` : undefined
}
