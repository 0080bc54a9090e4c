import type { Delivery } from '../../domain/delivery.js'
import type { Secret } from './secret.js'
import type { SignedRequest, SignRequest } from './sign.js'
import {
  cannotSign,
  type Proven,
  type SignatureScheme,
  signWith,
  verifySignature,
} from './signature-scheme.js'
import { signBasic, signToken, type TokenScheme, verifyBasic, verifyToken } from './token-scheme.js'
import type { Trace } from './trace.js'

/** How a sender shows that a request is its own, with the configured secrets. */
export interface Proof {
  /** Throws VerificationError unless the request is the sender's. Tries every secret, without an early exit. */
  prove(delivery: Delivery, now: number, trace?: Trace): Proven
  /** What such a sender would send at `now`. Throws AppError `source.cannot_sign` where only the sender can. */
  sign(request: SignRequest, now: number): SignedRequest
  /**
   * Fetches what `prove` needs of the sender's published keys, where it is not known yet. Rejects with
   * VerificationError for a key that is not the sender's, with AppError `verification.key_unavailable` for one that
   * cannot be had just now.
   */
  prepare?(delivery: Delivery, now: number): Promise<void>
}

/** A signature as described. */
export function signatureProof(scheme: SignatureScheme, secrets: readonly Secret[]): Proof {
  return {
    prove: (delivery, now, trace) => verifySignature(scheme, secrets, delivery, now, trace),
    sign: ({ body, id, secretIndex = 0 }, now) => ({
      headers: signWith(scheme, secretAt(secrets, secretIndex), { body, id }, now),
    }),
  }
}

/** The secret itself, in a header or in the URL. Nothing of the body is signed. */
export function tokenProof(scheme: TokenScheme, secrets: readonly Secret[]): Proof {
  return {
    prove: (delivery, _now, trace) => ({ secretIndex: verifyToken(scheme, secrets, delivery, trace) }),
    sign: ({ secretIndex = 0 }) => signToken(scheme, secretAt(secrets, secretIndex)),
  }
}

/** `Authorization: Basic`. Nothing of the body is signed. */
export function basicProof(user: string, secrets: readonly Secret[]): Proof {
  return {
    prove: (delivery, _now, trace) => ({ secretIndex: verifyBasic(user, secrets, delivery, trace) }),
    sign: ({ secretIndex = 0 }) => ({ headers: signBasic(user, secretAt(secrets, secretIndex)) }),
  }
}

export function secretAt(secrets: readonly Secret[], index: number): Secret {
  const secret = secrets[index]
  if (!secret) throw cannotSign(`there is no secret ${index + 1}`)
  return secret
}
