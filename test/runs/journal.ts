import type { Approval } from '../../src/domain/approval.js'
import type { Run } from '../../src/domain/run.js'
import type { Journal, StoredStep, ToolCallRow } from '../../src/store/records.js'

export const run: Run = {
  id: 'run_1',
  eventId: 'evt_1',
  agent: 'doctor',
  subject: 'acme/web#1',
  state: 'running',
  replay: 0,
  attempts: 0,
  crashes: 0,
  parkedOn: undefined,
  nextAt: undefined,
  createdAt: 0,
  startedAt: 0,
  finishedAt: undefined,
  usage: { turns: 0, calls: 0, inputTokens: 0, outputTokens: 0, costUsd: 0, activeMs: 0 },
  configDigest: 'd',
  error: undefined,
  summary: undefined,
  eventCount: 1,
  supersededBy: undefined,
  refreshed: undefined,
  isRestored: false,
}

export function call(id: string, overrides: Partial<ToolCallRow> = {}): ToolCallRow {
  return {
    id,
    runId: run.id,
    stepId: 'stp_1',
    position: 0,
    callId: `call_${id}`,
    tool: 'comment',
    argumentsText: `{"id":"${id}"}`,
    editedArguments: undefined,
    state: 'done',
    effect: 'read',
    request: undefined,
    idempotencyKey: undefined,
    ordinal: undefined,
    output: { ok: true, result: id },
    approvalId: undefined,
    sends: 0,
    firstSentAt: undefined,
    lastSentAt: undefined,
    looks: 0,
    lookedAt: undefined,
    proposedAt: 0,
    settledAt: 0,
    status: undefined,
    yields: {},
    note: undefined,
    ...overrides,
  }
}

export function step(id: string, overrides: Partial<StoredStep> = {}): StoredStep {
  return {
    id,
    turn: 1,
    api: 'responses',
    model: 'm',
    items: [{ type: 'message', id }],
    isUsable: true,
    text: '',
    inputTokens: 1,
    outputTokens: 1,
    costUsd: 0,
    durationMs: 1,
    createdAt: 0,
    ...overrides,
  }
}

export function approval(toolCallId: string, overrides: Partial<Approval> = {}): Approval {
  return {
    id: 'apr_1',
    runId: run.id,
    toolCallId,
    eventId: run.eventId,
    agent: run.agent,
    tool: 'comment',
    state: 'denied',
    request: {
      method: 'POST',
      url: 'https://x.test/',
      headers: {},
      body: '',
      credential: undefined,
      digest: 'd',
    },
    facts: {},
    why: [],
    digest: 'd',
    requestedAt: 0,
    expiresAt: 1,
    decidedAt: 1,
    decidedBy: 'ann',
    reason: undefined,
    ...overrides,
  }
}

export function journal(parts: Partial<Journal> = {}): Journal {
  return { run, steps: [], calls: [], approvals: [], attempts: [], behind: undefined, ...parts }
}
