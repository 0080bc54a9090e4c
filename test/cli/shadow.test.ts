import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sayLater, wordsAlike } from '../../src/cli/since-then.js'
import type { EventDraft } from '../../src/domain/event.js'
import { newId } from '../../src/util/id.js'
import { sha256 } from '../../src/util/signature.js'
import {
  callOf,
  claim,
  type FilledLedger,
  fillLedger,
  refundRequest,
  rouse,
  stepOf,
} from './filled-ledger.js'
import { event, now } from './recorded.js'

let ledger: FilledLedger
beforeEach(async () => {
  ledger = await fillLedger()
})
afterEach(() => ledger.close())

const subject = 'du_1\u001b[2J'

/** A write of the run that was not sent. */
async function simulate(tool = 'refund'): Promise<string> {
  await rouse(ledger, ['deny', ledger.approvalId])
  const lease = await claim(ledger.store)
  const call = callOf(tool, '{"amount":1200}')
  await ledger.store.appendStep(lease, stepOf(2), [call], now - 20_000)
  const intent = {
    request: refundRequest,
    effect: 'destructive',
    args: { amount: 1200 },
    idempotencyKey: 'key-1',
    ordinal: 0,
    reservations: [],
  } as const
  const output = { ok: true, result: 'recorded, not sent' } as const
  await ledger.store.simulate(lease, call.id, { intent, output, note: 'the gate is shadow' }, now - 20_000)
  await ledger.store.finish(lease, { state: 'completed', summary: 'done' }, 1, now - 19_000)
  return call.id
}

async function receive(draft: Partial<EventDraft>, at = now - 5000): Promise<void> {
  const id = newId('dlv')
  await ledger.store.record({
    deliveryId: id,
    source: 'payments',
    receivedAt: at,
    url: '/hooks/payments',
    headers: [],
    body: Buffer.from(JSON.stringify({ id })),
    bodyDigest: sha256(Buffer.from(id)),
    secretIndex: 0,
    events: [{ sourceEventId: id, data: {}, type: 'charge.refunded', subject, time: at, ids: {}, ...draft }],
  })
}

describe('shadow', () => {
  test('puts each write that was not sent beside what then happened to its subject', async () => {
    const id = await simulate()
    await receive({ type: 'charge.dispute.closed', actor: 'bank\u001b[31m' }, now - 4000)
    await receive({ type: 'charge.refunded', actor: 'ann' }, now - 8000)
    await receive({ type: 'charge.refunded', subject: 'du_2' })
    const { out, code } = await rouse(ledger, ['shadow'])
    expect(code).toBe(0)
    expect(out).toContain(`refund  ${id}`)
    expect(out).toMatch(/would send {2}POST https:\/\/api\.stripe\.com\/v1\/refunds\n +\{"amount":1200\}/)
    expect(out).toMatch(
      /then {8}12s later: charge\.refunded by ann, looks the same \(refund\)\n +16s later: charge\.dispute\.closed by bank\\u001b/,
    )
    expect(out).toMatch(/refund +1 +1 +1/)
  })

  test('says where nothing followed, and counts by tool', async () => {
    await simulate('submit_evidence')
    const { out } = await rouse(ledger, ['shadow'])
    expect(out).toContain('no later event of the subject has come')
    expect(out).toMatch(/submit_evidence +1 +0 +0/)
    expect(out).toContain('may mean that nobody did anything')
  })

  test('is of one agent, and of a time', async () => {
    await simulate()
    expect((await rouse(ledger, ['shadow', '--agent', 'other'])).out).toContain('no write was simulated')
    expect((await rouse(ledger, ['shadow', '--since', '5s'])).out).toContain('no write was simulated')
    const { out } = await rouse(ledger, ['shadow', '--agent', 'disputes', '--json'])
    expect(JSON.parse(out)).toMatchObject({
      writes: [{ tool_call: { state: 'simulated' }, agent: 'disputes', subject, later: [] }],
      tools: [{ tool: 'refund', proposed: 1, with_later_event: 0, alike: 0 }],
    })
  })

  test('stands also in the run and in the story of the event, as not sent', async () => {
    await simulate()
    await receive({ actor: 'ann' })
    for (const argv of [
      ['run', ledger.runId],
      ['explain', ledger.eventId],
    ]) {
      const { out } = await rouse(ledger, argv)
      expect(out).toMatch(/simulated +refund, not sent/)
      expect(out).toContain('15s later: charge.refunded by ann, looks the same (refund)')
      expect(out).not.toMatch(/ (prepared|sent) +refund/)
    }
  })

  test('a replay says that it was not sent', async () => {
    await simulate()
    const { out } = await rouse(ledger, ['replay', ledger.eventId, '--dry-run'])
    expect(out).toContain('refund: simulated; was not sent')
  })
})

describe('a later event looks the same', () => {
  test.each([
    ['refund', 'charge.refunded', 'charge.dispute.created', ['refund']],
    ['close_issue', 'issues.closed', 'issues.opened', ['clos']],
    ['cancel_order', 'orders/cancelled', 'orders/create', ['cancel']],
    ['comment_on_pull_request', 'issue_comment.created', 'pull_request.opened', ['comment']],
  ])('%s and %s', (tool, type, waking, alike) => {
    expect(wordsAlike(tool, type, waking)).toEqual(alike)
  })

  test.each([
    ['comment_on_pull_request', 'pull_request.closed', 'pull_request.opened'],
    ['set_priority', 'ticket.solved', 'ticket.created'],
    ['refund', 'charge.dispute.closed', 'charge.dispute.created'],
  ])('not %s and %s, which names only what it is about', (tool, type, waking) => {
    expect(wordsAlike(tool, type, waking)).toEqual([])
  })

  test('not where our own write caused it', () => {
    const own = { ...event, type: 'charge.refunded', echoOf: 'run_x' }
    expect(sayLater({ event: own, alike: ['refund'] }, now)).not.toContain('looks the same')
  })
})
