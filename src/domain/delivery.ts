import type { JsonValue } from '../util/json.js'

/** One HTTP request that reached us. Its bytes say nothing yet: nothing reads them before `verify` returned. */
export interface Delivery {
  readonly id: string
  readonly source: string
  /** Epoch milliseconds. */
  readonly receivedAt: number
  readonly method: string
  /** Path and query exactly as they came. */
  readonly url: string
  /** In the order and with the duplicates in which they came: `[name, value, name, value, …]`. */
  readonly rawHeaders: readonly string[]
  readonly body: Uint8Array
  /** The peer's address, for logs and limits only. */
  readonly remoteAddress?: string
}

/** What only a source's `verify` can make: a delivery whose sender is known. */
export interface VerifiedDelivery {
  readonly delivery: Delivery
  /** Which of the configured secrets matched, by its position; 0 is the current one. */
  readonly secretIndex: number
  /** The body (or the part of a form that holds the event) as strict JSON. Parsed once. Throws AppError `delivery.malformed`. */
  json(): JsonValue
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** All values of a header, by case-insensitive name. */
export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  const wanted = name.toLowerCase()
  const values: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const candidate = rawHeaders[at] ?? ''
    if (candidate.length === wanted.length && candidate.toLowerCase() === wanted)
      values.push(rawHeaders[at + 1] ?? '')
  }
  return values
}

/** How a delivery stands in the ledger. */
export type DeliveryState = 'recorded' | 'duplicate' | 'malformed'

/** Headers, and names in a query, that carry a secret or a signature; never stored, logged or shown. */
const secretHeader =
  /^(authorization|proxy-authorization|cookie|plaid-verification)$|[_-]sig$|signature|token|secret|api-?key|hmac/i

/** Headers for the ledger: names and values in order, those that carry secrets or signatures left out. */
export function shownHeaders(rawHeaders: readonly string[]): [string, string][] {
  const shown: [string, string][] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    if (!isSecretHeader(name)) shown.push([name, rawHeaders[at + 1] ?? ''])
  }
  return shown
}

/** The URL for the ledger: of a query the values that are secrets are left out, as in `?token=`. */
export function shownUrl(url: string): string {
  const at = url.indexOf('?')
  if (at < 0) return url
  const pairs = url
    .slice(at + 1)
    .split('&')
    .map((pair) => {
      const [name = ''] = pair.split('=', 1)
      return secretHeader.test(decodedName(name)) ? `${name}=` : pair
    })
  return `${url.slice(0, at)}?${pairs.join('&')}`
}

function decodedName(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** Senders use few names; a pattern for each header of each delivery would cost more than the rest of this. */
const knownHeaders = new Map<string, boolean>()
const maxKnownHeaders = 500

function isSecretHeader(name: string): boolean {
  const known = knownHeaders.get(name)
  if (known !== undefined) return known
  const isSecret = secretHeader.test(name)
  if (knownHeaders.size < maxKnownHeaders) knownHeaders.set(name, isSecret)
  return isSecret
}
