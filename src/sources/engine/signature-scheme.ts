import { type Delivery, headerValues } from '../../domain/delivery.js'
import { AppError, VerificationError } from '../../domain/errors.js'
import {
  decodeDigest,
  decodeStrict,
  digestsEqual,
  type HashName,
  hmac,
  isSignedBy,
  type KeyAlgorithm,
  keyedHash,
  type SignatureEncoding,
} from '../../util/signature.js'
import { requiredHeader } from './headers.js'
import { namePlace, type ProofPlace, proofText } from './places.js'
import type { Secret } from './secret.js'
import { type MessageTemplate, type MessageValues, messageBytes, uses } from './template.js'
import { checkFresh, readTimestamp, type TimestampUnit, type Tolerance, writeTimestamp } from './timestamp.js'
import type { Trace } from './trace.js'
import { sayUnmatched } from './unmatched.js'

/** A signature over bytes of the request, described. The same description verifies and, with a shared secret, signs. */
export interface SignatureScheme {
  /** `keyed-hash` is a plain hash over secret and message. Of the last three the secrets are public keys. `hmac` by default. */
  readonly algorithm?: 'hmac' | 'keyed-hash' | KeyAlgorithm
  /** Says nothing for `ed25519`. */
  readonly hash: HashName
  readonly signature: SignaturePlace
  readonly message: MessageTemplate
  readonly timestamp?: TimestampPlace | undefined
  /** The header of `{id}`. */
  readonly idHeader?: string | undefined
  /** The whole id must match. Where a dot parts id and time in the message, the id may not have one. */
  readonly idPattern?: RegExp
  /** What `{url}` stands for: the URL as it is registered at the sender, never what a request says of itself. */
  readonly url?: string | undefined
}

/** `X-Signature: a=…,b=…`: where the signature stands. */
export type SignaturePlace = ProofPlace & {
  /** Parts a list, of which any entry may match. White space around entries is no part of them. */
  readonly listSeparator?: string | undefined
  /** Entries are `key<separator>value`; those with a key of `select` are signatures, others are ignored. */
  readonly pairs?: { readonly separator: string; readonly select: readonly string[] } | undefined
  /** Must stand before each signature, exactly; empty for none. */
  readonly prefix?: string
  readonly encoding: SignatureEncoding
  /**
   * Senders that sign with several keys while one is rotated: `repeated`, the header comes once for each key;
   * `numbered`, it comes as `<header>-1`, `<header>-2`, …. Any may match. Without it a second header is refused.
   */
  readonly several?: 'repeated' | 'numbered'
}

/** In a place of its own, or in a pair of the signature's. */
export type TimestampPlace = { readonly unit: TimestampUnit; readonly tolerance: Tolerance } & (
  | ProofPlace
  | { readonly pair: string }
)

export interface Proven {
  readonly secretIndex: number
  /** The signed time, epoch milliseconds. */
  readonly timestamp?: number | undefined
  /** The signed id. */
  readonly id?: string | undefined
}

/** The work for one delivery is bounded: secrets × this. */
const mostSignatures = 16
const mostEntries = 64

/**
 * Throws VerificationError. Every secret is tried with every listed signature, without an early exit. The
 * time is judged after the signature, so that "stale" is the sender's word and not a forger's.
 */
export function verifySignature(
  scheme: SignatureScheme,
  secrets: readonly Secret[],
  delivery: Delivery,
  now: number,
  trace?: Trace,
): Proven {
  const entries = signatureTexts(scheme.signature, delivery, trace).flatMap((text) =>
    readEntries(scheme.signature, text),
  )
  const readTime = (place: TimestampPlace) => {
    const text = timestampText(place, entries, delivery)
    trace?.found(`time (${nameTime(place)})`, text)
    return { text, at: readTimestamp(text, place.unit) }
  }
  // A time that is signed as part of the body is read when the body is known to be the sender's.
  const isInMessage = uses(scheme.message, 'timestamp')
  const early = scheme.timestamp && isInMessage ? readTime(scheme.timestamp) : undefined
  const id = scheme.idHeader === undefined ? undefined : readId(scheme, scheme.idHeader, delivery)
  if (scheme.idHeader !== undefined) trace?.found(`id (${scheme.idHeader})`, id)
  const candidates = readSignatures(scheme, entries)
  const message = messageBytes(scheme.message, {
    delivery,
    timestamp: early?.text ?? '',
    id: id ?? '',
    url: scheme.url,
    header: (name) => requiredHeader(delivery, name),
  })
  trace?.signed(message)
  let secretIndex = -1
  for (const [index, secret] of secrets.entries()) {
    const { matches, expected } = tryKey(scheme, secret, message, candidates)
    trace?.tried({ secretIndex: index, expected, given: candidates.map(({ text }) => text), matches })
    if (matches && secretIndex < 0) secretIndex = index
  }
  if (early && scheme.timestamp) trace?.clock(early.at, now, scheme.timestamp.tolerance)
  if (secretIndex < 0) {
    throw new VerificationError(
      'verification.signature_mismatch',
      sayUnmatched(secrets.length, candidates.length),
    )
  }
  if (!scheme.timestamp) return { secretIndex, timestamp: undefined, id }
  const { at } = early ?? readTime(scheme.timestamp)
  if (!early) trace?.clock(at, now, scheme.timestamp.tolerance)
  checkFresh(at, now, scheme.timestamp.tolerance)
  return { secretIndex, timestamp: at, id }
}

interface Candidate {
  readonly text: string
  readonly bytes: Buffer
}

function tryKey(
  { algorithm = 'hmac', hash, signature }: SignatureScheme,
  { key, publicKey }: Secret,
  message: readonly Uint8Array[],
  candidates: readonly Candidate[],
): { matches: boolean; expected: string | undefined } {
  let matches = false
  if (algorithm === 'hmac' || algorithm === 'keyed-hash') {
    const expected = algorithm === 'hmac' ? hmac(hash, key, message) : keyedHash(hash, key, message)
    for (const { bytes } of candidates) if (digestsEqual(bytes, expected)) matches = true
    return { matches, expected: expected.toString(signature.encoding) }
  }
  for (const { bytes } of candidates) {
    if (publicKey && isSignedBy(algorithm, hash, publicKey, message, bytes)) matches = true
  }
  return { matches, expected: undefined }
}

/** One text for each time that the signature may come: once, unless the sender is known for several. */
function signatureTexts(place: SignaturePlace, delivery: Delivery, trace: Trace | undefined): string[] {
  if (place.several === undefined || !('header' in place)) {
    const text = proofText(delivery, place)
    trace?.found(`signature (${namePlace(place)})`, text)
    return [text]
  }
  const names =
    place.several === 'repeated'
      ? [place.header]
      : Array.from({ length: mostSignatures }, (_, at) => `${place.header}-${at + 1}`)
  const texts = names.flatMap((name) => {
    const values = headerValues(delivery.rawHeaders, name)
    for (const value of values) trace?.found(`signature (${name})`, value)
    return place.several === 'numbered' && values.length > 1 ? [requiredHeader(delivery, name)] : values
  })
  if (texts.length === 0) return [requiredHeader(delivery, names[0] ?? place.header)]
  if (texts.length > mostSignatures) throw malformedSignature(`came more than ${mostSignatures} times`)
  return texts
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

function readSignatures(scheme: SignatureScheme, entries: readonly Entry[]): Candidate[] {
  const { pairs, prefix = '', encoding } = scheme.signature
  const chosen = pairs
    ? entries.filter(({ key }) => key !== undefined && pairs.select.includes(key))
    : entries.slice()
  if (chosen.length > mostSignatures) throw malformedSignature(`has more than ${mostSignatures} signatures`)
  const digests = chosen.flatMap(({ value }) => {
    if (!value.startsWith(prefix)) return []
    const text = value.slice(prefix.length)
    const bytes = decodeSignature(scheme, text)
    return bytes === undefined ? [] : [{ text, bytes }]
  })
  if (digests.length > 0) return digests
  const form = `${pairs ? `${pairs.select.join(' or ')}${pairs.separator}` : ''}${prefix}<${scheme.hash} in ${encoding}>`
  throw malformedSignature(`has no signature of the form ${form}`)
}

function decodeSignature(
  { algorithm = 'hmac', hash, signature: { encoding } }: SignatureScheme,
  text: string,
): Buffer | undefined {
  switch (algorithm) {
    case 'hmac':
    case 'keyed-hash':
      return decodeDigest(text, encoding, hash)
    case 'ed25519':
      return decodeDigest(text, encoding, 'sha512') // a signature of 64 bytes
    case 'ecdsa-p256':
    case 'rsa':
      return decodeStrict(text, encoding)
  }
}

function malformedSignature(found: string): VerificationError {
  return new VerificationError('verification.malformed_signature', `the signature ${found}`)
}

function nameTime(place: TimestampPlace): string {
  return 'pair' in place ? `${place.pair} of the signature` : namePlace(place)
}

function timestampText(place: TimestampPlace, entries: readonly Entry[], delivery: Delivery): string {
  if (!('pair' in place)) return proofText(delivery, place)
  const found = entries.filter(({ key }) => key === place.pair)
  const [entry, second] = found
  if (entry === undefined || second !== undefined) {
    throw new VerificationError(
      'verification.malformed_timestamp',
      `the signature has ${found.length} times "${place.pair}", and needs exactly one`,
    )
  }
  return entry.value
}

function readId(
  { idPattern = /^[\x21-\x7e]{1,200}$/ }: SignatureScheme,
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

export interface Signing {
  readonly body: Uint8Array
  readonly id: string
  /** Those that the message has parts of. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * The headers that verify: what the sender would put on `body` at `now`. The inverse of `verifySignature`. Throws
 * AppError `source.cannot_sign` where only the sender has the key, or the signature stands elsewhere.
 */
export function signWith(
  scheme: SignatureScheme,
  secret: Secret,
  { body, id, headers = {} }: Signing,
  now: number,
): Record<string, string> {
  const { signature, timestamp } = scheme
  if (!('header' in signature)) throw cannotSign('this sender’s signature does not stand in a header')
  const time = timestamp ? writeTimestamp(now, timestamp.unit) : ''
  const made: Record<string, string> = {}
  if (timestamp && 'header' in timestamp) made[timestamp.header] = time
  if (scheme.idHeader !== undefined && uses(scheme.message, 'id')) made[scheme.idHeader] = id
  const name = signature.several === 'numbered' ? `${signature.header}-1` : signature.header
  made[name] = signatureText(scheme, secret, {
    delivery: { method: 'POST', url: '', rawHeaders: [], body },
    timestamp: time,
    id,
    url: scheme.url,
    header: (wanted) => headers[wanted] ?? '',
  })
  return made
}

/** The text that stands where the signature stands, and has the time too where that is one of its pairs. */
export function signatureText(scheme: SignatureScheme, secret: Secret, values: MessageValues): string {
  const { signature, timestamp, algorithm = 'hmac', hash } = scheme
  if (algorithm !== 'hmac' && algorithm !== 'keyed-hash') {
    throw cannotSign('this sender signs with a key that only it has')
  }
  const message = messageBytes(scheme.message, values)
  const digest = algorithm === 'hmac' ? hmac(hash, secret.key, message) : keyedHash(hash, secret.key, message)
  const { pairs } = signature
  const key = pairs ? `${pairs.select[0] ?? ''}${pairs.separator}` : ''
  const entries = [`${key}${signature.prefix ?? ''}${digest.toString(signature.encoding)}`]
  if (timestamp && 'pair' in timestamp && pairs) {
    entries.unshift(`${timestamp.pair}${pairs.separator}${values.timestamp}`)
  }
  return entries.join(signature.listSeparator ?? ',')
}

export function cannotSign(why: string): AppError {
  return new AppError('source.cannot_sign', `${why}, so no delivery of its can be made here`)
}
