import { type Delivery, headerValues } from '../../domain/delivery.js'
import { type Proof, secretAt } from './proof.js'
import { type Secret, secretField } from './secret.js'
import { type SignatureScheme, signWith, verifySignature } from './signature-scheme.js'
import { compileMessage } from './template.js'

/*
 * Standard Webhooks, symmetric `v1`. https://github.com/standard-webhooks/standard-webhooks, spec read
 * 2026-11-21. Signed: `{id}.{timestamp}.{body}`. `v1a` (ed25519, whpk_…) is not in this version: such a key
 * is refused at load, and `v1a` signatures beside a `v1` are passed over.
 */

/** `whsec_` and the base64 of the key; the prefix may be missing. */
export const standardSecretField = secretField({
  encoding: 'base64',
  stripPrefix: 'whsec_',
  refusedPrefixes: {
    whpk_:
      'is the public key of v1a (ed25519) signatures, which are not in this version; take the whsec_ secret',
    whsk_: 'is a private key for v1a (ed25519) signatures; take the whsec_ secret',
  },
})

/** The headers of the unbranded specification, or Svix's names for the same. */
export type StandardNames = 'webhook' | 'svix'

export function standardScheme(names: StandardNames, toleranceMs: number): SignatureScheme {
  return {
    hash: 'sha256',
    signature: {
      header: `${names}-signature`,
      listSeparator: ' ',
      pairs: { separator: ',', select: ['v1'] },
      encoding: 'base64',
    },
    message: compileMessage('{id}.{timestamp}.{body}'),
    timestamp: {
      header: `${names}-timestamp`,
      unit: 's',
      tolerance: { pastMs: toleranceMs, futureMs: toleranceMs },
    },
    idHeader: `${names}-id`,
    // Without a dot: one would let id and time be cut elsewhere under the same signature.
    idPattern: /^[\x21-\x2d\x2f-\x7e]{1,200}$/,
  }
}

/** Which names this delivery uses. Where both are there, the specification's are read and the others ignored. */
export function namesOf(delivery: Delivery): StandardNames {
  const isBranded =
    headerValues(delivery.rawHeaders, 'webhook-signature').length === 0 &&
    headerValues(delivery.rawHeaders, 'svix-signature').length > 0
  return isBranded ? 'svix' : 'webhook'
}

/** By the names that the delivery itself uses. */
export function standardProof(secrets: readonly Secret[], toleranceMs: number): Proof {
  return {
    prove: (delivery, now, trace) =>
      verifySignature(standardScheme(namesOf(delivery), toleranceMs), secrets, delivery, now, trace),
    sign: ({ body, id, secretIndex = 0 }, now) => ({
      headers: signWith(
        standardScheme('webhook', toleranceMs),
        secretAt(secrets, secretIndex),
        { body, id: id.replaceAll('.', '-') },
        now,
      ),
    }),
  }
}
