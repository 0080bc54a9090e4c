import type { JsonObject } from '../util/json.js'
import type { FrozenRequest } from './tool-call.js'

export type ApprovalState = 'waiting' | 'approved' | 'denied' | 'expired' | 'edited'

/** A person's decision on one exact tool call. */
export interface Approval {
  readonly id: string
  readonly runId: string
  readonly toolCallId: string
  readonly eventId: string
  readonly agent: string
  readonly tool: string
  readonly state: ApprovalState
  /** The request that would be sent, byte for byte. */
  readonly request: FrozenRequest
  /** The facts that the decision rests on, as they were when the person was asked; by path, such as `charge.amount`. */
  readonly facts: JsonObject
  /** Why a person is asked, in sentences. */
  readonly why: readonly string[]
  /** Binds run, event, agent, tool, request, facts, the rules and expiry; checked again before the call is made. */
  readonly digest: string
  readonly requestedAt: number
  readonly expiresAt: number
  readonly decidedAt: number | undefined
  readonly decidedBy: string | undefined
  /** What the person wrote, for the model and the ledger. */
  readonly reason: string | undefined
}

export const approvalTransitions: Readonly<Record<ApprovalState, readonly ApprovalState[]>> = {
  waiting: ['approved', 'denied', 'expired', 'edited'],
  approved: [],
  denied: [],
  expired: [],
  edited: [],
}
