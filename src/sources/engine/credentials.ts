import { z } from 'zod'
import { headerField } from './fields.js'
import { basicProof, type Proof, tokenProof } from './proof.js'
import { type Secret, secretField } from './secret.js'

/*
 * For senders that sign nothing and only show what they were given: basic credentials where `user` is set, else the
 * secret in a header. It says who sends, not what.
 */

export const userField = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^:]+$/, 'a user name of basic credentials cannot have a colon')
  .describe('The user of basic credentials; `secret` is then the password.')

/** `prefix` is what such a sender puts before the secret by itself. */
export function credentialFields(prefix: string) {
  return {
    secret: secretField({ isToken: true }),
    user: userField.optional(),
    header: headerField.prefault('authorization').describe('The header that has the secret.'),
    prefix: z
      .string()
      .max(64)
      .prefault(prefix)
      .describe('Must stand before the secret, exactly: "Bearer ", or nothing.'),
  }
}

export function credentialProof({
  secret,
  user,
  header,
  prefix,
}: {
  readonly secret: readonly Secret[]
  readonly user?: string | undefined
  readonly header: string
  readonly prefix: string
}): Proof {
  return user === undefined ? tokenProof({ header, prefix }, secret) : basicProof(user, secret)
}
