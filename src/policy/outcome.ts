export type WriteOutcome =
  | 'confirmed'
  | 'rejected'
  /** It did nothing and says so, and may do it when it is asked later. */
  | 'later'
  /** The API knows the key from a request with other bytes. */
  | 'clash'
  | 'unknown'
  | 'not_sent'

type WriteAnswer =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'not_sent' }
  | { readonly kind: 'no_answer' }

export interface SendHistory {
  /** Whether the request may have gone out before, so that nobody knows what became of that. */
  readonly earlier: 'none' | 'same_bytes' | 'perhaps_other_bytes'
  /** Whether the request carries an idempotency key. */
  readonly hasKey: boolean
  /** The tool's own statuses by which the API says that it did nothing. */
  readonly refusals: readonly number[]
}

/** The statuses with which an API says that it did nothing. 409 and 429 are not among them: some APIs act and say so. */
const definiteRefusals: readonly number[] = [400, 401, 403, 404, 422]
const tooManyRequests = 429

/**
 * What is known of a write after its answer. Whatever is neither a success nor a definite refusal is
 * `unknown`: no answer, 5xx, a redirect (it may have acted and then pointed elsewhere), any other status.
 *
 * Where the request may have gone out before, an answer must speak for the earlier send as well. That this one
 * never left, or met a revoked key or a limit, says nothing of that one. 400 speaks of the bytes, which were the
 * same. 409 says that the first is still under way. 422 says that the key belongs to other bytes. Without a key
 * both may say that the object is there already.
 */
export function classifyWrite(answer: WriteAnswer, { earlier, hasKey, refusals }: SendHistory): WriteOutcome {
  if (answer.kind === 'not_sent') return earlier === 'none' ? 'not_sent' : 'unknown'
  if (answer.kind === 'no_answer') return 'unknown'
  const { status } = answer
  if (status >= 200 && status < 300) return 'confirmed'
  if (earlier === 'none') {
    if (status === tooManyRequests && refusals.includes(status)) return 'later'
    return definiteRefusals.includes(status) || refusals.includes(status) ? 'rejected' : 'unknown'
  }
  if (hasKey && status === 400 && earlier === 'same_bytes') return 'rejected'
  return hasKey && (status === 400 || status === 422) ? 'clash' : 'unknown'
}
