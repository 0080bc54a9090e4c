import type { Agent, Grant } from '../domain/agent.js'
import type { Tool } from '../domain/tool.js'
import { type JsonObject, stringifyJson } from '../util/json.js'
import { sha256 } from '../util/signature.js'

export interface ApprovalBinding {
  readonly runId: string
  readonly eventId: string
  readonly agent: string
  readonly tool: string
  /** Of the frozen request: method, URL, headers, body. */
  readonly requestDigest: string
  /** See `pickFacts`. */
  readonly facts: JsonObject
  /** See `rulesDigest`. */
  readonly rulesDigest: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** What a person approves, as one SHA-256 in hex: any difference in any part is another approval. */
export function approvalDigest(binding: ApprovalBinding): string {
  const { runId, eventId, agent, tool, requestDigest, facts, rulesDigest, expiresAt } = binding
  const framed = ['approval', runId, eventId, agent, tool, requestDigest, facts, rulesDigest, expiresAt]
  return sha256(stringifyJson(framed)).toString('hex')
}

/** The rules that a call is decided by, as one SHA-256 in hex: how the agent may use the tool, and what the tool is. */
export function rulesDigest(mode: Agent['mode'], grant: Grant, tool: Tool): string {
  // Expressions and patterns are objects with their source, so their text is in it.
  return sha256(JSON.stringify(['rules', mode, grant, tool])).toString('hex')
}

/** Whether a call is made at once, after a person's word, or not at all but recorded. */
export type Gate = 'auto' | 'approve' | 'shadow'

/**
 * The gate of a call. `shadow` holds for what changes the world, and holds as soon as the configuration says so,
 * whatever the run began with. A reason to ask makes `auto` to `approve`, and never more than that.
 */
export function gateOf(
  tool: Tool,
  rules: readonly { readonly mode: Agent['mode']; readonly gate: Grant['gate'] }[],
  reasonsToAsk: readonly string[],
): Gate {
  if (tool.effect !== 'read' && rules.some(({ mode, gate }) => mode === 'shadow' || gate === 'shadow')) {
    return 'shadow'
  }
  return reasonsToAsk.length > 0 || rules.some(({ gate }) => gate === 'approve') ? 'approve' : 'auto'
}
