import { headerValues } from '../domain/delivery.js'
import { type Address, isInRange, parseAddress, parseRange } from '../util/address.js'

/** A longer chain of proxies is made up. */
const maxProxies = 32

/** Who sent a request: the peer, or whom a listed proxy had it from. `rawHeaders` as Node gives them. */
export type ClientAddress = (peer: string | undefined, rawHeaders: readonly string[]) => string | undefined

/**
 * Only of a listed proxy the headers are believed, from the right, where it wrote itself: the first address that is no
 * listed proxy is the client's. What stands left of that is the client's own words. The peer itself counts where a
 * place that is needed holds no address, or where `Forwarded` and `X-Forwarded-For` disagree: a proxy sets one of them
 * and may pass the other on as a stranger wrote it.
 */
export function clientAddress(proxies: readonly string[]): ClientAddress {
  const ranges = proxies.flatMap((text) => parseRange(text) ?? [])
  const isListed = (address: Address) => ranges.some((range) => isInRange(address, range))
  if (ranges.length === 0) return (peer) => peer
  return (peer, rawHeaders) => {
    const direct = parseAddress(peer ?? '')
    if (direct === undefined || !isListed(direct)) return peer
    const chains = [
      chainOf(headerValues(rawHeaders, 'forwarded'), forwardedAddress),
      chainOf(headerValues(rawHeaders, 'x-forwarded-for'), nodeAddress),
    ]
    const clients = chains.flatMap((chain) => (chain.length === 0 ? [] : [rightmost(chain, isListed)]))
    const [client, ...others] = clients
    return client !== undefined && others.every((other) => other === client) ? client : peer
  }
}

/** As `clientAddress`, for a list that may be replaced by another. */
export function currentClientAddress(proxies: () => readonly string[]): ClientAddress {
  let known = proxies()
  let client = clientAddress(known)
  return (peer, rawHeaders) => {
    const current = proxies()
    if (current !== known) {
      known = current
      client = clientAddress(known)
    }
    return client(peer, rawHeaders)
  }
}

/** What each proxy wrote, the nearest first; undefined where it is no address. Several headers of one name are one list. */
function chainOf(
  values: readonly string[],
  read: (element: string) => Address | undefined,
): (Address | undefined)[] {
  return values
    .flatMap((value) => value.split(','))
    .slice(-maxProxies)
    .reverse()
    .map((element) => read(element.trim()))
}

function rightmost(
  chain: readonly (Address | undefined)[],
  isListed: (address: Address) => boolean,
): string | undefined {
  const found = chain.find((address) => address === undefined || !isListed(address))
  const isAllListed = chain.every((address) => address !== undefined && isListed(address))
  // Then the request began at the furthest of them.
  return (isAllListed ? chain.at(-1) : found)?.toString()
}

/** `for=192.0.2.60;proto=http` or `for="[2001:db8::1]:4711"`. A quoted text with a comma or a semicolon is no address. */
function forwardedAddress(element: string): Address | undefined {
  const pairs = element.split(';').map((pair) => /^\s*([\w-]+)=(?:"([^"\\]*)"|([^\s"]*))\s*$/.exec(pair))
  if (pairs.includes(null)) return undefined
  const values = pairs.flatMap((pair) =>
    pair?.[1]?.toLowerCase() === 'for' ? [pair[2] ?? pair[3] ?? ''] : [],
  )
  return values.length === 1 ? nodeAddress(values[0] ?? '') : undefined
}

/** An address, with a port or in brackets or both. */
function nodeAddress(text: string): Address | undefined {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/.exec(text) ?? []
  const address = bracketed ?? plain ?? text
  if (address.includes('%') || (bracketed !== undefined && !bracketed.includes(':'))) return undefined
  return parseAddress(address)
}
