import { stringifyJson } from '../util/json.js'
import { sha256 } from '../util/signature.js'

export interface ApprovalBinding {
  readonly runId: string
  readonly eventId: string
  readonly agent: string
  readonly tool: string
  /** Of the frozen request: method, URL, headers, body. */
  readonly requestDigest: string
  readonly configDigest: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** What a person approves, as one SHA-256 in hex: any difference in any part is another approval. */
export function approvalDigest(binding: ApprovalBinding): string {
  const { runId, eventId, agent, tool, requestDigest, configDigest, expiresAt } = binding
  const framed = ['approval', runId, eventId, agent, tool, requestDigest, configDigest, expiresAt]
  return sha256(stringifyJson(framed)).toString('hex')
}
