import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '../../../src/config/load.js'
import type { EventDraft, MatchDecision } from '../../../src/domain/event.js'
import type { Lease } from '../../../src/domain/run.js'
import type { ToolOutput } from '../../../src/domain/tool-call.js'
import { sourceKinds } from '../../../src/sources/registry.js'
import type { NewToolCall } from '../../../src/store/records.js'
import type { Store } from '../../../src/store/store.js'
import { newId } from '../../../src/util/id.js'
import { refundRequest, stepOf } from '../../cli/filled-ledger.js'
import { now } from '../../cli/recorded.js'
import { arrival, draft, intent, request } from '../../contract/store-fixtures.js'
import { type AdminSetting, bearer, ownSecret, startSetting } from '../setting.js'

/** The admin listener over a ledger, and the stories that a test has it tell. */
export interface Pages extends AdminSetting {
  /** The page, as a person who may decide gets it; a part of it with `isPart`. */
  page(path: string, options?: { isPart?: boolean; token?: string }): Promise<string>
}

const configText = (address: string) => `
version: 1
store: sqlite:./ledger/rouse.db
models:
  default: { base_url: "${address}", api_key: sk_test_Kq83nVz1LmP0xRt7, model: gpt-5-mini }
credentials:
  stripe: { bearer: "sk_live_9fQ2mXb71LzKw4", origins: ["https://api.stripe.com"] }
sources:
  payments: { kind: stripe, secret: ${ownSecret} }
tools:
  get_charge: { description: The charge., get: "https://api.stripe.com/v1/charges/{charge}", credential: stripe }
  refund:
    description: Refund the charge.
    post: https://api.stripe.com/v1/refunds
    credential: stripe
    effect: destructive
    args: { amount: { type: integer, min: 1 } }
    form: { charge: "\${{ ids.charge }}", amount: "\${{ args.amount }}" }
    idempotency: { header: Idempotency-Key, ttl: 23h }
    on_unknown: retry
agents:
  disputes:
    on: { source: payments, type: charge.dispute.created, if: "data.amount < 5000 && ids.charge != ''" }
    instructions: disputes.md
    tools: [get_charge, refund: { gate: approve, max: 1/subject }]
    limits: { turns: 12, cost: 0.50 USD }
`

export async function startPages(): Promise<Pages> {
  const held: { config?: Awaited<ReturnType<typeof loadConfig>> } = {}
  const setting = await startSetting({
    config: () => {
      if (!held.config) throw new Error('no configuration yet')
      return held.config
    },
  })
  const { directory } = setting.ledger
  await writeFile(join(directory, 'pages.yaml'), configText('https://models.example.com/v1'))
  await writeFile(join(directory, 'disputes.md'), 'Look at the dispute. Refund what was charged twice.\n')
  held.config = await loadConfig({
    file: join(directory, 'pages.yaml'),
    environment: {},
    kinds: Object.values(sourceKinds),
  })
  return {
    ...setting,
    async page(path, { isPart = false, token = setting.approveToken } = {}) {
      const headers = { ...bearer(token), ...(isPart ? { 'HX-Request': 'true' } : {}) }
      const { body } = await setting.send({ path, headers })
      return Buffer.from(body, 'latin1').toString('utf8')
    },
  }
}

export interface Told {
  readonly eventId: string
  readonly runId: string
}

export async function tellEvent(
  store: Store,
  event: Partial<EventDraft>,
  {
    body,
    at = now - 600_000,
    decisions = [{ agent: 'disputes', reason: 'matched' }],
  }: {
    body?: string
    at?: number
    decisions?: readonly MatchDecision[]
  } = {},
): Promise<Told> {
  const bytes = body === undefined ? {} : { body: Buffer.from(body) }
  const { events } = await store.record(
    arrival({
      source: 'payments',
      url: '/hooks/payments',
      receivedAt: at,
      remoteAddress: '192.0.2.7',
      headers: [
        ['content-type', 'application/json'],
        ['user-agent', 'Stripe/1.0 (+https://stripe.com/docs/webhooks)'],
      ],
      ...bytes,
      events: [draft({ type: 'charge.dispute.created', ids: { charge: 'ch_1' }, time: at - 900, ...event })],
    }),
  )
  const eventId = events[0]?.id ?? ''
  const [runId = ''] = await store.dispatch([{ eventId, decisions }], at + 40)
  return { eventId, runId }
}

/** The oldest run that can go on, which is the one just told where nothing else is open. */
export async function take(store: Store, at: number): Promise<Lease> {
  const claimed = await store.claim({ node: 'host-1', now: at, leaseUntil: at + 1e9, notAgents: [] })
  if (!claimed) throw new Error('nothing to claim')
  await store.beginRun(claimed.lease, 'd'.repeat(64), at)
  return claimed.lease
}

export function asked(tool: string, args: unknown, effect: NewToolCall['effect'] = 'read'): NewToolCall {
  const id = newId('tcl')
  return { id, callId: `call_${id.slice(-6)}`, tool, argumentsText: JSON.stringify(args), effect }
}

export function answer(result: NonNullable<ToolOutput['result']>): ToolOutput {
  return { ok: true, status: 200, result }
}

/** A run in which everything happens: reads, a refusal, a person, a write that was sent twice, one that was not sent. */
export async function tellBusyRun(store: Store): Promise<Told & { readonly calls: Record<string, string> }> {
  const began = now - 7_500_000
  const body = JSON.stringify({
    id: 'evt_9',
    amount: 4200,
    reason: 'duplicate',
    customer: 'Maria <b>Silva</b>',
    memo: `is it ${ownSecret} ?`,
  })
  const told = await tellEvent(
    store,
    { subject: 'du_77', actor: 'acct_12', sourceEventId: 'evt_9', semanticKey: 'du_77@1' },
    {
      body,
      at: began,
      decisions: [
        { agent: 'disputes', reason: 'matched' },
        {
          agent: 'big-disputes',
          reason: 'if_false',
          detail: 'data.amount > 100000 && data.reason == "fraudulent"',
        },
        { agent: 'broken', reason: 'if_error', detail: 'no such key: evidence' },
        { agent: 'refunds', reason: 'type' },
        { agent: 'ci-doctor', reason: 'source' },
        { agent: 'triage', reason: 'source' },
      ],
    },
  )
  await tellEvent(store, { sourceEventId: 'evt_9' }, { body, at: began + 61_000 })
  const lease = await take(store, began + 300)
  const { runId } = told
  const get = asked('get_charge', {})
  const other = { ...asked('send_mail', { to: 'x@example.com' }), effect: undefined }
  const first = { ...stepOf(1), text: 'I look at the charge first.', durationMs: 2100, createdAt: 0 }
  await store.appendStep(lease, first, [get, other], began + 2500)
  await store.settle(
    lease,
    get.id,
    {
      state: 'done',
      output: answer({
        amount: 4200,
        currency: 'usd',
        refunded: false,
        description: 'Two months of "Pro"\nbilled twice',
      }),
      status: 200,
    },
    began + 2900,
  )
  const refused: ToolOutput = {
    ok: false,
    error: {
      code: 'policy.unknown_tool',
      message: 'there is no tool of that name',
      hint: 'Use the tools that you have.',
    },
  }
  await store.settle(
    lease,
    other.id,
    { state: 'denied', output: refused, note: 'there is no tool of that name' },
    began + 2950,
  )

  const refund = asked('refund', { amount: 4200 }, 'destructive')
  await store.appendStep(
    lease,
    { ...stepOf(2), text: 'It was charged twice, so I refund one of the two.', durationMs: 3400 },
    [refund],
    began + 6600,
  )
  const approvalId = newId('apr')
  await store.requestApproval(
    lease,
    {
      id: approvalId,
      runId,
      toolCallId: refund.id,
      eventId: told.eventId,
      agent: 'disputes',
      tool: 'refund',
      request: refundRequest,
      digest: 'c'.repeat(64),
      facts: { 'charge.amount': 4200, 'charge.refunded': false },
      why: ['the agent may use refund with a person’s word only'],
      scope: 'refund|subject|ch_2',
      reservations: [],
      expiresAt: began + 80_000_000,
    },
    began + 6700,
  )
  await store.finish(lease, { state: 'parked', on: 'approval' }, 6500, began + 6750)
  const decidedAt = began + 5_400_000
  await store.decide(
    approvalId,
    { state: 'approved', by: 'mo', reason: 'charged twice, I looked', digest: 'c'.repeat(64) },
    decidedAt,
  )
  const again = await take(store, decidedAt + 200)
  await store.prepare(
    again,
    refund.id,
    {
      ...intent(),
      request: refundRequest,
      effect: 'destructive',
      idempotencyKey: `rouse_${'5e'.repeat(32)}`,
    },
    decidedAt + 250,
  )
  await store.markSent(again, refund.id, decidedAt + 260)
  await store.settle(
    again,
    refund.id,
    { state: 'unknown', note: 'the connection broke before the answer was complete' },
    decidedAt + 900,
  )
  await store.markSent(again, refund.id, decidedAt + 3000)
  await store.settle(
    again,
    refund.id,
    {
      state: 'confirmed',
      output: answer({ id: 're_1', status: 'succeeded', amount: 4200 }),
      status: 200,
      note: 'answered at the second send',
    },
    decidedAt + 3600,
  )

  const notify = asked('close_dispute', { note: 'Refunded 42.00 USD.' }, 'write')
  await store.appendStep(again, { ...stepOf(3), durationMs: 1900 }, [notify], decidedAt + 5700)
  await store.simulate(
    again,
    notify.id,
    {
      intent: { ...intent(), request: { ...request, body: '{"note":"Refunded 42.00 USD.","public":false}' } },
      output: answer('recorded and not sent'),
      note: 'not sent: the agent or this tool of it is in shadow mode',
    },
    decidedAt + 5800,
  )
  await store.appendStep(
    again,
    {
      ...stepOf(4),
      text: 'Refunded 42.00 USD of ch_1: it was charged twice. Nobody has to look at it.',
      durationMs: 1500,
    },
    [],
    decidedAt + 7400,
  )
  await store.finish(
    again,
    {
      state: 'completed',
      summary:
        'Refunded 42.00 USD of ch_1: it was charged twice. A person approved it. Nobody has to look at it.',
    },
    7300,
    decidedAt + 7450,
  )
  await tellEvent(
    store,
    { type: 'charge.refunded', subject: 'du_77', actor: 'mo@example.com' },
    { at: decidedAt + 60_000, decisions: [] },
  )
  await tellEvent(
    store,
    { type: 'charge.dispute.closed', subject: 'du_77', actor: 'mo@example.com' },
    { at: decidedAt + 90_000, decisions: [] },
  )
  return { ...told, calls: { get: get.id, other: other.id, refund: refund.id, notify: notify.id } }
}

/** A run of 200 calls over 20 turns, which ended on a bound. */
export async function tellLongRun(store: Store): Promise<Told> {
  const began = now - 400_000
  const told = await tellEvent(store, { subject: 'du_long' }, { at: began })
  const lease = await take(store, began + 100)
  for (let turn = 1; turn <= 20; turn++) {
    const calls = Array.from({ length: 10 }, (_, n) => asked('get_charge', { page: turn * 10 + n }))
    await store.appendStep(
      lease,
      { ...stepOf(turn), text: `Turn ${turn}: more.` },
      calls,
      began + turn * 4000,
    )
    for (const [n, { id }] of calls.entries()) {
      await store.settle(
        lease,
        id,
        { state: 'done', output: answer('x'.repeat(3000)), status: 200 },
        began + turn * 4000 + 100 + n * 90,
      )
    }
  }
  const error = { code: 'limit.calls', message: 'made 200 of 200 tool calls' } as const
  await store.finish(lease, { state: 'dead', error }, 80_000, began + 90_000)
  return told
}

/** Everything that a stranger can put into a text: markup, direction, terminal, NUL, and a lot of it. */
export const hostile =
  '<img src=x onerror=alert(1)></pre><script>alert(2)</script>\u202egnp.exe\u001b[31m red\u0000 {{7*7}} " onmouseover="x'

export async function tellHostileRun(store: Store): Promise<Told & { readonly callId: string }> {
  const began = now - 300_000
  const body = JSON.stringify({ amount: 1, title: hostile, big: 'A'.repeat(1024 * 1024) })
  const told = await tellEvent(
    store,
    {
      type: `charge.${hostile}`,
      subject: hostile,
      actor: hostile,
      sourceEventId: hostile,
      ids: { charge: hostile },
    },
    {
      body,
      at: began,
      decisions: [
        { agent: 'disputes', reason: 'matched' },
        { agent: hostile, reason: 'if_error', detail: hostile },
      ],
    },
  )
  const lease = await take(store, began + 100)
  const call = { ...asked(hostile, {}), effect: undefined, argumentsText: hostile + 'B'.repeat(1024 * 1024) }
  await store.appendStep(
    lease,
    { ...stepOf(1), model: hostile, text: hostile + 'C'.repeat(1024 * 1024) },
    [call],
    began + 2000,
  )
  const output: ToolOutput = {
    ok: false,
    error: { code: 'policy.unknown_tool', message: hostile, hint: hostile },
    result: hostile,
  }
  await store.settle(lease, call.id, { state: 'denied', output, note: hostile }, began + 2100)
  await store.finish(lease, { state: 'completed', summary: hostile }, 2000, began + 2200)
  return { ...told, callId: call.id }
}

/** What a person reads, without markup. */
export function read(html: string): string {
  return html
    .replace(/<(style|script|svg)\b.*?<\/\1>/gs, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
}

/** A run whose write was sent and of which nobody knows what it did, and one whose model is away. */
export async function tellStuckRuns(store: Store): Promise<{ readonly held: Told; readonly away: Told }> {
  const began = now - 200_000
  const held = await tellEvent(store, { subject: 'du_held' }, { at: began })
  const lease = await take(store, began + 100)
  const refund = asked('refund', { amount: 900 }, 'destructive')
  await store.appendStep(lease, { ...stepOf(1), durationMs: 900 }, [refund], began + 1100)
  const key = `rouse_${'7f'.repeat(32)}`
  const sent = { ...intent(), request: refundRequest, effect: 'destructive', idempotencyKey: key } as const
  await store.prepare(lease, refund.id, sent, began + 1200)
  await store.markSent(lease, refund.id, began + 1210)
  const note = 'the connection broke before the answer was complete'
  await store.settle(lease, refund.id, { state: 'unknown', note }, began + 1900)
  await store.settle(lease, refund.id, { state: 'held', note }, began + 2000)
  const error = { code: 'tool.held', message: 'a write waits for a person' } as const
  await store.finish(lease, { state: 'parked', on: 'person', error }, 1900, began + 2100)
  const away = await tellEvent(store, { subject: 'du_away' }, { at: began + 5000 })
  const second = await take(store, began + 5100)
  const fault = { code: 'model.rate_limited', message: 'the endpoint answered 429' } as const
  await store.finish(
    second,
    { state: 'parked', on: 'model', until: now + 240_000, error: fault },
    300,
    began + 5600,
  )
  return { held, away }
}
