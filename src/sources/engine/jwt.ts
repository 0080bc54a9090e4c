import type { KeyObject } from 'node:crypto'
import { VerificationError } from '../../domain/errors.js'
import { JsonError, type JsonObject, type JsonValue, parseJson, stringifyJson } from '../../util/json.js'
import { digestsEqual, hmac, isSignedBy, publicKeyOfJwk } from '../../util/signature.js'
import type { Trace } from './trace.js'
import { isObject } from './verified.js'

/** What a token must be signed with. The token's own `alg` has to say the same; it never decides. */
export type JwtKey =
  | { readonly algorithm: 'HS256'; readonly secret: Uint8Array }
  | { readonly algorithm: 'ES256' | 'RS256'; readonly key: KeyObject }

export interface JwtHead {
  readonly algorithm: string
  /** Which of the sender's keys, in its own words. */
  readonly keyId: string | undefined
}

/** How far apart the clocks may be, both ways. */
const leewayMs = 60_000
const longestToken = 16_384

/**
 * What a token says of itself before it is verified: enough to find its key, and good for nothing else. Throws
 * VerificationError unless it is a compact JWS.
 */
export function jwtHead(token: string): JwtHead {
  const { head } = partsOf(token)
  const { alg, kid } = head
  return { algorithm: typeof alg === 'string' ? alg : '', keyId: typeof kid === 'string' ? kid : undefined }
}

/**
 * The claims of a token that one of `keys` signed, and which one. Throws VerificationError. `exp`, `nbf` and `iat`
 * are checked where they are there; what must be there the caller asks for.
 */
export function verifyJwt(
  token: string,
  keys: readonly JwtKey[],
  now: number,
  trace?: Trace,
): { readonly claims: JsonObject; readonly keyIndex: number } {
  const { head, claims, signed, signature } = partsOf(token)
  for (const name of shownClaims)
    if (name in claims) trace?.found(`${name} of the token`, shown(claims[name]))
  trace?.signed([signed])
  if (head['crit'] !== undefined) throw malformed('has extensions that must be understood')
  let keyIndex = -1
  for (const [index, key] of keys.entries()) {
    const matches = head['alg'] === key.algorithm && isSignedWith(key, signed, signature)
    if (matches && keyIndex < 0) keyIndex = index
    const expected = key.algorithm === 'HS256' ? hmac('sha256', key.secret, [signed]) : undefined
    trace?.tried({
      secretIndex: index,
      expected: expected?.toString('base64url'),
      given: [signature.toString('base64url')],
      matches,
    })
  }
  if (keyIndex < 0) {
    throw new VerificationError(
      'verification.signature_mismatch',
      'the token is not signed with the sender’s key',
    )
  }
  checkTimes(claims, now)
  return { claims, keyIndex }
}

/** What a token says that people compare: who made it, for whom, and when. */
const shownClaims = ['iss', 'aud', 'email', 'iat', 'exp']

function shown(claim: JsonValue | undefined): string | undefined {
  return claim === undefined ? undefined : typeof claim === 'string' ? claim : stringifyJson(claim)
}

/** A token as a sender with this secret would make it. */
export function signJwt(claims: JsonObject, secret: Uint8Array): string {
  const signed = [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${signed}.${hmac('sha256', secret, [signed]).toString('base64url')}`
}

/** A public key of a JWK set, by its id; undefined where it is not there or of another sort. */
export function jwkOf(jwks: string, keyId: string | undefined, type: 'EC' | 'RSA'): KeyObject | undefined {
  const list = jsonOf(jwks)
  const keys = isObject(list) && Array.isArray(list['keys']) ? list['keys'] : [list ?? null]
  const found = keys.find((key) => isObject(key) && key['kid'] === keyId && key['kty'] === type)
  return isObject(found) ? publicKeyOfJwk(found) : undefined
}

function isSignedWith(key: JwtKey, signed: Uint8Array, signature: Buffer): boolean {
  switch (key.algorithm) {
    case 'HS256':
      return digestsEqual(signature, hmac('sha256', key.secret, [signed]))
    case 'RS256':
      return isSignedBy('rsa', 'sha256', key.key, [signed], signature)
    case 'ES256':
      return (
        signature.length === 64 && isSignedBy('ecdsa-p256', 'sha256', key.key, [signed], derOf(signature))
      )
  }
}

/** JWS has r and s side by side; what verifies wants them in DER. */
function derOf(signature: Buffer): Buffer {
  const integer = (bytes: Buffer) => {
    let start = 0
    while (start < bytes.length - 1 && bytes[start] === 0) start++
    const trimmed = bytes.subarray(start)
    const value = (trimmed[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed
    return Buffer.concat([Buffer.from([0x02, value.length]), value])
  }
  const both = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))])
  return Buffer.concat([Buffer.from([0x30, both.length]), both])
}

function partsOf(token: string): {
  head: JsonObject
  claims: JsonObject
  signed: Buffer
  signature: Buffer
} {
  const [head, claims, signature, more] = token.length > longestToken ? [] : token.split('.')
  if (head === undefined || claims === undefined || signature === undefined || more !== undefined) {
    throw malformed('is not a token of three parts')
  }
  const signatureBytes = decode(signature)
  const headObject = objectOf(head)
  const claimsObject = objectOf(claims)
  if (!signatureBytes || !headObject || !claimsObject) throw malformed('is not a token that can be read')
  return {
    head: headObject,
    claims: claimsObject,
    signed: Buffer.from(`${head}.${claims}`, 'latin1'),
    signature: signatureBytes,
  }
}

function objectOf(part: string): JsonObject | undefined {
  const bytes = decode(part)
  const value = bytes && jsonOf(bytes)
  return isObject(value) ? value : undefined
}

function jsonOf(text: Uint8Array | string): ReturnType<typeof parseJson> | undefined {
  try {
    return parseJson(typeof text === 'string' ? Buffer.from(text) : text)
  } catch (cause) {
    if (cause instanceof JsonError) return undefined
    throw cause
  }
}

/** Base64url without padding, in its one canonical form. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return text !== '' && bytes.toString('base64url') === text ? bytes : undefined
}

function checkTimes(claims: JsonObject, now: number): void {
  const exp = timeOf(claims, 'exp')
  const begins = [timeOf(claims, 'nbf'), timeOf(claims, 'iat')]
  if (exp !== undefined && !(now <= exp + leewayMs)) {
    throw new VerificationError('verification.stale_timestamp', 'the token has expired; compare the clocks')
  }
  for (const at of begins) {
    if (at !== undefined && !(now >= at - leewayMs)) {
      throw new VerificationError(
        'verification.future_timestamp',
        'the token is not valid yet; compare the clocks',
      )
    }
  }
}

/** A time claim in milliseconds. One that is there and is no time is refused. */
export function timeOf(claims: JsonObject, name: string): number | undefined {
  const value = claims[name]
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value * 1000
  throw new VerificationError('verification.malformed_timestamp', `the token’s ${name} is not a time`)
}

function malformed(what: string): VerificationError {
  return new VerificationError('verification.malformed_signature', `what should be a token ${what}`)
}
