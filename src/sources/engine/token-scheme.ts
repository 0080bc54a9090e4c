import type { Delivery } from '../../domain/delivery.js'
import { VerificationError } from '../../domain/errors.js'
import { secretsEqual } from '../../util/signature.js'
import { requiredHeader } from './headers.js'
import { namePlace, proofText } from './places.js'
import type { Secret } from './secret.js'
import type { SignedRequest } from './sign.js'
import type { Trace } from './trace.js'

/**
 * A secret that the sender repeats in clear, in a header. It says who sends, not what: nothing of the body is
 * signed and nothing bounds a replay but the dedupe keys.
 */
export type TokenScheme = ({ readonly header: string } | { readonly query: string }) & {
  /** Must stand before the token, exactly: `Bearer `. */
  readonly prefix?: string
}

/** The index of the secret that was sent. Throws VerificationError. Every secret is tried. */
export function verifyToken(
  scheme: TokenScheme,
  secrets: readonly Secret[],
  delivery: Delivery,
  trace?: Trace,
): number {
  const { prefix = '' } = scheme
  const value = proofText(delivery, scheme)
  trace?.found(`token (${namePlace(scheme)})`, value.startsWith(prefix) ? prefix : undefined)
  const sent = value.startsWith(prefix) ? value.slice(prefix.length) : ''
  let secretIndex = -1
  for (const [index, { text }] of secrets.entries()) {
    const matches = secretsEqual(sent, text)
    trace?.tried({ secretIndex: index, expected: text, given: [sent], matches, isClear: true })
    if (matches && secretIndex < 0) secretIndex = index
  }
  if (secretIndex >= 0) return secretIndex
  throw new VerificationError(
    'verification.bad_credentials',
    `the token in ${namePlace(scheme)} is not the configured one`,
  )
}

export function signToken(scheme: TokenScheme, { text }: Secret): SignedRequest {
  const token = `${scheme.prefix ?? ''}${text}`
  if ('header' in scheme) return { headers: { [scheme.header]: token } }
  return { headers: {}, query: `${scheme.query}=${encodeURIComponent(token)}` }
}

/** `Authorization: Basic` of `user` and one of the secrets. Throws VerificationError. */
export function verifyBasic(
  user: string,
  secrets: readonly Secret[],
  delivery: Delivery,
  trace?: Trace,
): number {
  const value = requiredHeader(delivery, 'authorization')
  trace?.found('credentials (authorization)', /^basic /i.test(value) ? 'Basic' : undefined)
  const encoded = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(value)?.[1] ?? ''
  const bytes = Buffer.from(encoded, 'base64')
  const sent = bytes.toString('base64') === encoded ? bytes.toString('latin1') : ''
  let secretIndex = -1
  for (const [index, secret] of secrets.entries()) {
    const expected = credentials(user, secret)
    const matches = secretsEqual(sent, expected)
    trace?.tried({ secretIndex: index, expected, given: [sent], matches, isClear: true })
    if (matches && secretIndex < 0) secretIndex = index
  }
  if (secretIndex >= 0) return secretIndex
  throw new VerificationError(
    'verification.bad_credentials',
    'the basic credentials are not the configured ones',
  )
}

export function signBasic(user: string, secret: Secret): Record<string, string> {
  const encoded = Buffer.from(credentials(user, secret), 'latin1').toString('base64')
  return { authorization: `Basic ${encoded}` }
}

/** UTF-8 bytes, one character each. The user name cannot have a colon, so the pair is unambiguous. */
function credentials(user: string, { text }: Secret): string {
  return Buffer.from(`${user}:${text}`, 'utf8').toString('latin1')
}
