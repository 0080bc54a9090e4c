import type { IncomingMessage } from 'node:http'
import { headerValues } from '../domain/delivery.js'

/** On every answer. The browser is told to run, load and frame nothing that is not ours, and to keep and pass on nothing. */
export const guardHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
}

/** Where a request is meant to go, by what it says itself. */
export interface Target {
  /** `http://127.0.0.1:8788`, one of our own. */
  readonly origin: string
  /** As it came, undecoded, without the query. */
  readonly path: string
  readonly query: string
}

/** What is looked at of a request. */
export type Asking = Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders' | 'headers'>

export type Refusal = 403 | 405 | 415 | 421

const readMethods: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/** Whether the method promises to change nothing. */
export function isRead(method: string): boolean {
  return readMethods.has(method)
}

/**
 * Looks at a request before anything else does. A page elsewhere can make a browser send one here, under a name of its
 * own that leads to this machine (Host), as a form or a script of its own (Origin, Sec-Fetch-Site); none of them can set
 * these headers. `origins` are our own.
 */
export function guard(incoming: Asking, origins: ReadonlySet<string>): Target | Refusal {
  const target = targetOf(incoming, origins)
  if (target === undefined) return 421
  const { method = '' } = incoming
  if (isRead(method)) return isLoadedByOthers(incoming.rawHeaders) ? 403 : target
  if (method !== 'POST') return 405
  if (!isOwnPage(incoming.rawHeaders, target.origin)) return 403
  const isJson = /^application\/json(;|$)/i.test(incoming.headers['content-type'] ?? '')
  if (target.path.startsWith('/api/') && !isJson) return 415
  return target
}

/** Undefined where Host, or the authority of an absolute target, is not one of ours. */
function targetOf(incoming: Asking, origins: ReadonlySet<string>): Target | undefined {
  const hosts = headerValues(incoming.rawHeaders, 'host')
  const origin = originOf(hosts[0], origins)
  if (origin === undefined || hosts.length !== 1) return undefined
  const url = incoming.url ?? ''
  const [, scheme, authority, rest = ''] = /^(https?:\/\/)([^/?#]*)(.*)$/is.exec(url) ?? []
  if (scheme === undefined) return url.startsWith('/') ? { origin, ...partsOf(url) } : undefined
  if (originOf(authority, origins) !== origin) return undefined
  return { origin, ...partsOf(rest.startsWith('/') ? rest : `/${rest}`) }
}

function originOf(host: string | undefined, origins: ReadonlySet<string>): string | undefined {
  const wanted = host?.toLowerCase()
  return [...origins].find((origin) => new URL(origin).host === wanted)
}

function partsOf(url: string): { path: string; query: string } {
  const at = url.indexOf('?')
  return at < 0 ? { path: url, query: '' } : { path: url.slice(0, at), query: url.slice(at + 1) }
}

/**
 * Whether a page elsewhere loads this into itself. It could not read the answer, but the answer would be in its process.
 * To be led here by a link is another thing: `navigate`, to a document of its own.
 */
function isLoadedByOthers(rawHeaders: readonly string[]): boolean {
  const [site = 'none'] = headerValues(rawHeaders, 'sec-fetch-site')
  if (site === 'same-origin' || site === 'none') return false
  const [mode] = headerValues(rawHeaders, 'sec-fetch-mode')
  const [destination] = headerValues(rawHeaders, 'sec-fetch-dest')
  return mode !== 'navigate' || destination !== 'document'
}

/**
 * Whether a write comes from a page of ours, or from no page at all. Under `no-referrer` a browser says `Origin: null`
 * for our own forms, and then Sec-Fetch-Site tells them from others. A page on another port of this machine is
 * `same-site` and gets our cookies, so only `same-origin` will do. A program says neither; it is taken where it carries a
 * bearer token, which no browser adds by itself.
 */
function isOwnPage(rawHeaders: readonly string[], own: string): boolean {
  const sites = headerValues(rawHeaders, 'sec-fetch-site')
  const origins = headerValues(rawHeaders, 'origin')
  if (sites.length > 1 || origins.length > 1) return false
  const [site] = sites
  const [origin] = origins
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  if (origin === 'null') return site === 'same-origin'
  if (origin !== undefined) return origin === own
  return site !== undefined || (bearerOf(rawHeaders) ?? '') !== ''
}

/** What stands behind `Authorization: Bearer`; empty where the header is there and is something else, or came twice. */
export function bearerOf(rawHeaders: readonly string[]): string | undefined {
  const values = headerValues(rawHeaders, 'authorization')
  if (values.length === 0) return undefined
  const [, token = ''] = /^Bearer ([^\s]+)$/i.exec(values.length === 1 ? (values[0] ?? '') : '') ?? []
  return token
}
