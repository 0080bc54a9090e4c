import type { EventDraft } from '../../src/domain/event.js'
import type { Lease } from '../../src/domain/run.js'
import type { FrozenRequest, Intent, Reservation } from '../../src/domain/tool-call.js'
import type {
  Arrival,
  ClaimedRun,
  Cursor,
  NewApproval,
  NewStep,
  NewToolCall,
  Tick,
} from '../../src/store/records.js'
import type { Store } from '../../src/store/store.js'
import { newId } from '../../src/util/id.js'
import { sha256 } from '../../src/util/signature.js'

/** 2026-11-21T07:00:00Z */
export const start = Date.parse('2026-11-21T07:00:00Z')
export const minute = 60_000

let serial = 0

export function draft(overrides: Partial<EventDraft> = {}): EventDraft {
  return { sourceEventId: `e${++serial}`, type: 'build.failed', time: start, ids: {}, ...overrides }
}

/** A delivery of one event, unless `events` says otherwise. No two have the same body. */
export function arrival(overrides: Partial<Omit<Arrival, 'bodyDigest'>> = {}): Arrival {
  const body = overrides.body ?? Buffer.from(JSON.stringify({ serial: ++serial }))
  return {
    deliveryId: newId('dlv'),
    source: 'ci',
    receivedAt: start,
    url: '/hooks/ci',
    headers: [
      ['content-type', 'application/json'],
      ['x-twice', 'a'],
      ['x-twice', 'b'],
    ],
    secretIndex: 0,
    events: [draft()],
    ...overrides,
    body,
    bodyDigest: sha256(body),
  }
}

export function cursor(overrides: Partial<Cursor> = {}): Cursor {
  return {
    fingerprint: 'f1',
    value: { since: '2026-11-21' },
    nextAt: start + minute,
    lastOkAt: start,
    lastError: undefined,
    failures: 0,
    ...overrides,
  }
}

export function tick(overrides: Partial<Tick> = {}): Tick {
  return { source: 'crm', via: 'poll', now: start, events: [], primed: [], cursor: cursor(), ...overrides }
}

/** Records one event and returns its id. */
export async function recordEvent(
  store: Store,
  event: Partial<EventDraft> = {},
  more: Partial<Arrival> = {},
): Promise<string> {
  const recorded = await store.record(arrival({ ...more, events: [draft(event)] }))
  return idOf(recorded.events[0]?.id)
}

/** A queued run: event recorded, dispatched to `agent`. Returns its id. */
export async function queueRun(store: Store, agent: string, subject: string, now = start): Promise<string> {
  const eventId = await recordEvent(store, { subject })
  const runIds = await store.dispatch([{ eventId, decisions: [{ agent, reason: 'matched' }] }], now)
  return idOf(runIds[0])
}

export interface ClaimOptions {
  readonly node?: string
  readonly now?: number
  readonly leaseMs?: number
  readonly notAgents?: readonly string[]
  readonly noSuspects?: boolean
}

export function tryClaim(store: Store, options: ClaimOptions = {}): Promise<ClaimedRun | undefined> {
  const { node = 'node-1', now = start, leaseMs = minute, notAgents = [], noSuspects = false } = options
  return store.claim({ node, now, leaseUntil: now + leaseMs, notAgents, noSuspects })
}

export async function claim(store: Store, options: ClaimOptions = {}): Promise<ClaimedRun> {
  const claimed = await tryClaim(store, options)
  if (!claimed) throw new Error('nothing to claim')
  return claimed
}

/** A running run of its own subject, with its lease. */
export async function startRun(store: Store, agent = 'doctor', options: ClaimOptions = {}): Promise<Lease> {
  await queueRun(store, agent, `subject-${++serial}`, options.now)
  const { lease } = await claim(store, options)
  return lease
}

export function step(overrides: Partial<NewStep> = {}): NewStep {
  return {
    id: newId('stp'),
    turn: 1,
    api: 'responses',
    model: 'gpt-test',
    items: [{ type: 'message', content: 'hello' }],
    isUsable: true,
    text: 'hello',
    inputTokens: 100,
    outputTokens: 20,
    costUsd: 0.01,
    durationMs: 1200,
    ...overrides,
  }
}

export function newCall(overrides: Partial<NewToolCall> = {}): NewToolCall {
  const id = newId('tcl')
  return {
    id,
    callId: `call_${id.slice(-6)}`,
    tool: 'refund',
    argumentsText: '{"amount":5}',
    effect: 'write',
    ...overrides,
  }
}

export const request: FrozenRequest = {
  method: 'POST',
  url: 'https://api.example.com/refunds',
  headers: { 'content-type': 'application/json' },
  body: '{"amount":5}',
  credential: 'stripe',
  digest: 'a'.repeat(64),
}

export function intent(reservations: readonly Reservation[] = []): Intent {
  return { request, effect: 'write', args: { amount: 5 }, idempotencyKey: 'key-1', ordinal: 0, reservations }
}

export interface Proposed {
  readonly lease: Lease
  readonly callId: string
}

/** A running run with one proposed call. */
export async function propose(store: Store, options: ClaimOptions = {}): Promise<Proposed> {
  const lease = await startRun(store, 'doctor', options)
  const call = newCall()
  await store.appendStep(lease, step(), [call], options.now ?? start)
  return { lease, callId: call.id }
}

export async function proposeHeld(
  store: Store,
  reservations: readonly Reservation[] = [],
): Promise<Proposed> {
  const { lease, callId } = await propose(store)
  await store.prepare(lease, callId, intent(reservations), start)
  await store.markSent(lease, callId, start)
  await store.settle(lease, callId, { state: 'unknown' }, start)
  await store.settle(lease, callId, { state: 'held' }, start)
  return { lease, callId }
}

export function approvalFor(
  { lease, callId }: Proposed,
  eventId: string,
  overrides: Partial<NewApproval> = {},
): NewApproval {
  return {
    id: newId('apr'),
    runId: lease.runId,
    toolCallId: callId,
    eventId,
    agent: 'doctor',
    tool: 'refund',
    request,
    digest: 'd'.repeat(64),
    facts: {},
    why: [],
    scope: `refund|subject|${callId}`,
    reservations: [],
    expiresAt: start + 10 * minute,
    ...overrides,
  }
}

/** A run parked on one approval. */
export async function parkOnApproval(store: Store): Promise<Proposed & { readonly approval: NewApproval }> {
  const proposed = await propose(store)
  const run = await store.run(proposed.lease.runId)
  const approval = approvalFor(proposed, idOf(run?.eventId))
  await store.requestApproval(proposed.lease, approval, start)
  await store.finish(proposed.lease, { state: 'parked', on: 'approval' }, 5, start)
  return { ...proposed, approval }
}

export function idOf(id: string | undefined): string {
  if (id === undefined) throw new Error('there is no id')
  return id
}
