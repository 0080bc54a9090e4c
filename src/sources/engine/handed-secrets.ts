import { z } from 'zod'
import type { Delivery } from '../../domain/delivery.js'
import { VerificationError } from '../../domain/errors.js'
import { secretsEqual } from '../../util/signature.js'
import type { SourceContext } from '../source.js'
import { type Proof, signatureProof } from './proof.js'
import { queryValue } from './query.js'
import { type Secret, secretField } from './secret.js'
import type { SignatureScheme } from './signature-scheme.js'

/*
 * Senders that hand their secret over in the first request, which nothing can sign yet. It is taken only where the URL
 * that was registered has a token that nobody else knows: `…/hooks/tasks?registration=<token>`.
 */

export const handedSecretFields = {
  secret: secretField().optional(),
  secret_file: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .describe(
      'Where the secrets are kept that the sender hands over; a path from the folder of config.yaml.',
    ),
  registration: secretField({ isToken: true })
    .optional()
    .describe('The token in the registered URL, ?registration=…, without which no secret is taken.'),
}

export interface HandedSecretOptions {
  readonly secret?: readonly Secret[] | undefined
  readonly secret_file?: string | undefined
  readonly registration?: readonly Secret[] | undefined
}

/** A check for the schema: one secret, or the place and the token for those to come. */
export function hasHandedSecrets({ secret, secret_file, registration }: HandedSecretOptions): boolean {
  return (
    (secret !== undefined && secret_file === undefined) ||
    (secret_file !== undefined && registration !== undefined)
  )
}

export const handedSecretsMissing =
  'needs secret, or secret_file with registration: where to keep what the sender hands over, and the token in its URL'

/** A signature with any of the secrets that are known when a request comes. While there is none, nothing verifies. */
export function handedSecretProof(
  scheme: SignatureScheme,
  options: HandedSecretOptions,
  context: SourceContext,
): Proof {
  const known = () => signatureProof(scheme, handedSecrets(options, context))
  return {
    prove: (delivery, now, trace) => known().prove(delivery, now, trace),
    sign: (request, now) => known().sign(request, now),
  }
}

/** The secrets that are known now: the configured ones, and those that were handed over. */
function handedSecrets(options: HandedSecretOptions, context: SourceContext): readonly Secret[] {
  const { secret = [], secret_file } = options
  if (secret_file === undefined) return secret
  const kept = context.secretFile(secret_file).read()
  return [...secret, ...kept.map((text) => ({ text, key: Buffer.from(text, 'utf8') }))]
}

const handedPattern = /^[A-Za-z0-9_-]{16,256}$/

/**
 * Keeps a secret that a first request brings. Throws VerificationError where the URL does not have the token, or the
 * secret is not of its form; then nothing is kept.
 */
export function takeSecret(
  handed: string,
  delivery: Delivery,
  { secret_file, registration = [] }: HandedSecretOptions,
  context: SourceContext,
): void {
  const token = queryValue(delivery.url, 'registration') ?? ''
  const isOurs = registration.map(({ text }) => secretsEqual(token, text)).includes(true)
  if (!isOurs || secret_file === undefined || !handedPattern.test(handed)) {
    throw new VerificationError(
      'verification.bad_credentials',
      'a secret was handed over, but not by way of the URL with the registration token',
    )
  }
  context.secretFile(secret_file).add(handed)
}
