import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '../../../src/config/load.js'
import type { ErrorCode } from '../../../src/domain/errors.js'
import type { ParkedOn } from '../../../src/domain/run.js'
import type { FrozenRequest } from '../../../src/domain/tool-call.js'
import { sourceKinds } from '../../../src/sources/registry.js'
import type { NewApproval } from '../../../src/store/records.js'
import type { Store } from '../../../src/store/store.js'
import { newId } from '../../../src/util/id.js'
import { stepOf } from '../../cli/filled-ledger.js'
import { now } from '../../cli/recorded.js'
import { arrival, draft, intent } from '../../contract/store-fixtures.js'
import type { RawAnswer } from '../../support/raw.js'
import { type AdminSetting, bearer, ownSecret, startSetting } from '../setting.js'
import { asked, type Told, take } from './told.js'

/** The admin listener over a ledger with what lists and deeds are about. */
export interface Lists extends AdminSetting {
  page(path: string, options?: { isPart?: boolean; token?: string }): Promise<string>
  /** The form of a page of ours, as a browser of a person who may decide sends it. */
  post(
    path: string,
    fields: Readonly<Record<string, string>> | [string, string][],
    token?: string,
  ): Promise<RawAnswer>
  /** How often the daemon was told that something may go on. */
  readonly decided: () => number
}

const configText = `
version: 1
store: sqlite:./ledger/rouse.db
models:
  default: { base_url: "https://models.example.com/v1", api_key: sk_test_Kq83nVz1LmP0xRt7, model: gpt-5-mini }
credentials:
  stripe: { bearer: "sk_live_9fQ2mXb71LzKw4", origins: ["https://api.stripe.com"] }
  zendesk: { bearer: "zd_live_3hR8mXb71LzKw4", origins: ["https://acme.zendesk.com"] }
sources:
  payments: { kind: stripe, secret: ${ownSecret} }
  tickets: { kind: zendesk, secret: ${ownSecret} }
tools:
  refund:
    description: Refund the charge.
    post: https://api.stripe.com/v1/refunds
    credential: stripe
    effect: destructive
    args:
      amount: { type: integer, min: 1, max: 5000 }
      reason: { enum: [duplicate, requested_by_customer], optional: true }
    form: { charge: "\${{ ids.charge }}", amount: "\${{ args.amount }}", reason: "\${{ args.reason }}" }
    idempotency: { header: Idempotency-Key, ttl: 23h }
    on_unknown: retry
  answer:
    description: Answer the customer.
    put: https://acme.zendesk.com/api/v2/tickets/{ticket}
    credential: zendesk
    args:
      text: { type: text, max_length: 2000 }
      tags: { type: list, enum: [billing, bug, how_to], max_items: 2, optional: true }
    json: { ticket: { comment: { body: "\${{ args.text }}", public: true }, tags: "\${{ args.tags }}" } }
    on_unknown: hold
agents:
  disputes:
    on: { source: payments, type: charge.dispute.created }
    instructions: text.md
    tools: [refund: { gate: approve, max: 1/subject, sum: { amount: 20000/day } }]
  triage:
    on: { source: tickets, type: "*" }
    instructions: text.md
    tools: [answer: { gate: approve, max: [1/subject, 40/day] }]
`

export async function startLists(): Promise<Lists> {
  const loaded: { config?: Awaited<ReturnType<typeof loadConfig>> } = {}
  let decided = 0
  const setting = await startSetting({
    onDecided: () => decided++,
    config: () => {
      if (!loaded.config) throw new Error('no configuration yet')
      return loaded.config
    },
  })
  const { directory } = setting.ledger
  await writeFile(join(directory, 'lists.yaml'), configText)
  await writeFile(join(directory, 'text.md'), 'Look at it, and do what is right.\n')
  loaded.config = await loadConfig({
    file: join(directory, 'lists.yaml'),
    environment: {},
    kinds: Object.values(sourceKinds),
  })
  return {
    ...setting,
    decided: () => decided,
    async page(path, { isPart = false, token = setting.approveToken } = {}) {
      const headers = { ...bearer(token), ...(isPart ? { 'HX-Request': 'true' } : {}) }
      // As bytes, one character each.
      return Buffer.from((await setting.send({ path, headers })).body, 'latin1').toString('utf8')
    },
    post: (path, fields, token = setting.approveToken) =>
      setting.send({
        method: 'POST',
        path,
        headers: { ...bearer(token), 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(fields).toString(),
      }),
  }
}

let told = 0

/** An event and its run, begun and asked for one call; `begunAt` is when. */
async function tellCall(
  store: Store,
  {
    agent = 'disputes',
    source = 'payments',
    subject = `du_${++told}`,
    type = 'charge.dispute.created',
    tool = 'refund',
    args = { amount: 1200, reason: 'duplicate' } as object,
    text = 'It was charged twice, so I refund one of the two charges.',
    body = `{"n":${++told},"reason":"duplicate","note":"I was charged twice, please help"}`,
    at = now - 300_000,
    actor = 'acct_12',
  } = {},
) {
  const ids: Record<string, string> = source === 'payments' ? { charge: `ch_${subject}` } : { ticket: '4711' }
  const { events } = await store.record(
    arrival({
      source,
      receivedAt: at,
      body: Buffer.from(body),
      events: [draft({ type, subject, actor, ids, sourceEventId: newId('evt'), time: at })],
    }),
  )
  const eventId = events[0]?.id ?? ''
  const [runId = ''] = await store.dispatch([{ eventId, decisions: [{ agent, reason: 'matched' }] }], at + 40)
  const lease = await take(store, at + 100)
  const call = asked(tool, args, source === 'payments' ? 'destructive' : 'write')
  await store.appendStep(lease, { ...stepOf(1), text }, [call], at + 2500)
  return { eventId, runId, lease, call }
}

type CallOptions = Parameters<typeof tellCall>[1]

export const refundOf = (subject: string, amount = 1200): FrozenRequest => ({
  method: 'POST',
  url: 'https://api.stripe.com/v1/refunds',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams([
    ['charge', `ch_${subject}`],
    ['amount', `${amount}`],
    ['reason', 'duplicate'],
    ['metadata[dispute]', subject],
  ]).toString(),
  credential: 'stripe',
  digest: 'b'.repeat(64),
})

export const digestOf = (letter = 'c') => letter.repeat(64)

/** A call that waits for a person. */
export async function tellWaiting(
  store: Store,
  options: CallOptions & { readonly changes?: Partial<NewApproval> } = {},
): Promise<Told & { readonly approvalId: string; readonly callId: string }> {
  const { changes = {}, ...rest } = options
  const { eventId, runId, lease, call } = await tellCall(store, rest)
  const at = rest.at ?? now - 300_000
  const approvalId = newId('apr')
  const approval: NewApproval = {
    id: approvalId,
    runId,
    toolCallId: call.id,
    eventId,
    agent: rest.agent ?? 'disputes',
    tool: call.tool,
    request: refundOf(rest.subject ?? `du_${told}`),
    digest: digestOf(),
    facts: { 'charge.amount': 4200, 'charge.currency': 'usd', 'dispute.is_charge_refundable': true },
    why: ['the agent may use refund with a person’s word only'],
    scope: `scope ${approvalId}`,
    reservations: [],
    expiresAt: now + 3_240_000,
    ...changes,
  }
  const outcome = await store.requestApproval(lease, approval, at + 2600)
  if (outcome.state !== 'asked') throw new Error(outcome.state)
  await store.finish(lease, { state: 'parked', on: 'approval' }, 2500, at + 2700)
  return { eventId, runId, approvalId, callId: call.id }
}

/** The daemon goes on with an approved call, and the API confirms it. */
export async function sendApproved(
  store: Store,
  { callId, subject }: { callId: string; subject: string },
  at: number,
): Promise<void> {
  const lease = await take(store, at)
  const frozen = { ...intent(), request: refundOf(subject), effect: 'destructive' as const }
  await store.prepare(
    lease,
    callId,
    { ...frozen, idempotencyKey: `rouse_${newId('tcl').slice(4)}${'0'.repeat(32)}` },
    at,
  )
  await store.markSent(lease, callId, at + 20)
  const output = { ok: true, status: 200, result: { id: 're_1', status: 'succeeded' } } as const
  await store.settle(lease, callId, { state: 'confirmed', output, status: 200 }, at + 700)
  await store.finish(lease, { state: 'completed', summary: 'Refunded.' }, 3000, at + 900)
}

/** A write that was sent and whose outcome nobody knows. */
export async function tellHeld(
  store: Store,
  options: CallOptions & { readonly end?: 'parked' | 'dead' } = {},
): Promise<Told & { readonly callId: string }> {
  const { end = 'parked', ...rest } = options
  const at = rest.at ?? now - 300_000
  const { eventId, runId, lease, call } = await tellCall(store, rest)
  const request = refundOf(rest.subject ?? `du_${told}`)
  const frozen = { ...intent(), request, effect: 'destructive' as const }
  await store.prepare(
    lease,
    call.id,
    { ...frozen, idempotencyKey: `rouse_${newId('tcl').slice(4)}${'0'.repeat(32)}` },
    at + 2600,
  )
  await store.markSent(lease, call.id, at + 2700)
  await store.settle(
    lease,
    call.id,
    { state: 'held', note: 'the connection broke before the answer was complete' },
    at + 9000,
  )
  if (end === 'parked') await store.finish(lease, { state: 'parked', on: 'person' }, 9000, at + 9100)
  else {
    const error = { code: 'limit.time', message: 'worked for 5m of 5m' } as const
    await store.finish(lease, { state: 'dead', error }, 9000, at + 9100)
  }
  return { eventId, runId, callId: call.id }
}

export async function tellDead(
  store: Store,
  code: ErrorCode,
  message: string,
  options: CallOptions = {},
): Promise<Told> {
  const { eventId, runId, lease, call } = await tellCall(store, options)
  const at = options?.at ?? now - 300_000
  const output = { ok: true, status: 200, result: 'done' } as const
  await store.settle(lease, call.id, { state: 'done', output, status: 200 }, at + 3000)
  await store.finish(lease, { state: 'dead', error: { code, message } }, 4000, at + 3500)
  return { eventId, runId }
}

export async function tellParked(
  store: Store,
  on: ParkedOn,
  {
    until,
    code,
    message,
    ...options
  }: CallOptions & { until?: number; code?: ErrorCode; message?: string } = {},
): Promise<Told> {
  const { eventId, runId, lease } = await tellCall(store, options)
  const at = options.at ?? now - 300_000
  const error = code === undefined ? {} : { error: { code, message: message ?? code } }
  await store.finish(
    lease,
    { state: 'parked', on, ...(until === undefined ? {} : { until }), ...error },
    4000,
    at + 3500,
  )
  return { eventId, runId }
}
