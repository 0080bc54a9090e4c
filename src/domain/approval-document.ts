import { isoTime } from '../util/clock.js'
import type { JsonObject, JsonValue } from '../util/json.js'
import type { Approval } from './approval.js'
import type { FrozenRequest } from './tool-call.js'

/** An approval as the command line and the API say it, in one form. */

export function requestDocument(request: FrozenRequest): JsonObject {
  return {
    method: request.method,
    url: request.url,
    headers: { ...request.headers },
    body: request.body ?? null,
    credential: request.credential ?? null,
    digest: request.digest,
  }
}

export function approvalDocument(approval: Approval): JsonObject {
  return {
    id: approval.id,
    run_id: approval.runId,
    tool_call_id: approval.toolCallId,
    event_id: approval.eventId,
    agent: approval.agent,
    tool: approval.tool,
    state: approval.state,
    request: requestDocument(approval.request),
    digest: approval.digest,
    facts: approval.facts,
    why: [...approval.why],
    requested_at: isoTime(approval.requestedAt),
    expires_at: isoTime(approval.expiresAt),
    decided_at: timeOrNull(approval.decidedAt),
    decided_by: approval.decidedBy ?? null,
    reason: approval.reason ?? null,
  }
}

export function timeOrNull(ms: number | undefined): JsonValue {
  return ms === undefined ? null : isoTime(ms)
}
