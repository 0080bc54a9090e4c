import type { Event } from '../domain/event.js'
import { isoTime } from '../util/clock.js'
import { type JsonObject, type JsonValue, stringifyJson } from '../util/json.js'

/** What a run sees of the world outside, as the ledger has it. */
export interface SeenEvents {
  /** The one that the run is about. */
  readonly event: Event
  /** All of them in order of arrival, that one among them. Only the last `wholeEvents` need their data. */
  readonly events: readonly Event[]
  /** The time of a newer event of the subject that an earlier run was about. */
  readonly newerEventAt: number | undefined
}

/** How many events of a run are shown with something of their data. The others are a line each. */
export const wholeEvents = 20

const maxStringChars = 4000
const maxListItems = 60
const maxInputChars = 60_000
const maxExcerptChars = 4000
const maxTypeChars = 120

/** One event is its JSON and nothing else. Several are a line each, and the newest whole. */
export function describeEvents({ event, events, newerEventAt }: SeenEvents): string {
  const whole = describeEvent(event)
  const parts: string[] = []
  if (newerEventAt !== undefined) {
    parts.push(
      `This came out of order: the event is of ${isoTime(event.time)}, and there was one of this subject of ${isoTime(newerEventAt)} before it. Things have moved on since. Find out how they stand before you act on it.`,
    )
  }
  if (events.length > 1) {
    const lines = linesOf(event, events, maxInputChars - whole.length)
    parts.push(
      `There are ${events.length} events of one subject, for which you are asked once. In the order in which they came, each with id, type, time and what there was room for of its data:\n${lines.join('\n')}`,
      'The newest of them, which the tools are bound to:',
    )
  }
  return [...parts, whole].join('\n\n')
}

/** The latest have the room for their data first, because they say most of what is so now. */
function linesOf(newest: Event, events: readonly Event[], room: number): string[] {
  const excerpts = new Map<string, string>()
  let left = room
  for (const event of events.slice(-wholeEvents).reverse()) {
    if (event.id === newest.id) continue
    const text = stringifyJson(shorten(event.data))
    const kept = start(text, maxExcerptChars)
    const excerpt = kept === text ? text : `${kept}… (${text.length - kept.length} characters left out)`
    if (excerpt.length > left) break
    left -= excerpt.length
    excerpts.set(event.id, ` ${excerpt}`)
  }
  return events.map(({ id, type, time }) => {
    const shownType = stringifyJson(type)
    const named = shownType.length > maxTypeChars ? '"…"' : shownType
    return `["${id}",${named},"${isoTime(time)}"]${excerpts.get(id) ?? ''}`
  })
}

function describeEvent(event: Event): string {
  const { id, source, type, subject, time, ids, data } = event
  const shown: JsonObject = {
    id,
    source,
    type,
    subject: subject ?? null,
    time: isoTime(time),
    ids: { ...ids },
    data: shorten(data),
  }
  const text = stringifyJson(shown, 1)
  if (text.length <= maxInputChars) return text
  const kept = start(text, maxInputChars)
  return `${kept}\n… (${text.length - kept.length} characters of the event left out)`
}

/** At most `length` units of `text`, no character halved: an endpoint may refuse a request with half of one. */
function start(text: string, length: number): string {
  const isHalved =
    /[\ud800-\udbff]/.test(text.charAt(length - 1)) && /[\udc00-\udfff]/.test(text.charAt(length))
  return text.slice(0, isHalved ? length - 1 : length)
}

/** Long texts and lists are cut, and say so. */
function shorten(value: JsonValue): JsonValue {
  if (typeof value === 'string') {
    if (value.length <= maxStringChars) return value
    const kept = start(value, maxStringChars)
    return `${kept}… (${value.length - kept.length} characters left out)`
  }
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) {
    const items = value.slice(0, maxListItems).map(shorten)
    if (value.length > maxListItems) items.push(`… (${value.length - maxListItems} items left out)`)
    return items
  }
  const shortened: JsonObject = Object.create(null)
  for (const [key, item] of Object.entries(value)) shortened[key] = shorten(item)
  return shortened
}
