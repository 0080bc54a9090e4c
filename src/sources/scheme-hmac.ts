import type { Delivery } from '../domain/delivery.js'
import { VerificationError } from '../domain/errors.js'
import { decodeDigest, digestsEqual, type HashName, hmac, type SignatureEncoding } from '../util/signature.js'
import { requiredHeader } from './headers.js'
import type { Secret } from './secret.js'
import { type MessageTemplate, messageBytes, uses } from './template.js'
import { checkFresh, readTimestamp, type TimestampUnit, type Tolerance, writeTimestamp } from './timestamp.js'

/** An HMAC over bytes of the request, described. The same description verifies and signs. */
export interface HmacScheme {
  readonly hash: HashName
  readonly signature: SignaturePlace
  readonly message: MessageTemplate
  readonly timestamp: TimestampPlace | undefined
  /** The header of `{id}`. */
  readonly idHeader: string | undefined
  /** The whole id must match. Where a dot parts id and time in the message, the id may not have one. */
  readonly idPattern?: RegExp
}

/** `X-Signature: a=…,b=…`: where in a header the signature stands. */
export interface SignaturePlace {
  readonly header: string
  /** Parts a list, of which any entry may match. White space around entries is no part of them. */
  readonly listSeparator: string | undefined
  /** Entries are `key<separator>value`; those with a key of `select` are signatures, others are ignored. */
  readonly pairs: { readonly separator: string; readonly select: readonly string[] } | undefined
  /** Must stand before each signature, exactly; empty for none. */
  readonly prefix: string
  readonly encoding: SignatureEncoding
}

/** In a header of its own, or in a pair of the signature's header. */
export type TimestampPlace = { readonly unit: TimestampUnit; readonly tolerance: Tolerance } & (
  | { readonly header: string }
  | { readonly pair: string }
)

export interface Verified {
  readonly secretIndex: number
  /** The signed time, epoch milliseconds. */
  readonly timestamp: number | undefined
  /** The signed id. */
  readonly id: string | undefined
}

/** The work for one delivery is bounded: secrets × this. */
const mostSignatures = 16
const mostEntries = 64

/**
 * Throws VerificationError. Every secret is tried with every listed signature, without an early exit. The
 * time is judged after the signature, so that "stale" is the sender's word and not a forger's.
 */
export function verifyHmac(
  scheme: HmacScheme,
  secrets: readonly Secret[],
  delivery: Delivery,
  now: number,
): Verified {
  const entries = readEntries(scheme.signature, requiredHeader(delivery, scheme.signature.header))
  const timestamp = scheme.timestamp && timestampText(scheme.timestamp, entries, delivery)
  const at = timestamp === undefined ? undefined : readTimestamp(timestamp, scheme.timestamp?.unit ?? 's')
  const id = scheme.idHeader === undefined ? undefined : readId(scheme, scheme.idHeader, delivery)
  const candidates = readSignatures(scheme, entries)
  const message = messageBytes(scheme.message, {
    body: delivery.body,
    timestamp: timestamp ?? '',
    id: id ?? '',
    header: (name) => requiredHeader(delivery, name),
  })
  let secretIndex = -1
  for (const [index, { key }] of secrets.entries()) {
    const expected = hmac(scheme.hash, key, message)
    for (const candidate of candidates) {
      if (digestsEqual(candidate, expected) && secretIndex < 0) secretIndex = index
    }
  }
  if (secretIndex < 0) {
    throw new VerificationError(
      'verification.signature_mismatch',
      `none of ${secrets.length} secrets gives one of the ${candidates.length} signatures`,
    )
  }
  if (at !== undefined && scheme.timestamp) checkFresh(at, now, scheme.timestamp.tolerance)
  return { secretIndex, timestamp: at, id }
}

interface Entry {
  readonly key: string | undefined
  readonly value: string
}

function readEntries({ listSeparator, pairs }: SignaturePlace, text: string): Entry[] {
  const items = listSeparator === undefined ? [text] : text.split(listSeparator, mostEntries + 1)
  if (items.length > mostEntries) throw malformedSignature(`has more than ${mostEntries} entries`)
  return items.map((item) => {
    const entry = listSeparator === undefined ? item : item.trim()
    if (pairs === undefined) return { key: undefined, value: entry }
    const at = entry.indexOf(pairs.separator)
    if (at < 0) return { key: undefined, value: entry }
    return { key: entry.slice(0, at), value: entry.slice(at + pairs.separator.length) }
  })
}

function readSignatures({ signature, hash }: HmacScheme, entries: readonly Entry[]): Buffer[] {
  const { pairs, prefix, encoding } = signature
  const chosen = pairs
    ? entries.filter(({ key }) => key !== undefined && pairs.select.includes(key))
    : entries.slice()
  if (chosen.length > mostSignatures) throw malformedSignature(`has more than ${mostSignatures} signatures`)
  const digests = chosen
    .filter(({ value }) => value.startsWith(prefix))
    .map(({ value }) => decodeDigest(value.slice(prefix.length), encoding, hash))
    .filter((digest) => digest !== undefined)
  if (digests.length > 0) return digests
  const form = `${pairs ? `${pairs.select.join(' or ')}${pairs.separator}` : ''}${prefix}<${hash} in ${encoding}>`
  throw malformedSignature(`has no signature of the form ${form}`)
}

function malformedSignature(found: string): VerificationError {
  return new VerificationError('verification.malformed_signature', `the signature header ${found}`)
}

function timestampText(place: TimestampPlace, entries: readonly Entry[], delivery: Delivery): string {
  if ('header' in place) return requiredHeader(delivery, place.header)
  const found = entries.filter(({ key }) => key === place.pair)
  const [entry, second] = found
  if (entry === undefined || second !== undefined) {
    throw new VerificationError(
      'verification.malformed_timestamp',
      `the signature header has ${found.length} times "${place.pair}", and needs exactly one`,
    )
  }
  return entry.value
}

function readId(
  { idPattern = /^[\x21-\x7e]{1,200}$/ }: HmacScheme,
  header: string,
  delivery: Delivery,
): string {
  const id = requiredHeader(delivery, header)
  if (idPattern.test(id)) return id
  throw new VerificationError(
    'verification.malformed_signature',
    `the signed id in ${header} is not of its form`,
  )
}

/** The headers that verify: what the sender would put on `body` at `now`. The inverse of `verifyHmac`. */
export function signHmac(
  scheme: HmacScheme,
  secret: Secret,
  { body, id, headers = {} }: { body: Uint8Array; id: string; headers?: Readonly<Record<string, string>> },
  now: number,
): Record<string, string> {
  const { signature, timestamp } = scheme
  const time = timestamp ? writeTimestamp(now, timestamp.unit) : ''
  const message = messageBytes(scheme.message, {
    body,
    timestamp: time,
    id,
    header: (name) => headers[name] ?? '',
  })
  const digest = hmac(scheme.hash, secret.key, message).toString(signature.encoding)
  const key = signature.pairs ? `${signature.pairs.select[0] ?? ''}${signature.pairs.separator}` : ''
  const entries = [`${key}${signature.prefix}${digest}`]
  const made: Record<string, string> = {}
  if (timestamp && 'header' in timestamp) made[timestamp.header] = time
  if (timestamp && 'pair' in timestamp && signature.pairs) {
    entries.unshift(`${timestamp.pair}${signature.pairs.separator}${time}`)
  }
  if (scheme.idHeader !== undefined && uses(scheme.message, 'id')) made[scheme.idHeader] = id
  made[signature.header] = entries.join(signature.listSeparator ?? ',')
  return made
}
