import { stringifyJson } from '../util/json.js'
import { sha256 } from '../util/signature.js'
import type { PollOptions } from './poll.js'
import type { PollPosition, PollWalk } from './poll-position.js'
import { fillText, fillTree, type Substitutions } from './poll-template.js'

/** One request of a walk through the pages. Its origin is the one that the file names. */
export interface PollRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  /** Without the credential's. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** The URL as the file has it. */
export function pollUrl({ request }: PollOptions): string {
  return request.get ?? request.post ?? ''
}

/** The request for the page at which `walk` stands. Pure: the same walk asks for the same. `now` is `{until}`. */
export function pollRequest(
  options: PollOptions,
  position: PollPosition,
  walk: PollWalk,
  now: number,
): PollRequest {
  const { request, pages, cursor } = options
  const { place } = walk
  const values: Substitutions = {
    since: walk.since ?? undefined,
    until: now,
    token: place.token ?? position.token ?? undefined,
    page: String(place.page),
    offset: String(place.offset),
  }
  const url = new URL(place.url ?? pollUrl(options))
  // A next URL is complete: what we would add is in it already, with values of its own.
  if (place.url === null) {
    for (const [name, value] of Object.entries(request.query)) {
      const text = fillText(String(value), values, cursor.format)
      if (text !== undefined) url.searchParams.set(name, text)
    }
    if (pages.size) url.searchParams.set(pages.size.param, String(pages.size.value))
    const at = pages.kind === 'page' ? values.page : pages.kind === 'offset' ? values.offset : place.token
    if (pages.param !== undefined && at !== null) url.searchParams.set(pages.param, at)
  }
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    const text = fillText(String(value), values, cursor.format)
    if (text !== undefined) headers[name.toLowerCase()] = text
  }
  let body: string | undefined
  if (request.post !== undefined && request.body !== undefined) {
    body = stringifyJson(fillTree(request.body, values, cursor.format) ?? null)
    headers['content-type'] ??= 'application/json'
  }
  return { method: request.post === undefined ? 'GET' : 'POST', url: url.href, headers, body }
}

/**
 * What a cursor belongs to: the request and what the cursor is read from. A cursor of another scope is not
 * used, so that an edit of the file does not skip or flood in silence. Hex.
 */
export function pollFingerprint(options: PollOptions): string {
  const { request, records, event, cursor } = options
  const scope = {
    method: request.post === undefined ? 'GET' : 'POST',
    url: pollUrl(options),
    query: request.query,
    body: request.body ?? null,
    credential: request.credential ?? null,
    records: records.source,
    id: event.id.source,
    version: event.version?.source ?? null,
    cursor: [cursor.kind, cursor.from?.source ?? null, cursor.format],
  }
  return sha256(stringifyJson(scope)).toString('hex')
}
