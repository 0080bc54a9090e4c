import type { Tool } from '../domain/tool.js'
import type { ToolCall } from '../domain/tool-call.js'

/** What to do now about a write of unknown outcome. */
export type NextMove =
  /** The same bytes with the same key. */
  | { readonly move: 'send' }
  | { readonly move: 'look' }
  /** `until`: epoch milliseconds. */
  | { readonly move: 'wait'; readonly until: number }
  /** A person must say. `reason` is for that person. */
  | { readonly move: 'hold'; readonly reason: string }

/** The key's life is the true bound; this one is for an API that fails at once for as long. */
const maxKeyedSends = 30
/** The most that a write is sent where a probe has to say each time that it did not happen. */
const maxProbedSends = 12
/** After so many sends with one key an API that keeps its answers will not give another 5xx's place to a success. */
const sendsBeforeDoubt = 4
const looksNeeded = 2
/** A clock that was set back a little between two sends is no reason to wait for a person. */
const clockToleranceMs = 60_000

type UnknownCall = Pick<ToolCall, 'sends' | 'lastSentAt' | 'looks' | 'lookedAt' | 'idempotencyKey'> & {
  /** Of the last answer that came. */
  readonly status: number | undefined
}
type UnknownTool = Pick<Tool, 'onUnknown' | 'idempotency' | 'probe' | 'timeoutMs'>

/**
 * What may be done about a write that perhaps happened, `since` being the earliest time at which it may have been
 * sent. With `on_unknown: retry` the same bytes and key go out again while the API still remembers the key when the
 * answer comes. Where that is over, or gets the same 5xx again and again, and with `on_unknown: probe`, the probe
 * looks for it, twice, a settle time after the send and after the first look; only then it is sent again. Whenever
 * none of that is sure, a person decides.
 */
export function nextMove(tool: UnknownTool, call: UnknownCall, since: number, now: number): NextMove {
  const { onUnknown, probe } = tool
  if (onUnknown === 'hold') return hold('nothing is declared by which it could be found out')
  if (!(since <= now + clockToleranceMs)) return hold('the clock was set back since it was sent')
  const noRetry = onUnknown === 'retry' ? keyFault(tool, call, now - since) : undefined
  const isDoubtful =
    probe !== undefined && call.sends >= sendsBeforeDoubt && call.status !== undefined && call.status >= 500
  if (onUnknown === 'retry' && noRetry === undefined && !isDoubtful) return { move: 'send' }
  if (probe === undefined) return hold(noRetry ?? 'it has no probe')
  return nextLook(probe.settleMs, call, since, now)
}

/** Why the same bytes may not go out on the strength of their key alone. */
function keyFault(
  { idempotency, timeoutMs }: UnknownTool,
  call: UnknownCall,
  ageMs: number,
): string | undefined {
  if (!idempotency || call.idempotencyKey === undefined) return 'it has no idempotency key'
  if (call.sends >= maxKeyedSends) return `it was sent ${call.sends} times`
  return ageMs + timeoutMs < idempotency.ttlMs
    ? undefined
    : 'the API may have forgotten its idempotency key by the next answer'
}

function nextLook(settleMs: number, call: UnknownCall, since: number, now: number): NextMove {
  const { looks, lookedAt, lastSentAt, sends } = call
  if (looks >= looksNeeded) {
    if (sends < maxProbedSends) return { move: 'send' }
    return hold(`it was sent ${sends} times, and its probe finds it nowhere`)
  }
  const last = Math.max(lastSentAt ?? since, lookedAt ?? since)
  if (last > now + clockToleranceMs) return hold('the clock was set back since it was sent')
  const until = last + settleMs
  return now >= until ? { move: 'look' } : { move: 'wait', until }
}

function hold(reason: string): NextMove {
  return { move: 'hold', reason }
}
