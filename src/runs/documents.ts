import { approvalDocument, requestDocument, timeOrNull } from '../domain/approval-document.js'
import type { Run } from '../domain/run.js'
import type { ToolCall, ToolOutput } from '../domain/tool-call.js'
import { carriedMarker } from '../policy/idempotency.js'
import type {
  Alert,
  Attempt,
  Journal,
  StoredDelivery,
  StoredEvent,
  StoredRefusal,
  StoredStep,
  ToolCallRow,
} from '../store/records.js'
import { isoTime } from '../util/clock.js'
import type { JsonObject } from '../util/json.js'

export { approvalDocument, timeOrNull }

/**
 * What `--json` prints and the API answers: the ledger's nouns as JSON objects with the names of their columns, times in
 * ISO 8601 (UTC), `null` for what is not there. Field names are a promise: fields are added, never renamed.
 */

export function eventDocument(event: StoredEvent): JsonObject {
  return {
    id: event.id,
    source: event.source,
    type: event.type,
    subject: event.subject ?? null,
    time: isoTime(event.time),
    recorded_at: isoTime(event.recordedAt),
    via: event.via,
    state: event.state,
    source_event_id: event.sourceEventId ?? null,
    delivery_id: event.deliveryId ?? null,
    ids: { ...event.ids },
    actor: event.actor ?? null,
    is_public: event.isPublic,
    echo_of: event.echoOf ?? null,
    chain: event.chain,
    decisions: event.decisions.map(({ agent, reason, detail }) => ({
      agent,
      reason,
      detail: detail ?? null,
    })),
  }
}

export function deliveryDocument(delivery: StoredDelivery): JsonObject {
  return {
    id: delivery.id,
    source: delivery.source,
    state: delivery.state,
    received_at: isoTime(delivery.receivedAt),
    url: delivery.url,
    headers: delivery.headers.map(([name, value]) => [name, value]),
    body_bytes: delivery.bodyBytes,
    has_body: delivery.body !== undefined,
    secret_index: delivery.secretIndex,
    remote_address: delivery.remoteAddress ?? null,
    reason: delivery.reason ?? null,
    event_ids: [...delivery.eventIds],
  }
}

export function runDocument(run: Run): JsonObject {
  const { usage } = run
  return {
    id: run.id,
    event_id: run.eventId,
    event_count: run.eventCount,
    agent: run.agent,
    subject: run.subject,
    state: run.state,
    replay: run.replay,
    attempts: run.attempts,
    crashes: run.crashes,
    parked_on: run.parkedOn ?? null,
    next_at: timeOrNull(run.nextAt),
    created_at: isoTime(run.createdAt),
    started_at: timeOrNull(run.startedAt),
    finished_at: timeOrNull(run.finishedAt),
    turns: usage.turns,
    calls: usage.calls,
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    cost_usd: usage.costUsd ?? null,
    active_ms: usage.activeMs,
    config_digest: run.configDigest ?? null,
    error: run.error ? { code: run.error.code, message: run.error.message } : null,
    summary: run.summary ?? null,
    superseded_by: run.supersededBy ?? null,
    refreshed: run.refreshed
      ? {
          tool: run.refreshed.tool,
          at: isoTime(run.refreshed.at),
          output: outputDocument(run.refreshed.output),
        }
      : null,
  }
}

/** A run with everything that is recorded of it; `seen` are its events where it has several. */
export function journalDocument(
  { run, steps, calls, approvals, attempts, behind }: Journal,
  seen: readonly StoredEvent[] = [],
): JsonObject {
  return {
    ...runDocument(run),
    behind: behind ?? null,
    event_ids: seen.length > 0 ? seen.map(({ id }) => id) : [run.eventId],
    tries: attempts.map(attemptDocument),
    steps: steps.map((step) => ({
      ...stepDocument(step),
      tool_calls: calls.filter(({ stepId }) => stepId === step.id).map(toolCallDocument),
    })),
    approvals: approvals.map(approvalDocument),
  }
}

function attemptDocument({ number, node, startedAt, endedAt, outcome, error }: Attempt): JsonObject {
  return {
    number,
    node,
    started_at: isoTime(startedAt),
    ended_at: timeOrNull(endedAt),
    outcome: outcome ?? null,
    error: error ? { code: error.code, message: error.message } : null,
  }
}

function stepDocument(step: StoredStep): JsonObject {
  return {
    id: step.id,
    turn: step.turn,
    api: step.api,
    model: step.model,
    is_usable: step.isUsable,
    text: step.text,
    items: [...step.items],
    input_tokens: step.inputTokens,
    output_tokens: step.outputTokens,
    cost_usd: step.costUsd ?? null,
    duration_ms: step.durationMs,
    created_at: isoTime(step.createdAt),
  }
}

export function toolCallDocument(call: ToolCall | ToolCallRow): JsonObject {
  return {
    id: call.id,
    run_id: call.runId,
    step_id: call.stepId,
    position: call.position,
    call_id: call.callId,
    tool: call.tool,
    arguments: call.argumentsText,
    edited_arguments: call.editedArguments ?? null,
    state: call.state,
    effect: call.effect ?? null,
    request: call.request ? requestDocument(call.request) : null,
    idempotency_key: call.idempotencyKey ?? null,
    marker: carriedMarker(call) ?? null,
    ordinal: call.ordinal ?? null,
    sends: call.sends,
    first_sent_at: timeOrNull(call.firstSentAt),
    last_sent_at: timeOrNull(call.lastSentAt),
    looks: call.looks,
    looked_at: timeOrNull(call.lookedAt),
    proposed_at: isoTime(call.proposedAt),
    settled_at: timeOrNull(call.settledAt),
    approval_id: call.approvalId ?? null,
    status: 'status' in call ? (call.status ?? null) : null,
    note: 'note' in call ? (call.note ?? null) : null,
    output: call.output ? outputDocument(call.output) : null,
  }
}

function outputDocument(output: ToolOutput): JsonObject {
  if (output.ok) return { ok: true, status: output.status ?? null, result: output.result }
  return { ok: false, error: { ...output.error }, result: output.result ?? null }
}

export function refusalDocument({ source, reason, day, count, lastAt, sample }: StoredRefusal): JsonObject {
  return { source, reason, day, count, last_at: isoTime(lastAt), sample: sample ?? null }
}

export function alertDocument(alert: Alert): JsonObject {
  return {
    cause: alert.cause,
    code: alert.code,
    message: alert.message,
    raised_at: isoTime(alert.raisedAt),
    last_at: isoTime(alert.lastAt),
    count: alert.count,
  }
}
