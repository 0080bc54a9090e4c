import type { Tool } from '../domain/tool.js'
import type { ToolCall } from '../domain/tool-call.js'

export type WriteOutcome = 'confirmed' | 'rejected' | 'unknown' | 'not_sent'

/** The statuses with which an API says that it did nothing. 409 and 429 are not among them: some APIs act and say so. */
const definiteRefusals: ReadonlySet<number> = new Set([400, 401, 403, 404, 422])

/**
 * What is known of a write after its answer. Whatever is neither a success nor a definite refusal is
 * `unknown`: no answer, 5xx, a redirect (it may have acted and then pointed elsewhere), any other status.
 */
export function classifyWrite(
  answer:
    | { readonly kind: 'answered'; readonly status: number }
    | { readonly kind: 'not_sent' }
    | { readonly kind: 'no_answer' },
): WriteOutcome {
  if (answer.kind === 'not_sent') return 'not_sent'
  if (answer.kind === 'no_answer') return 'unknown'
  if (answer.status >= 200 && answer.status < 300) return 'confirmed'
  return definiteRefusals.has(answer.status) ? 'rejected' : 'unknown'
}

const maxSends = 5
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
