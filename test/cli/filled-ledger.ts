import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Io } from '../../src/cli/io.js'
import { runCli } from '../../src/cli/program.js'
import type { Lease } from '../../src/domain/run.js'
import type { FrozenRequest } from '../../src/domain/tool-call.js'
import type { NewToolCall } from '../../src/store/records.js'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import type { Store } from '../../src/store/store.js'
import { newId } from '../../src/util/id.js'
import { sha256 } from '../../src/util/signature.js'
import { now, recordedIo } from './recorded.js'

/** The configuration needs a secret that is not set: reading the ledger must work all the same. */
const config = `
version: 1
store: sqlite:./ledger/rouse.db
sources:
  payments: { kind: stripe, secret: "\${A_SECRET_THAT_IS_NOT_SET}" }
`

export interface FilledLedger {
  readonly store: Store
  readonly directory: string
  readonly eventId: string
  readonly deliveryId: string
  readonly runId: string
  /** Waits for a person. */
  readonly approvalId: string
  readonly approvalDigest: string
  close(): Promise<void>
}

export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command in this process, in the ledger's directory. */
export async function rouse(
  ledger: { readonly directory: string },
  argv: string[],
  given: Partial<Io> = {},
  answers: string[] = [],
): Promise<Said> {
  const io = recordedIo({ directory: ledger.directory, ...given }, answers)
  const code = await runCli(argv, io)
  return { code, out: io.output.join('\n'), err: io.faults.join('\n') }
}

export const refundRequest: FrozenRequest = {
  method: 'POST',
  url: 'https://api.stripe.com/v1/refunds',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: 'charge=ch_1&amount=1200',
  credential: 'stripe',
  digest: 'b'.repeat(64),
}

/** A ledger with a dispute, its redelivery, and a run that waits for an approval. */
export async function fillLedger(): Promise<FilledLedger> {
  const directory = await mkdtemp(join(tmpdir(), 'rouse-cli-'))
  await writeFile(join(directory, 'config.yaml'), config)
  const store = await openSqliteStore({ file: join(directory, 'ledger', 'rouse.db'), exclusive: true })
  const { eventId, deliveryId } = await receive(store)
  await receive(store)
  await store.countRefusals([
    {
      source: 'payments',
      reason: 'verification.signature_mismatch',
      day: '2026-11-21',
      count: 3,
      lastAt: now,
      sample: 'no secret\u001b[31m fits',
    },
  ])
  const decisions = [
    { agent: 'disputes', reason: 'matched' },
    { agent: 'ci-doctor', reason: 'source' },
  ] as const
  const [runId = ''] = await store.dispatch([{ eventId, decisions }], now - 50_000)
  const lease = await claim(store)
  const call = callOf('refund', '{"amount":1200}')
  await store.appendStep(lease, stepOf(1), [call], now - 40_000)
  const approvalId = newId('apr')
  const approvalDigest = 'c'.repeat(64)
  await store.requestApproval(
    lease,
    {
      id: approvalId,
      runId,
      toolCallId: call.id,
      eventId,
      agent: 'disputes',
      tool: 'refund',
      request: refundRequest,
      digest: approvalDigest,
      facts: { 'charge.amount': 5000 },
      why: ['the agent may use refund with a person’s word only'],
      scope: 'refund|subject|ch_1',
      reservations: [],
      expiresAt: now + 3_600_000,
    },
    now - 39_000,
  )
  await store.finish(lease, { state: 'parked', on: 'approval' }, 1500, now - 38_000)
  const close = async () => {
    await store.close()
    await rm(directory, { recursive: true, force: true })
  }
  return { store, directory, eventId, deliveryId, runId, approvalId, approvalDigest, close }
}

/** The same delivery each time. */
async function receive(store: Store): Promise<{ eventId: string; deliveryId: string }> {
  const body = Buffer.from('{"id":"evt_1","title":"\u202eevil"}')
  const { events, deliveryId } = await store.record({
    deliveryId: newId('dlv'),
    source: 'payments',
    receivedAt: now - 60_000,
    url: '/hooks/payments',
    headers: [['content-type', 'application/json']],
    body,
    bodyDigest: sha256(body),
    secretIndex: 0,
    remoteAddress: '192.0.2.7',
    events: [
      {
        sourceEventId: 'evt_1',
        type: 'charge.dispute.created',
        subject: 'du_1\u001b[2J',
        time: now - 61_000,
        ids: { charge: 'ch_1' },
      },
    ],
  })
  return { eventId: events[0]?.id ?? '', deliveryId }
}

export async function claim(store: Store): Promise<Lease> {
  const claimed = await store.claim({ node: 'n1', now: now - 45_000, leaseUntil: now, notAgents: [] })
  if (!claimed) throw new Error('nothing to claim')
  await store.beginRun(claimed.lease, 'd'.repeat(64), now - 45_000)
  return claimed.lease
}

export function stepOf(turn: number) {
  return {
    id: newId('stp'),
    turn,
    api: 'responses' as const,
    model: 'gpt-5-mini',
    items: [],
    isUsable: true,
    text: 'It was charged twice.',
    inputTokens: 1200,
    outputTokens: 80,
    costUsd: 0.0123,
    durationMs: 1500,
  }
}

export function callOf(tool: string, argumentsText: string): NewToolCall {
  return { id: newId('tcl'), callId: 'call_1', tool, argumentsText, effect: 'destructive' }
}
