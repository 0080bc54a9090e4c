import type { FrozenRequest } from './tool-call.js'

export type ApprovalState = 'waiting' | 'approved' | 'denied' | 'expired'

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
  /** Binds run, event, agent, tool, request, configuration and expiry; checked again before the call is made. */
  readonly digest: string
  readonly requestedAt: number
  readonly expiresAt: number
  readonly decidedAt: number | undefined
  readonly decidedBy: string | undefined
  /** What the person wrote, for the model and the ledger. */
  readonly reason: string | undefined
}

export const approvalTransitions: Readonly<Record<ApprovalState, readonly ApprovalState[]>> = {
  waiting: ['approved', 'denied', 'expired'],
  approved: [],
  denied: [],
  expired: [],
}
