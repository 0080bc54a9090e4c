import type { Approval, ApprovalState } from '../../domain/approval.js'
import type { DeliveryState } from '../../domain/delivery.js'
import type { ErrorCode } from '../../domain/errors.js'
import type { Event, EventState, MatchDecision, Via } from '../../domain/event.js'
import type { ParkedOn, Refreshed, Run, RunState } from '../../domain/run.js'
import type { Effect } from '../../domain/tool.js'
import type { FrozenRequest, ToolCallState, ToolOutput } from '../../domain/tool-call.js'
import type { JsonObject } from '../../util/json.js'
import type { Attempt, StoredDelivery, StoredEvent, StoredStep, ToolCallRow } from '../records.js'
import { readJson, readPlain } from './stored-json.js'

export interface EventRow {
  readonly id: string
  readonly source: string
  readonly source_event_id: string | null
  readonly type: string
  readonly subject: string | null
  readonly time_at: number
  readonly recorded_at: number
  readonly via: Via
  readonly delivery_id: string | null
  readonly state: EventState
  readonly decisions: string
  readonly ids: string
  readonly actor: string | null
  readonly is_public: number
  readonly echo_of: string | null
  readonly chain: number
  readonly data: string | null
  /** The delivery's body, where `data` is null. */
  readonly body: Buffer | null
}

export function eventOf(row: EventRow): Event {
  const stored = row.data ?? row.body
  return {
    id: row.id,
    source: row.source,
    type: row.type,
    subject: row.subject ?? undefined,
    time: row.time_at,
    recordedAt: row.recorded_at,
    via: row.via,
    ids: readPlain<Record<string, string>>(row.ids),
    actor: row.actor ?? undefined,
    isPublic: row.is_public === 1,
    echoOf: row.echo_of ?? undefined,
    chain: row.chain,
    data: stored === null ? null : readJson(stored),
  }
}

export function storedEventOf(row: EventRow): StoredEvent {
  return {
    ...eventOf(row),
    state: row.state,
    sourceEventId: row.source_event_id ?? undefined,
    deliveryId: row.delivery_id ?? undefined,
    decisions: readPlain<MatchDecision[]>(row.decisions),
  }
}

export interface DeliveryRow {
  readonly id: string
  readonly source: string
  readonly state: DeliveryState
  readonly received_at: number
  readonly url: string
  readonly headers: string
  readonly secret_index: number
  readonly remote_address: string | null
  readonly reason: string | null
  readonly body_bytes: number
  readonly body: Buffer | null
  readonly event_ids: string
}

export function deliveryOf(row: DeliveryRow): StoredDelivery {
  return {
    id: row.id,
    source: row.source,
    state: row.state,
    receivedAt: row.received_at,
    url: row.url,
    headers: readPlain<[string, string][]>(row.headers),
    body: row.body ?? undefined,
    bodyBytes: row.body_bytes,
    secretIndex: row.secret_index,
    remoteAddress: row.remote_address ?? undefined,
    reason: row.reason ?? undefined,
    eventIds: readPlain<string[]>(row.event_ids),
  }
}

export interface RunRow {
  readonly position: number
  readonly id: string
  readonly event_id: string
  readonly agent: string
  readonly subject: string
  readonly replay: number
  readonly state: RunState
  readonly parked_on: ParkedOn | null
  readonly next_at: number | null
  readonly fence: number
  readonly attempts: number
  readonly crashes: number
  readonly is_blocked: number
  readonly created_at: number
  readonly started_at: number | null
  readonly finished_at: number | null
  readonly config_digest: string | null
  readonly turns: number
  readonly calls: number
  readonly input_tokens: number
  readonly output_tokens: number
  readonly cost_usd: number | null
  readonly active_ms: number
  readonly error_code: ErrorCode | null
  readonly error_message: string | null
  readonly summary: string | null
  readonly event_count: number
  readonly superseded_by: string | null
  readonly refreshed: string | null
  readonly is_restored: number
}

export function runOf(row: RunRow): Run {
  return {
    id: row.id,
    eventId: row.event_id,
    eventCount: row.event_count,
    agent: row.agent,
    subject: row.subject,
    state: row.state,
    replay: row.replay,
    attempts: row.attempts,
    crashes: row.crashes,
    parkedOn: row.parked_on ?? undefined,
    nextAt: row.next_at ?? undefined,
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
    usage: {
      turns: row.turns,
      calls: row.calls,
      inputTokens: row.input_tokens,
      outputTokens: row.output_tokens,
      costUsd: row.cost_usd ?? undefined,
      activeMs: row.active_ms,
    },
    configDigest: row.config_digest ?? undefined,
    error: errorOf(row),
    summary: row.summary ?? undefined,
    supersededBy: row.superseded_by ?? undefined,
    refreshed: row.refreshed === null ? undefined : (readJson(row.refreshed) as unknown as Refreshed),
    isRestored: row.is_restored === 1,
  }
}

function errorOf(row: { readonly error_code: ErrorCode | null; readonly error_message: string | null }) {
  return row.error_code === null ? undefined : { code: row.error_code, message: row.error_message ?? '' }
}

export interface AttemptRow {
  readonly number: number
  readonly node: string
  readonly started_at: number
  readonly ended_at: number | null
  readonly outcome: Attempt['outcome'] | null
  readonly error_code: ErrorCode | null
  readonly error_message: string | null
}

export function attemptOf(row: AttemptRow): Attempt {
  return {
    number: row.number,
    node: row.node,
    startedAt: row.started_at,
    endedAt: row.ended_at ?? undefined,
    outcome: row.outcome ?? undefined,
    error: errorOf(row),
  }
}

export interface StepRow {
  readonly id: string
  readonly turn: number
  readonly api: StoredStep['api']
  readonly model: string
  readonly items: string
  readonly is_usable: number
  readonly text: string
  readonly input_tokens: number
  readonly output_tokens: number
  readonly cost_usd: number | null
  readonly duration_ms: number
  readonly created_at: number
}

export function stepOf(row: StepRow): StoredStep {
  const items = readJson(row.items)
  return {
    id: row.id,
    turn: row.turn,
    api: row.api,
    model: row.model,
    items: Array.isArray(items) ? items : [items],
    isUsable: row.is_usable === 1,
    text: row.text,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    costUsd: row.cost_usd ?? undefined,
    durationMs: row.duration_ms,
    createdAt: row.created_at,
  }
}

export interface ToolCallTableRow {
  readonly id: string
  readonly run_id: string
  readonly step_id: string
  readonly answer_position: number
  readonly call_id: string
  readonly tool: string
  readonly arguments_text: string
  readonly edited_arguments: string | null
  readonly effect: Effect | null
  readonly state: ToolCallState
  readonly request: string | null
  readonly idempotency_key: string | null
  readonly ordinal: number | null
  readonly output: string | null
  readonly approval_id: string | null
  readonly sends: number
  readonly first_sent_at: number | null
  readonly last_sent_at: number | null
  readonly looks: number
  readonly looked_at: number | null
  readonly status: number | null
  readonly yields: string
  readonly note: string | null
  readonly proposed_at: number
  readonly settled_at: number | null
}

export function toolCallOf(row: ToolCallTableRow): ToolCallRow {
  return {
    id: row.id,
    runId: row.run_id,
    stepId: row.step_id,
    position: row.answer_position,
    callId: row.call_id,
    tool: row.tool,
    argumentsText: row.arguments_text,
    editedArguments: row.edited_arguments ?? undefined,
    state: row.state,
    effect: row.effect ?? undefined,
    request: row.request === null ? undefined : requestOf(row.request),
    idempotencyKey: row.idempotency_key ?? undefined,
    ordinal: row.ordinal ?? undefined,
    output: row.output === null ? undefined : (readJson(row.output) as unknown as ToolOutput),
    approvalId: row.approval_id ?? undefined,
    sends: row.sends,
    firstSentAt: row.first_sent_at ?? undefined,
    lastSentAt: row.last_sent_at ?? undefined,
    looks: row.looks,
    lookedAt: row.looked_at ?? undefined,
    proposedAt: row.proposed_at,
    settledAt: row.settled_at ?? undefined,
    status: row.status ?? undefined,
    yields: readPlain<Record<string, string>>(row.yields),
    note: row.note ?? undefined,
  }
}

export interface ApprovalRow {
  readonly id: string
  readonly run_id: string
  readonly tool_call_id: string
  readonly event_id: string
  readonly agent: string
  readonly tool: string
  readonly state: ApprovalState
  readonly request: string
  readonly facts: string
  readonly why: string
  readonly digest: string
  readonly requested_at: number
  readonly expires_at: number
  readonly decided_at: number | null
  readonly decided_by: string | null
  readonly reason: string | null
}

export function approvalOf(row: ApprovalRow): Approval {
  return {
    id: row.id,
    runId: row.run_id,
    toolCallId: row.tool_call_id,
    eventId: row.event_id,
    agent: row.agent,
    tool: row.tool,
    state: row.state,
    request: requestOf(row.request),
    facts: readJson(row.facts) as JsonObject,
    why: readPlain<string[]>(row.why),
    digest: row.digest,
    requestedAt: row.requested_at,
    expiresAt: row.expires_at,
    decidedAt: row.decided_at ?? undefined,
    decidedBy: row.decided_by ?? undefined,
    reason: row.reason ?? undefined,
  }
}

/** JSON leaves members that are undefined out; they come back as undefined. */
function requestOf(text: string): FrozenRequest {
  const { method, url, headers, body, credential, digest } = readPlain<FrozenRequest>(text)
  return { method, url, headers, body, credential, digest }
}
