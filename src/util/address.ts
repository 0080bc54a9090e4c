import ipaddr from 'ipaddr.js'

/** Inside a company or a machine: connected to only where the operator says that a host is private. */
const privateRanges: ReadonlySet<string> = new Set(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat'])

/** Metadata services whose addresses look like any other: Azure's host agent, Amazon's over IPv6. */
const metadata: ReadonlySet<string> = new Set(['168.63.129.16', 'fd00:ec2::254'])

/**
 * Whether a connection to this IP address may be made. Only public unicast may; with `allowPrivate` also
 * loopback, private, unique-local and carrier-grade NAT. Never: unspecified, link-local (cloud metadata),
 * multicast, broadcast, documentation and reserved ranges, and IPv6 forms that carry an IPv4 address
 * (mapped, ::/96, NAT64, 6to4, Teredo), because they reach hosts that the address does not show. A mapped
 * address counts as the IPv4 address in it when `allowPrivate` is set.
 */
export function isAllowedAddress(text: string, allowPrivate: boolean): boolean {
  if (!ipaddr.isValid(text) || isCompatible(text)) return false
  const parsed = ipaddr.parse(text)
  if (parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress()) {
    return allowPrivate && isAllowedAddress(parsed.toIPv4Address().toString(), true)
  }
  if (metadata.has(parsed.toString())) return false
  const range: string = parsed.range()
  if (privateRanges.has(range)) return allowPrivate
  if (range !== 'unicast') return false
  // Of IPv6 only 2000::/3 is handed out; ::/96 and the rest of the unassigned space is "unicast" to the library.
  return parsed instanceof ipaddr.IPv4 || ((parsed.parts[0] ?? 0) & 0xe000) === 0x2000
}

/** `::1.2.3.4` is an address in ::/96; the library would read it as the mapped `::ffff:1.2.3.4`. */
function isCompatible(text: string): boolean {
  return text.includes(':') && text.includes('.') && !/:ffff:[\d.]+$/i.test(text)
}

export type Address = ipaddr.IPv4 | ipaddr.IPv6

/** An address as it is compared: of a mapped one the IPv4 address in it. Undefined for what is none. */
export function parseAddress(text: string): Address | undefined {
  const isAddress = text.includes(':') ? ipaddr.IPv6.isValid(text) : ipaddr.IPv4.isValidFourPartDecimal(text)
  return isAddress && !isCompatible(text) ? ipaddr.process(text) : undefined
}

export interface AddressRange {
  readonly first: Address
  readonly bits: number
}

/** `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`. Undefined for what is no range, or is a range of mapped addresses. */
export function parseRange(text: string): AddressRange | undefined {
  const [address = '', bits, ...rest] = text.split('/')
  const first = address.includes('%') || rest.length > 0 ? undefined : parseAddress(address)
  if (first === undefined) return undefined
  const most = first.kind() === 'ipv4' ? 32 : 128
  if (bits === undefined) return { first, bits: most }
  const isMapped = first.kind() === 'ipv4' && address.includes(':')
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most && !isMapped
    ? { first, bits: Number(bits) }
    : undefined
}

export function isInRange(address: Address, { first, bits }: AddressRange): boolean {
  if (address instanceof ipaddr.IPv4) return first instanceof ipaddr.IPv4 && address.match(first, bits)
  return first instanceof ipaddr.IPv6 && address.match(first, bits)
}
