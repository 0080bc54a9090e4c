import {
  createHash,
  createHmac,
  createPublicKey,
  hash,
  type KeyObject,
  timingSafeEqual,
  verify,
  X509Certificate,
} from 'node:crypto'
import { crc32 } from 'node:zlib'

/** The only place where digests are made for verification, and where secrets and signatures are compared. */

export type HashName = 'sha1' | 'sha256' | 'sha384' | 'sha512'
export type SignatureEncoding = 'hex' | 'base64'

const digestBytes: Record<HashName, number> = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 }

/** HMAC over the concatenation of `parts`, each as it is, bytes untouched. */
export function hmac(
  hashName: HashName,
  secret: Uint8Array,
  parts: readonly (Uint8Array | string)[],
): Buffer {
  const mac = createHmac(hashName, secret)
  for (const part of parts) mac.update(part)
  return mac.digest()
}

/** A plain hash over the secret and then `parts`: what some senders used before they knew of HMAC. */
export function keyedHash(hashName: HashName, secret: Uint8Array, parts: readonly Uint8Array[]): Buffer {
  const digest = createHash(hashName).update(secret)
  for (const part of parts) digest.update(part)
  return digest.digest()
}

/** Signatures that anyone can check and only the sender can make. */
export type KeyAlgorithm = 'ed25519' | 'ecdsa-p256' | 'rsa'

/** Whether `signature` (of ECDSA in DER) is the key's over the concatenation of `parts`. False for a key of another sort. */
export function isSignedBy(
  algorithm: KeyAlgorithm,
  hashName: HashName,
  key: KeyObject,
  parts: readonly Uint8Array[],
  signature: Uint8Array,
): boolean {
  if (!isKeyFor(algorithm, key)) return false
  try {
    return verify(algorithm === 'ed25519' ? null : hashName, Buffer.concat(parts), key, signature)
  } catch {
    return false // not a signature of that form at all
  }
}

export function isKeyFor(
  algorithm: KeyAlgorithm,
  { asymmetricKeyType, asymmetricKeyDetails }: KeyObject,
): boolean {
  switch (algorithm) {
    case 'ed25519':
      return asymmetricKeyType === 'ed25519'
    case 'ecdsa-p256':
      return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1'
    case 'rsa':
      return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 1024
  }
}

const ed25519SpkiHead = Buffer.from('302a300506032b6570032100', 'hex')

/**
 * A public key from what senders show: PEM (a key or a certificate), base64 of the SPKI, or the 32 raw bytes of an
 * ed25519 key in hex or base64. Undefined for anything else.
 */
export function readPublicKey(text: string): KeyObject | undefined {
  try {
    if (text.includes('BEGIN CERTIFICATE')) return new X509Certificate(text).publicKey
    if (text.includes('BEGIN ')) return createPublicKey(text)
    const raw = decodeDigest(text, 'hex', 'sha256') ?? decodeDigest(text, 'base64', 'sha256')
    if (raw)
      return createPublicKey({ key: Buffer.concat([ed25519SpkiHead, raw]), format: 'der', type: 'spki' })
    const der = decodeStrict(text, 'base64')
    return der && createPublicKey({ key: der, format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

/** The public key that a JWK is. Undefined for anything else, and for one that its numbers do not make. */
export function publicKeyOfJwk(jwk: Readonly<Record<string, unknown>>): KeyObject | undefined {
  const { kty, crv, x, y, n, e } = jwk
  const texts = Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => typeof value === 'string')
  try {
    return createPublicKey({ key: Object.fromEntries(texts), format: 'jwk' })
  } catch {
    return undefined
  }
}

/** The bytes that `text` encodes, or undefined unless it is their one canonical encoding. */
export function decodeStrict(text: string, encoding: SignatureEncoding): Buffer | undefined {
  if (text === '' || text.length > 16_384) return undefined
  const bytes = Buffer.from(text, encoding)
  return bytes.toString(encoding) === text ? bytes : undefined
}

/** SHA-256 over the concatenation of `parts`. One call for the whole is half as dear as a hash that is fed. */
export function sha256(...parts: readonly (Uint8Array | string)[]): Buffer {
  const [first] = parts
  const whole =
    parts.length === 1 && first !== undefined
      ? first
      : Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  return hash('sha256', whole, 'buffer')
}

/** CRC-32, for senders that sign it in place of the body. It is no digest: a body with the same one is made in no time. */
export function checksum(bytes: Uint8Array): number {
  return crc32(bytes)
}

/**
 * The bytes that `text` encodes, or undefined unless it is the one canonical encoding of exactly the
 * digest's length: Node's own decoders skip what they do not know, so bad hex would decode to nothing
 * and two empty buffers are equal.
 */
export function decodeDigest(text: string, encoding: SignatureEncoding, hash: HashName): Buffer | undefined {
  const size = digestBytes[hash]
  if (encoding === 'hex') {
    return text.length === size * 2 && /^[0-9a-f]+$/.test(text) ? Buffer.from(text, 'hex') : undefined
  }
  if (text.length !== Math.ceil(size / 3) * 4 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.length === size && bytes.toString('base64') === text ? bytes : undefined
}

/** Constant time for equal lengths; digests have a fixed length, so the length tells nothing. */
export function digestsEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.length > 0 && timingSafeEqual(left, right)
}

/** Compares two texts of any length in constant time, by their digests. An empty text equals nothing. */
export function secretsEqual(left: string, right: string): boolean {
  const equal = timingSafeEqual(sha256(left), sha256(right))
  return equal && left.length > 0
}
