import type { Invocation } from '../../src/cli/command.js'
import { createHidden } from '../../src/cli/hidden.js'
import type { Io } from '../../src/cli/io.js'
import type { Approval } from '../../src/domain/approval.js'
import type { Run } from '../../src/domain/run.js'
import type {
  Journal,
  StoredDelivery,
  StoredEvent,
  StoredStep,
  ToolCallRow,
} from '../../src/store/records.js'

/** 2026-11-21 07:00:00 UTC. */
export const now = Date.parse('2026-11-21T07:00:00Z')

export interface RecordedIo extends Io {
  readonly output: string[]
  readonly faults: string[]
}

/** A terminal that nobody looks at: what was written stays in lists, questions get `answers` in turn. */
export function recordedIo(given: Partial<Io> = {}, answers: string[] = []): RecordedIo {
  const output: string[] = []
  const faults: string[] = []
  return {
    output,
    faults,
    out: (text) => void output.push(text),
    err: (text) => void faults.push(text),
    isTerminal: false,
    canAsk: answers.length > 0,
    width: 100,
    environment: {},
    clock: { now: () => now, monotonic: () => 0 },
    timeZone: 'UTC',
    directory: '/',
    style: (_colour, text) => text,
    readInput: async () => Buffer.alloc(0),
    ask: async () => answers.shift(),
    onStop: () => () => undefined,
    onFault: () => () => undefined,
    exit: () => undefined,
    ...given,
  }
}

export function invocationOf(io: Io): Invocation {
  return { io, hidden: createHidden(), exitCode: 0, configFile: () => '/config.yaml' }
}

export const eventId = 'evt_0193b6f1e4c27d0a9c3f1b2c3d4e5f60'
export const runId = 'run_0193b6f1e4c37d0a9c3f1b2c3d4e5f61'
export const approvalId = 'apr_0193b6f1e4c47d0a9c3f1b2c3d4e5f62'
export const callId = 'tcl_0193b6f1e4c57d0a9c3f1b2c3d4e5f63'
export const deliveryId = 'dlv_0193b6f1e4c17d0a9c3f1b2c3d4e5f64'

export const event: StoredEvent = {
  id: eventId,
  source: 'payments',
  type: 'charge.dispute.created',
  subject: 'du_1',
  time: now - 125_000,
  recordedAt: now - 120_000,
  via: 'webhook',
  ids: { charge: 'ch_1' },
  actor: undefined,
  isPublic: false,
  echoOf: undefined,
  chain: 0,
  data: { id: 'evt_1', amount: 1200 },
  state: 'dispatched',
  sourceEventId: 'evt_1',
  deliveryId,
  decisions: [
    { agent: 'disputes', reason: 'matched' },
    { agent: 'ci-doctor', reason: 'source' },
    { agent: 'audit', reason: 'if_error', detail: 'no such key: foo' },
  ],
}

export const delivery: StoredDelivery = {
  id: deliveryId,
  source: 'payments',
  state: 'recorded',
  receivedAt: now - 120_010,
  url: '/hooks/payments',
  headers: [['content-type', 'application/json']],
  body: new Uint8Array(2048),
  bodyBytes: 2048,
  secretIndex: 0,
  remoteAddress: '192.0.2.7',
  reason: undefined,
  eventIds: [eventId],
}

export const redelivery: StoredDelivery = {
  ...delivery,
  id: 'dlv_0193b6f1e4c17d0a9c3f1b2c3d4e5f65',
  state: 'duplicate',
  receivedAt: now - 60_000,
  body: undefined,
}

export const run: Run = {
  id: runId,
  eventId,
  agent: 'disputes',
  subject: 'du_1',
  state: 'parked',
  replay: 0,
  attempts: 0,
  crashes: 0,
  parkedOn: 'approval',
  nextAt: undefined,
  createdAt: now - 119_000,
  startedAt: now - 118_000,
  finishedAt: undefined,
  usage: { turns: 1, calls: 1, inputTokens: 1200, outputTokens: 80, costUsd: 0.0123, activeMs: 2100 },
  configDigest: 'a'.repeat(64),
  error: undefined,
  summary: undefined,
  eventCount: 1,
  supersededBy: undefined,
  refreshed: undefined,
  isRestored: false,
}

export const step: StoredStep = {
  id: 'stp_0193b6f1e4c57d0a9c3f1b2c3d4e5f66',
  turn: 1,
  api: 'responses',
  model: 'gpt-5-mini',
  items: [],
  isUsable: true,
  text: 'The charge was doubled.',
  inputTokens: 1200,
  outputTokens: 80,
  costUsd: 0.0123,
  durationMs: 1500,
  createdAt: now - 116_000,
}

export const call: ToolCallRow = {
  id: callId,
  runId,
  stepId: step.id,
  position: 0,
  callId: 'call_1',
  tool: 'refund',
  argumentsText: '{"amount":1200}',
  editedArguments: undefined,
  state: 'waiting',
  effect: 'destructive',
  request: undefined,
  idempotencyKey: undefined,
  ordinal: undefined,
  output: undefined,
  approvalId,
  sends: 0,
  firstSentAt: undefined,
  lastSentAt: undefined,
  looks: 0,
  lookedAt: undefined,
  proposedAt: now - 116_000,
  settledAt: undefined,
  status: undefined,
  yields: {},
  note: undefined,
}

export const approval: Approval = {
  id: approvalId,
  runId,
  toolCallId: callId,
  eventId,
  agent: 'disputes',
  tool: 'refund',
  state: 'waiting',
  request: {
    method: 'POST',
    url: 'https://api.stripe.com/v1/refunds',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'charge=ch_1&amount=1200&reason=fraudulent%20%E2%80%AE',
    credential: 'stripe',
    digest: 'b'.repeat(64),
  },
  facts: { 'charge.amount': 5000 },
  why: ['the agent may use refund with a person’s word only'],
  digest: 'c'.repeat(64),
  requestedAt: now - 115_000,
  expiresAt: now + 86_000_000,
  decidedAt: undefined,
  decidedBy: undefined,
  reason: undefined,
}

export const journal: Journal = {
  run,
  steps: [step],
  calls: [call],
  approvals: [approval],
  attempts: [
    {
      number: 1,
      node: 'host-1',
      startedAt: now - 118_000,
      endedAt: now - 115_000,
      outcome: 'parked',
      error: undefined,
    },
  ],
  behind: undefined,
}
