import { type Delivery, headerValues } from '../../domain/delivery.js'
import { VerificationError } from '../../domain/errors.js'
import { type Proof, secretAt } from './proof.js'
import { type Secret, secretField } from './secret.js'
import { type Proven, type SignatureScheme, signWith, verifySignature } from './signature-scheme.js'
import { compileMessage } from './template.js'

/*
 * Standard Webhooks. https://github.com/standard-webhooks/standard-webhooks, spec read 2026-11-21. Signed:
 * `{id}.{timestamp}.{body}`; `v1` with a shared secret, `v1a` with a key of ed25519. Which of the two is read follows
 * from the configured key, never from what a delivery says; signatures of the other beside it are passed over.
 */

/** `whsec_` and the base64 of the key, where the prefix may be missing; or `whpk_` and the base64 of a public key. */
export const standardSecretField = secretField({
  encoding: 'base64',
  stripPrefix: 'whsec_',
  refusedPrefixes: {
    whsk_:
      'is a private key for v1a (ed25519) signatures, which only the sender may have; take the whpk_ key',
  },
  publicKeys: { prefix: 'whpk_', algorithm: 'ed25519' },
})

/** The signatures that are read. */
export type StandardVersion = 'v1' | 'v1a'

/** The headers of the unbranded specification, or Svix's names for the same. */
export type StandardNames = 'webhook' | 'svix'

export function standardScheme(
  names: StandardNames,
  toleranceMs: number,
  version: StandardVersion = 'v1',
): SignatureScheme {
  return {
    algorithm: version === 'v1' ? 'hmac' : 'ed25519',
    hash: 'sha256',
    signature: {
      header: `${names}-signature`,
      listSeparator: ' ',
      pairs: { separator: ',', select: [version] },
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

/** By the names that the delivery itself uses, and for each secret by the version that it is for. */
export function standardProof(secrets: readonly Secret[], toleranceMs: number): Proof {
  const versions = (['v1', 'v1a'] as const).filter((version) =>
    secrets.some((secret) => versionOf(secret) === version),
  )
  const proveBy = (version: StandardVersion, ...[delivery, now, trace]: Parameters<Proof['prove']>) => {
    const scheme = standardScheme(namesOf(delivery), toleranceMs, version)
    const own = secrets.filter((secret) => versionOf(secret) === version)
    const proven = verifySignature(scheme, own, delivery, now, trace)
    const found = own[proven.secretIndex]
    return { ...proven, secretIndex: found ? secrets.indexOf(found) : proven.secretIndex }
  }
  return {
    prove(...given) {
      const [first = 'v1', second] = versions
      if (second === undefined) return proveBy(first, ...given)
      const outcomes = [outcomeOf(() => proveBy(first, ...given)), outcomeOf(() => proveBy(second, ...given))]
      // Where both fail, the one that got further says more: "stale" comes after the signature.
      const errors: VerificationError[] = []
      for (const outcome of outcomes) {
        if (!(outcome instanceof VerificationError)) return outcome
        errors.push(outcome)
      }
      throw errors.find(({ code }) => code !== 'verification.malformed_signature') ?? errors[0]
    },
    sign({ body, id, secretIndex = 0 }, now) {
      const secret = secretAt(secrets, secretIndex)
      const scheme = standardScheme('webhook', toleranceMs, versionOf(secret))
      return { headers: signWith(scheme, secret, { body, id: id.replaceAll('.', '-') }, now) }
    },
  }
}

function versionOf({ publicKey }: Secret): StandardVersion {
  return publicKey ? 'v1a' : 'v1'
}

function outcomeOf(prove: () => Proven): Proven | VerificationError {
  try {
    return prove()
  } catch (error) {
    if (error instanceof VerificationError) return error
    throw error
  }
}
