import type { Tool } from '../domain/tool.js'
import type { ToolCall } from '../domain/tool-call.js'

export type WriteOutcome = 'confirmed' | 'rejected' | 'unknown' | 'not_sent'

type WriteAnswer =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'not_sent' }
  | { readonly kind: 'no_answer' }

/** The statuses with which an API says that it did nothing. 409 and 429 are not among them: some APIs act and say so. */
const definiteRefusals: ReadonlySet<number> = new Set([400, 401, 403, 404, 422])
/** Those that speak of the request itself and not of who may ask now, so that they hold for an earlier send of it too. */
const lastingRefusals: ReadonlySet<number> = new Set([400, 422])

/**
 * What is known of a write after its answer. Whatever is neither a success nor a definite refusal is
 * `unknown`: no answer, 5xx, a redirect (it may have acted and then pointed elsewhere), any other status.
 *
 * With `isResend` the request had gone out before and nobody knows what became of it. Then an answer must
 * speak for the earlier send as well: that this one never left, or met a revoked key, says nothing of that one.
 */
export function classifyWrite(answer: WriteAnswer, { isResend = false } = {}): WriteOutcome {
  if (answer.kind === 'not_sent') return isResend ? 'unknown' : 'not_sent'
  if (answer.kind === 'no_answer') return 'unknown'
  if (answer.status >= 200 && answer.status < 300) return 'confirmed'
  const refusals = isResend ? lastingRefusals : definiteRefusals
  return refusals.has(answer.status) ? 'rejected' : 'unknown'
}

/** The key's life is the true bound; this one is for an API that fails at once for as long. */
const maxSends = 30
/** A clock that was set back a little between two sends is no reason to wait for a person. */
const clockToleranceMs = 60_000

/**
 * Whether a write of unknown outcome may be sent again: the same bytes with the same key, while the API still
 * remembers the key when the answer comes. Otherwise it is held for a person.
 */
export function whatToDoWithUnknown(
  tool: Tool,
  call: Pick<ToolCall, 'firstSentAt' | 'sends' | 'idempotencyKey'>,
  now: number,
): 'retry' | 'hold' {
  const { idempotency, onUnknown, timeoutMs } = tool
  if (onUnknown !== 'retry' || !idempotency || call.idempotencyKey === undefined) return 'hold'
  if (call.firstSentAt === undefined || call.sends >= maxSends) return 'hold'
  const ageMs = now - call.firstSentAt
  return ageMs > -clockToleranceMs && ageMs + timeoutMs < idempotency.ttlMs ? 'retry' : 'hold'
}
