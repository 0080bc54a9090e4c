import { AppError } from '../domain/errors.js'
import type { Credential } from '../domain/tool.js'
import type { PollPage } from '../sources/poll-page.js'
import type { PollRequest } from '../sources/poll-request.js'
import { retryAfterMs } from '../util/backoff.js'
import { type Network, NetworkError, type NetworkResponse } from '../util/fetch.js'
import { JsonError, type JsonValue, parseJson } from '../util/json.js'

/** What makes the next request for the same URL a conditional one. */
export interface Validators {
  readonly url: string
  readonly etag: string | null
  readonly lastModified: string | null
}

/**
 * What came back. `waitMs` is how long the API asks to be left alone, undefined when it does not say;
 * `isPaused` when that is meant for the very next request.
 */
export type PollAnswer = { readonly waitMs: number | undefined } & (
  | {
      readonly kind: 'page'
      readonly page: PollPage
      readonly validators: Validators | null
      readonly isPaused: boolean
    }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'failed'; readonly error: AppError; readonly status: number | undefined }
)

export interface AskOptions {
  readonly network: Pick<Network, 'request'>
  readonly credential: Credential | undefined
  readonly allowPrivate: boolean
  /** Of an earlier answer to the same URL: the API may say that nothing changed. */
  readonly validators: Validators | null
  readonly signal: AbortSignal
  readonly now: () => number
}

const timeoutMs = 30_000
/** Decoded. A page is held in memory whole. */
const maxPageBytes = 16 * 1024 ** 2
const pageLimits = { maxDepth: 64, maxNodes: 1_000_000 }

/** One request of a poll, whatever comes of it. Rejects only for faults of ours. */
export async function ask(request: PollRequest, options: AskOptions): Promise<PollAnswer> {
  const { network, signal, allowPrivate } = options
  try {
    const { method, url, body } = request
    const headers = sentHeaders(request, options)
    const sent = { method, url, headers, body, timeoutMs, maxBytes: maxPageBytes, signal, allowPrivate }
    return read(request, await network.request(sent), options)
  } catch (cause) {
    if (!(cause instanceof NetworkError) && !(cause instanceof AppError)) throw cause
    return { kind: 'failed', waitMs: undefined, status: undefined, error: failed(cause.message, cause) }
  }
}

function failed(message: string, cause?: unknown): AppError {
  return new AppError('poll.failed', message, { retry: 'later', cause })
}

function sentHeaders(
  { url, headers }: PollRequest,
  { credential, validators }: AskOptions,
): Record<string, string> {
  const sent: Record<string, string> = { accept: 'application/json', 'user-agent': 'rouse', ...headers }
  if (validators?.etag) sent['if-none-match'] = validators.etag
  else if (validators?.lastModified) sent['if-modified-since'] = validators.lastModified
  if (credential) {
    const { origin } = new URL(url)
    // Checked by the loader too; here it is what stands between a next URL and the secret.
    if (!credential.origins.includes(origin)) {
      throw failed(`the credential ${credential.name} does not list ${origin}; nothing was sent`)
    }
    const [name, value] = authorization(credential)
    sent[name] = value
  }
  return sent
}

function authorization({ auth }: Credential): [name: string, value: string] {
  if (auth.kind === 'bearer') return ['authorization', `Bearer ${auth.token}`]
  if (auth.kind === 'header') return [auth.header.toLowerCase(), auth.value]
  return ['authorization', `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}`]
}

function read(request: PollRequest, response: NetworkResponse, options: AskOptions): PollAnswer {
  const { status, headers } = response
  const now = options.now()
  const { waitMs, isPaused } = askedWait(response, now)
  if (status === 304 && options.validators !== null) return { kind: 'unchanged', waitMs }
  if (status < 200 || status > 299) {
    const error = failed(statusMessage(status, new URL(request.url).origin))
    return { kind: 'failed', waitMs, status, error }
  }
  try {
    const json = pageJson(response)
    const date = Date.parse(headers['date'] ?? '')
    const page = {
      url: request.url,
      json,
      link: headers['link'],
      date: Number.isNaN(date) ? undefined : date,
    }
    return { kind: 'page', waitMs, isPaused, page, validators: validatorsOf(request, headers) }
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause
    return { kind: 'failed', waitMs, status, error: cause }
  }
}

function statusMessage(status: number, origin: string): string {
  const what = `${origin} answered with status ${status}`
  if (status >= 300 && status < 400) return `${what}: redirects are not followed, write where it leads to`
  if (status === 401 || status === 403) return `${what}: check the credential and what it may read`
  return what
}

/** The page's JSON. A login page and an error in a 200 are failures too, or an empty poll would hide them. */
function pageJson({ status, headers, body }: NetworkResponse): JsonValue {
  const type = headers['content-type'] ?? ''
  if (/html/i.test(type)) {
    throw failed(`status ${status} came with a web page instead of JSON: it may be a login page`)
  }
  let json: JsonValue
  try {
    json = parseJson(body, pageLimits)
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw failed(`status ${status} came with ${body.length} bytes that are not JSON: ${cause.message}`)
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return json
  const errors = Object.hasOwn(json, 'errors') ? json['errors'] : undefined
  if (Object.hasOwn(json, 'ok') && json['ok'] === false) {
    throw failed(`status ${status} came with "ok": false in the page`)
  }
  if (Array.isArray(errors) && errors.length > 0) {
    throw failed(`status ${status} came with ${errors.length} errors in the page`)
  }
  return json
}

/**
 * A Last-Modified counts whole seconds: an item that came later within the same second would be hidden
 * behind it, so it must be older than the answer (RFC 9110, 8.8.2.2, read 2026-11-21).
 */
function validatorsOf(
  { method, url }: PollRequest,
  headers: Readonly<Record<string, string>>,
): Validators | null {
  if (method !== 'GET') return null
  const etag = headers['etag'] ?? null
  const lastModified = headers['last-modified'] ?? null
  const age = Date.parse(headers['date'] ?? '') - Date.parse(lastModified ?? '')
  if (etag !== null) return { url, etag, lastModified: null }
  return age >= 2000 ? { url, etag: null, lastModified } : null
}

const dayMs = 86_400_000

/**
 * The longest of what the API asks for: `Retry-After`, `X-Poll-Interval` (seconds), and where it says that
 * the limit is used up, `X-RateLimit-Reset` (epoch seconds, or seconds from now). At most a day.
 */
function askedWait(
  { headers }: NetworkResponse,
  now: number,
): { waitMs: number | undefined; isPaused: boolean } {
  const pauses: number[] = []
  const retryAfter = retryAfterMs(headers['retry-after'], now)
  if (retryAfter !== undefined) pauses.push(retryAfter)
  const reset = headers['x-ratelimit-reset'] ?? ''
  if (headers['x-ratelimit-remaining'] === '0' && /^\d{1,10}$/.test(reset)) {
    const seconds = Number(reset)
    pauses.push(seconds > 1e8 ? seconds * 1000 - now : seconds * 1000)
  }
  const interval = headers['x-poll-interval'] ?? ''
  const waits = /^\d{1,6}$/.test(interval) ? [...pauses, Number(interval) * 1000] : pauses
  return {
    waitMs: waits.length === 0 ? undefined : Math.min(dayMs, Math.max(0, ...waits)),
    isPaused: pauses.some((pause) => pause > 0),
  }
}
