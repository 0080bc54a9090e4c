import type { Delivery } from '../domain/delivery.js'
import { VerificationError } from '../domain/errors.js'
import { secretsEqual } from '../util/signature.js'
import { requiredHeader } from './headers.js'
import type { Secret } from './secret.js'

/**
 * A secret that the sender repeats in clear, in a header. It says who sends, not what: nothing of the body is
 * signed and nothing bounds a replay but the dedupe keys.
 */
export interface TokenScheme {
  readonly header: string
  /** Must stand before the token, exactly: `Bearer `. */
  readonly prefix: string
}

/** The index of the secret that was sent. Throws VerificationError. Every secret is tried. */
export function verifyToken(scheme: TokenScheme, secrets: readonly Secret[], delivery: Delivery): number {
  const value = requiredHeader(delivery, scheme.header)
  const isPrefixed = value.startsWith(scheme.prefix)
  const sent = isPrefixed ? value.slice(scheme.prefix.length) : ''
  let secretIndex = -1
  for (const [index, { text }] of secrets.entries()) {
    if (secretsEqual(sent, text) && secretIndex < 0) secretIndex = index
  }
  if (secretIndex >= 0) return secretIndex
  throw new VerificationError(
    'verification.bad_credentials',
    `the token in ${scheme.header} is not the configured one`,
  )
}

export function signToken(scheme: TokenScheme, secret: Secret): Record<string, string> {
  return { [scheme.header]: `${scheme.prefix}${secret.text}` }
}

/** `Authorization: Basic` of `user` and one of the secrets. Throws VerificationError. */
export function verifyBasic(user: string, secrets: readonly Secret[], delivery: Delivery): number {
  const value = requiredHeader(delivery, 'authorization')
  const encoded = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(value)?.[1] ?? ''
  const bytes = Buffer.from(encoded, 'base64')
  const sent = bytes.toString('base64') === encoded ? bytes.toString('latin1') : ''
  let secretIndex = -1
  for (const [index, secret] of secrets.entries()) {
    if (secretsEqual(sent, credentials(user, secret)) && secretIndex < 0) secretIndex = index
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
