import type { Delivery } from '../../domain/delivery.js'
import { VerificationError } from '../../domain/errors.js'
import type { Proof } from './proof.js'
import { isTimed, isValidAt, type Secret, secretsOf, withSecrets } from './secret.js'
import type { Proven } from './signature-scheme.js'
import type { Trace } from './trace.js'

/*
 * Secrets that are valid for a time only. A kind never sees to it: it is opened with the options without those that
 * are not valid just now, so that neither its proof nor its handshakes can use them.
 */

/** A source's options and its proof, as they are at a time. */
export interface Timely<Options> {
  /** With all secrets, whenever they are valid. */
  readonly whole: Proof
  optionsAt(now: number): Options
  proofAt(now: number): Proof
  /** The proof with the secrets that are valid now; positions are those of the configured ones. Throws VerificationError. */
  prove(delivery: Delivery, now: number, trace?: Trace): Proven
  /** The one to sign with where none is asked for: the first that is valid and can sign. */
  signerAt(now: number): number
}

/** `list` finds the secrets that positions count in. */
export function timely<Options>(
  options: Options,
  list: (options: Options) => readonly Secret[],
  proofOf: (options: Options) => Proof,
): Timely<Options> {
  const all = secretsOf(options).map(({ secret }) => secret)
  const secrets = list(options)
  const whole = { options, proof: proofOf(options) }
  const signerAt = (now: number) =>
    Math.max(
      0,
      secrets.findIndex((secret) => isValidAt(secret, now) && !secret.publicKey),
    )
  if (!all.some(isTimed)) {
    const prove: Proof['prove'] = (delivery, now, trace) => whole.proof.prove(delivery, now, trace)
    return { whole: whole.proof, optionsAt: () => options, proofAt: () => whole.proof, prove, signerAt }
  }

  const opened = new Map<string, typeof whole>()
  const at = (now: number) => {
    const key = all.map((secret) => (isValidAt(secret, now) ? '1' : '0')).join('')
    if (!key.includes('0')) return whole
    const known = opened.get(key)
    if (known) return known
    const valid = withSecrets(options, (secret) => (isValidAt(secret, now) ? secret : undefined)) as Options
    const made = { options: valid, proof: proofOf(valid) }
    opened.set(key, made)
    return made
  }
  return {
    whole: whole.proof,
    optionsAt: (now) => at(now).options,
    proofAt: (now) => at(now).proof,
    signerAt,
    prove(delivery, now, trace) {
      const { proof } = at(now)
      if (proof === whole.proof) return proof.prove(delivery, now, trace)
      try {
        const indexOf = (index: number) => configuredIndex(secrets, index, now)
        const proven = proof.prove(delivery, now, trace && renumbered(trace, indexOf))
        return { ...proven, secretIndex: indexOf(proven.secretIndex) }
      } catch (error) {
        if (!(error instanceof VerificationError)) throw error
        const used = secrets[positionOf(whole.proof, delivery, now)]
        throw used && !isValidAt(used, now) ? outOfTime(secrets.indexOf(used), used, now) : error
      }
    },
  }
}

/** Secrets of a sender that hands them over follow those that are configured. */
function configuredIndex(secrets: readonly Secret[], index: number, now: number): number {
  const valid = [...secrets.keys()].filter((at) => {
    const secret = secrets[at]
    return secret !== undefined && isValidAt(secret, now)
  })
  return valid[index] ?? index + secrets.length - valid.length
}

function renumbered(trace: Trace, indexOf: (index: number) => number): Trace {
  return {
    found: (what, value) => trace.found(what, value),
    signed: (parts) => trace.signed(parts),
    tried: (attempt) => trace.tried({ ...attempt, secretIndex: indexOf(attempt.secretIndex) }),
    clock: (signedAt, now, tolerance) => trace.clock(signedAt, now, tolerance),
  }
}

/** The secret that proves it, were the time of secrets not asked for; -1 for none. */
function positionOf(proof: Proof, delivery: Delivery, now: number): number {
  try {
    return proof.prove(delivery, now).secretIndex
  } catch (error) {
    if (error instanceof VerificationError) return -1
    throw error
  }
}

function outOfTime(index: number, { notBefore, notAfter }: Secret, now: number): VerificationError {
  const when =
    notBefore !== undefined && now < notBefore
      ? `is not valid before ${new Date(notBefore).toISOString()}`
      : `was valid until ${new Date(notAfter ?? now).toISOString()}`
  return new VerificationError(
    'verification.secret_out_of_time',
    `secret ${index + 1} proves it, but ${when}`,
  )
}
