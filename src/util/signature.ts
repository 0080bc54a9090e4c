import { createHmac, hash, timingSafeEqual } from 'node:crypto'

/** The only place where digests are made for verification, and where secrets and signatures are compared. */

export type HashName = 'sha1' | 'sha256' | 'sha512'
export type SignatureEncoding = 'hex' | 'base64'

const digestBytes: Record<HashName, number> = { sha1: 20, sha256: 32, sha512: 64 }

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

/** SHA-256 over the concatenation of `parts`. One call for the whole is half as dear as a hash that is fed. */
export function sha256(...parts: readonly (Uint8Array | string)[]): Buffer {
  const [first] = parts
  const whole =
    parts.length === 1 && first !== undefined
      ? first
      : Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  return hash('sha256', whole, 'buffer')
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
