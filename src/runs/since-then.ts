import type { ToolCall } from '../domain/tool-call.js'
import type { Journal, StoredEvent } from '../store/records.js'
import type { Store } from '../store/store.js'
import { formatDuration } from '../util/duration.js'
import { plain } from '../util/plain.js'

/** Something that happened to the subject after a write that was only simulated. */
export interface LaterEvent {
  readonly event: StoredEvent
  /** Words that its type has in common with the tool's name, and that the event before did not have. */
  readonly alike: readonly string[]
}

/** By the id of the tool call. */
export type SinceThen = ReadonlyMap<string, readonly LaterEvent[]>

/** More events of one subject than this are not looked at. */
const maxLookedAt = 500

/** What the source told of the subject after each simulated call of the run, oldest first. */
export async function sinceThen(
  store: Store,
  { run, calls }: Pick<Journal, 'run' | 'calls'>,
): Promise<Map<string, LaterEvent[]>> {
  const simulated = calls.filter(({ state }) => state === 'simulated')
  const event = simulated.length > 0 ? await store.event(run.eventId) : undefined
  const found = new Map<string, LaterEvent[]>()
  if (event === undefined) return found
  for (const call of simulated) found.set(call.id, await laterEvents(store, call, event))
  return found
}

export async function laterEvents(
  store: Store,
  { tool, settledAt, proposedAt }: Pick<ToolCall, 'tool' | 'settledAt' | 'proposedAt'>,
  { id, source, subject, type }: StoredEvent,
): Promise<LaterEvent[]> {
  if (subject === undefined) return []
  const since = settledAt ?? proposedAt
  const later = await store.listEvents({ source, subject, since, limit: maxLookedAt })
  return later
    .filter((event) => event.id !== id)
    .reverse()
    .map((event) => ({ event, alike: wordsAlike(tool, event.type, type) }))
}

const noWords = new Set(['the', 'and', 'for', 'with', 'from', 'event', 'type', 'data', 'new'])

/**
 * Whether a type may name the deed of a tool: `refund` and `charge.refunded`. What the event that woke the agent was
 * called already says nothing. By the words alone, so it is a hint and no proof.
 */
export function wordsAlike(tool: string, type: string, wakingType: string): string[] {
  const known = new Set(stemsOf(wakingType))
  const named = new Set(stemsOf(type))
  return [...new Set(stemsOf(tool))].filter((stem) => named.has(stem) && !known.has(stem))
}

function stemsOf(name: string): string[] {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
  return words.filter((word) => word.length > 2 && !noWords.has(word)).map(stemOf)
}

/** `refunded`, `refunds` and `refund` are one; so are `closed` and `close`, `cancelled` and `cancel`. */
function stemOf(word: string): string {
  const stem = word.replace(/(?<=.{3})(ings?|ed|es|s|e)$/, '')
  return stem.replace(/(?<=.{2})([bcdfgklmnprt])\1$/, '$1')
}

/** Whether something that somebody else did looks the same. */
export function isDoneByOthers(later: readonly LaterEvent[]): boolean {
  return later.some(({ event, alike }) => alike.length > 0 && event.echoOf === undefined)
}

/** `12m later: charge.refunded by acct_1, looks the same (refund)`. */
export function sayLater({ event, alike }: LaterEvent, at: number): string {
  const after = event.recordedAt - at < 1000 ? 'at once' : `${shortSpan(event.recordedAt - at)} later`
  const by = event.actor === undefined ? '' : ` by ${plain(event.actor)}`
  const own = event.echoOf === undefined ? '' : `, caused by our own ${event.echoOf}`
  const same = alike.length === 0 || own !== '' ? '' : `, looks the same (${alike.map(plain).join(', ')})`
  return `${after}: ${plain(event.type)}${by}${own}${same}`
}

function shortSpan(ms: number): string {
  return formatDuration(Math.floor(ms / 1000) * 1000)
    .split(' ')
    .slice(0, 2)
    .join(' ')
}
