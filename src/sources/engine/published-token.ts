import { AppError, VerificationError } from '../../domain/errors.js'
import type { JsonObject } from '../../util/json.js'
import { jwkOf, jwtHead, verifyJwt } from './jwt.js'
import type { KeyRequest, RemoteKeys } from './keys.js'
import type { Trace } from './trace.js'

/**
 * The claims of a token that is signed (RS256) with one of the keys that its issuer publishes, and that has not expired.
 * The keys must have been loaded. Throws VerificationError, and AppError `verification.key_unavailable` without them.
 */
export function publishedClaims(
  token: string,
  {
    keys,
    request,
    now,
    trace,
  }: {
    readonly keys: RemoteKeys
    readonly request: KeyRequest
    readonly now: number
    readonly trace?: Trace | undefined
  },
): JsonObject {
  const { keyId } = jwtHead(token)
  const published = keys.get(request)
  if (published === undefined) {
    throw new AppError('verification.key_unavailable', 'the issuer’s keys are not there', { retry: 'later' })
  }
  const key = keyId === undefined ? undefined : jwkOf(published, keyId, 'RSA')
  if (!key) {
    throw new VerificationError(
      'verification.untrusted_key',
      'the token names a key that its issuer does not have',
    )
  }
  const { claims } = verifyJwt(token, [{ algorithm: 'RS256', key }], now, trace)
  if (claims['exp'] === undefined) {
    throw new VerificationError('verification.malformed_timestamp', 'the token does not say when it expires')
  }
  return claims
}

/** Throws VerificationError unless the claim is one of `expected`. */
export function requireClaim(claims: JsonObject, name: string, expected: readonly string[]): void {
  const value = claims[name]
  if (typeof value === 'string' && expected.includes(value)) return
  throw new VerificationError('verification.bad_credentials', `the token’s ${name} is not the expected one`)
}
