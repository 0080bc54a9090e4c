import type { JsonObject, JsonValue } from '../util/json.js'

/** Where APIs keep what they say of their pages, beside the top of the answer. */
const wrappers = [
  'meta',
  'links',
  '_links',
  'paging',
  'pagination',
  'page_info',
  'pageInfo',
  'response_metadata',
]
const flags = [
  'has_more',
  'hasMore',
  'has_next_page',
  'hasNextPage',
  'has_next',
  'incomplete_results',
  'truncated',
]
const nexts = [
  ...['next', 'next_page', 'nextPage', 'next_url', 'nextUrl', 'nextLink', '@odata.nextLink'],
  ...['next_cursor', 'nextCursor', 'next_page_token', 'nextPageToken'],
]

/**
 * Whether an answer says that it is only a part: a `Link` to the next page, a flag such as `has_more`, or an address
 * or cursor of the next page. A flag that says no outweighs an address, which some APIs always give.
 */
export function saysMore(body: JsonValue | undefined, link: string | undefined): boolean {
  if (link !== undefined && /;\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\b)/i.test(link)) return true
  if (!isObject(body)) return false
  const places = [body, ...wrappers.map((name) => own(body, name)).filter(isObject)]
  const said = places.flatMap((place) => flags.map((name) => own(place, name))).filter(isBoolean)
  if (said.length > 0) return said.includes(true)
  return places.some((place) => nexts.some((name) => leadsOn(own(place, name))))
}

function leadsOn(value: JsonValue | undefined): boolean {
  if (typeof value === 'string') return value !== ''
  if (typeof value === 'number') return value > 0
  return isObject(value) && typeof own(value, 'href') === 'string'
}

function own(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

function isBoolean(value: JsonValue | undefined): value is boolean {
  return typeof value === 'boolean'
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
