import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StoreError } from '../../../src/domain/errors.js'
import type { Run } from '../../../src/domain/run.js'
import { fingerprintOf } from '../../../src/ingest/secret-uses.js'
import { sourceKinds } from '../../../src/sources/registry.js'
import type { StoredEvent, ToolCallRow } from '../../../src/store/records.js'
import type { Store } from '../../../src/store/store.js'
import { now } from '../../cli/recorded.js'
import { type Drawn, secret, startDrawing } from './drawn.js'
import { hiddenIn, hostiles, shapeOf } from './hostile.js'
import { read } from './told.js'

let drawn: Drawn
beforeAll(async () => {
  drawn = await startDrawing()
})
afterAll(() => drawn.stop())

const words = async (...of: Parameters<Drawn['draw']>) => read(await drawn.draw(...of)).replace(/\s+/g, ' ')

describe('Now', () => {
  it('answers first whether all is well, and then what waits, came and was spent', async () => {
    const text = await words('/')
    expect(text).toContain('Something is wrong Deliveries to payments are refused; 1 call waits for you.')
    expect(text.indexOf('1 call waits')).toBeLessThan(text.indexOf('Waits for you'))
    expect(text).toContain('refund for du_1\\u001b[2J asked by disputes')
    expect(text).toContain('60 min left')
    expect(text).toContain('1 event, 1 woke an agent, 1 duplicate')
    expect(text).toContain('refused today: 3 × verification.signature_mismatch')
    expect(text).toContain('runs begun 1 of 50 for the model 0.0123 USD of 25.00 USD')
    expect(text).toContain('charge.dispute.created du_1\\u001b[2J payments woke disputes')
  })

  it('says each alert that stands, with what to do, and none that is over', async () => {
    const alert = {
      cause: 'model default',
      code: 'model.unavailable',
      message: 'it answers 503',
      count: 3,
    } as const
    const standing = { ...alert, raisedAt: now - 600_000, lastAt: now, resolvedAt: undefined }
    const over = { ...standing, cause: 'disk', resolvedAt: now }
    const store = { listAlerts: async () => [standing, over], refusals: async () => [] }
    const text = await words('/', { store })
    expect(text).toContain('Something is wrong Everything is arriving; 1 alert stands')
    expect(text).toContain('model default model.unavailable for 10 min, 3 times it answers 503')
    expect(text).not.toContain('disk')
  })

  it('shows the commands of an alert to be copied, and leads to the pages that do the same', async () => {
    const run = `run_${'1'.repeat(32)}`
    const standing = {
      ...({ cause: 'runs of disputes', code: 'limit.turns', raisedAt: now, lastAt: now, count: 1 } as const),
      message: `1 run died: \`rouse explain ${run}\`, mend the cause, then \`rouse replay evt_${'2'.repeat(32)}\``,
      resolvedAt: undefined,
    }
    const html = await drawn.draw('/', { store: { listAlerts: async () => [standing] } })
    expect(html).toContain(`<code class="command">rouse explain ${run}</code>`)
    expect(html).toContain(`<a href="/runs/${run}">See the run</a>`)
    expect(html).toContain(`<a href="/events/evt_${'2'.repeat(32)}">See the event</a>`)
    expect(read(html)).not.toContain('`')
  })

  it('says what a daemon that takes nothing does not take', async () => {
    const text = await words('/', { options: { unready: () => 'stopping' } })
    expect(text).toContain('Deliveries are refused now (stopping)')
  })

  it('says that all is well when it is', async () => {
    const counts = async () => ({ ...(await drawn.ledger.store.counts()), approvalsWaiting: 0 })
    const store = { counts, refusals: async () => [] }
    expect(await words('/', { store })).toContain(
      'All is well Everything is arriving; nothing waits for you.',
    )
  })

  it('is without its frame when it asks for itself', async () => {
    const part = await drawn.draw('/', { isPart: true })
    expect(part).toMatch(/^<div class="stack"><div[^>]*id="answer"/)
    expect(part).not.toContain('<html')
  })

  it('teaches the first delivery where nothing has ever come', async () => {
    const fresh = {
      totals: async () => ({ sources: [], agents: [], models: [], toolCalls: [] }),
      activity: async () => [],
      refusals: async () => [],
      findEvents: async () => ({ events: [], next: undefined, isPartial: false }),
    }
    const text = await words('/', { store: fresh })
    expect(text).toContain('rouse trigger payments charge.dispute.created')
    expect(text).toContain('https://hooks.example.com/hooks/payments')
  })

  it('teaches what a source is where none is configured', async () => {
    const config = { ...drawn.config, sources: new Map(), agents: new Map() }
    const findEvents = async () => ({ events: [], next: undefined, isPartial: false })
    const text = await words('/', { store: { findEvents }, options: { config: () => config } })
    expect(text).toContain('No source is configured yet')
    expect(text).toContain('ci: { kind: github')
  })
})

describe('Agents', () => {
  it('says of each what wakes it, how it did and what it cost', async () => {
    const text = await words('/agents')
    expect(text).toContain('disputes charge.dispute.created of payments')
    // Its only run is parked, which is no success.
    expect(text).toContain('none yet 0.0123 USD')
    expect(text).toContain('0.0123 USD 1 of 50')
    expect(text).toContain('watcher shadow everything of payments')
  })

  it('counts as success what ended well of what ended, not what is parked or was cancelled', async () => {
    const spending: Store['spending'] = async (since, bucketMs) =>
      (await drawn.ledger.store.spending(since, bucketMs)).map((one) => ({
        ...one,
        ...{ begun: 7, completed: 3, dead: 1, cancelled: 1 },
      }))
    expect(await words('/agents', { store: { spending } })).toContain('75 % of 4 that ended')
    expect(await words('/agents/disputes', { store: { spending } })).toContain(
      '75 % success, of 4 runs that ended in 14 days',
    )
  })

  it('teaches how one is declared where there is none', async () => {
    const config = { ...drawn.config, agents: new Map() }
    expect(await words('/agents', { options: { config: () => config } })).toContain('No agent is declared')
  })

  it('shows one with its rules, in words and as they are written', async () => {
    const text = await words('/agents/disputes')
    expect(text).toContain(
      'Wakes on charge.dispute.created of payments. It reads with 1 tool and makes 1 kind of writes with a person’s word only.',
    )
    expect(text).toContain('refund destructive Refund the charge. POST https://api.stripe.com/v1/refunds')
    expect(text).toContain('a person decides')
    expect(text).toContain('1 for a subject amount: 20,000 a day, added up')
    expect(text).toContain('args.amount <= 5000 facts.charge is read with get_charge')
    expect(text).toContain('only if data.amount < 5000')
    expect(text).toContain('12 turns, ')
    expect(text).toContain('refund, amount added up: 20,000')
    expect(text).toContain('Refund what was charged twice.')
    expect(text).toContain('parked: approval')
  })

  it('counts what stands in the budgets of the day, whichever agent took it', async () => {
    const spent: Store['spent'] = async (counters) => {
      expect(counters).toContain('refund|day|2026-11-21|amount')
      return counters.map(() => 4200)
    }
    for (const name of ['disputes', 'watcher']) {
      const text = await words(`/agents/${name}`, { store: { spent } })
      expect(text).toContain('refund: amount, added up 4,200 of 20,000')
    }
  })

  it('does not know one that is not declared', async () => {
    await expect(drawn.draw('/agents/nobody')).rejects.toThrow(StoreError)
  })

  it('puts what was simulated beside what then happened, as not sent', async () => {
    const text = await words('/agents/watcher', {
      store: simulatedStore('{"amount":1}', 'charge.refunded', 'ann'),
    })
    expect(text).toContain('refund not sent {"amount":1} for du_9')
    expect(text).toContain('5m later: charge.refunded by ann, looks the same (refund)')
  })
})

describe('Sources', () => {
  it('says of each whether it arrives', async () => {
    const text = await words('/sources', { store: { refusals: async () => [] } })
    expect(text).toContain('payments arriving Stripe, last seen 60 s ago')
    expect(text).toContain('crm nothing yet Polled API, nothing has come yet')
  })

  it('shows what came and what was refused, why, with the example', async () => {
    const text = await words('/sources/payments')
    expect(text).toContain('Stripe. Wakes disputes on charge.dispute.created and watcher on everything.')
    expect(text).toContain('verification.signature_mismatch no secret\\u001b[31m fits 3 on 11-21')
    expect(text).toContain('https://hooks.example.com/hooks/payments')
    expect(text).toContain('How Stripe signs')
  })

  it('says how old each secret is and when it was used last, and never the secret', async () => {
    const [current, old] = drawn.options.sources().get('payments')?.secretKeys ?? []
    if (!current || !old) throw new Error('there are not two secrets')
    const seenAt = now - 20 * 86_400_000
    const use = (key: Uint8Array, lastUsedAt: number) => ({
      ...{ source: 'payments', seenAt, uses: 7, lastUsedAt, fingerprint: fingerprintOf('salt', key) },
    })
    const uses = [use(current, now - 60_000), use(old, now - 15 * 86_400_000)]
    const html = await drawn.draw('/sources/payments', {
      store: { secretUses: async () => ({ salt: 'salt', uses }) },
    })
    const text = read(html).replace(/\s+/g, ' ')
    expect(text).toContain('1 of 2 the current one configured for 20 d, last used 60 s ago , 7 deliveries')
    expect(text).toContain('2 of 2 configured for 20 d, last used 15 d ago , 7 deliveries')
    expect(text).toContain('The sender no longer signs with it: take it out of the list.')
    expect(html).not.toContain(secret.slice(8, 20))
  })

  it('offers a signed test to those who may decide, and tells the others why not', async () => {
    expect(await drawn.draw('/sources/payments')).toContain('action="/sources/payments/test"')
    const html = await drawn.draw('/sources/payments', { role: 'read' })
    expect(html).not.toContain('action="/sources/payments/test"')
    expect(read(html)).toContain('Sending takes a token of the role approve')
  })

  it('shows how a polled one stands: when it last went well, when it goes on, what failed', async () => {
    const cursor = {
      ...{ fingerprint: 'f', value: { since: 'x' }, nextAt: now + 60_000, lastOkAt: now - 7_200_000 },
      ...{ lastError: 'poll.status: it answers 503', failures: 4 },
    }
    const text = await words('/sources/crm', { store: { cursor: async () => cursor } })
    expect(text).toContain('crm failing Polled API')
    expect(text).toContain('It failed 4 times in a row: poll.status: it answers 503')
    expect(text).toContain('https://crm.example.com/api/deals every 1 min')
    expect(text).toMatch(/last well 2 h ago .* next in 60 s .* failures in a row 4/)
  })
})

const stripeLink = Object.values(sourceKinds).find(({ kind }) => kind === 'stripe')?.link

/** Where a page leads to that is not on it and not one of ours. */
function linksOut(html: string): string[] {
  const targets = [...html.matchAll(/ (?:href|src|action|hx-get)="([^"]*)"/g)].map(
    ([, target = '']) => target,
  )
  return targets.filter((target) => !/^(\/(?!\/)|#)/.test(target))
}

describe('text from outside', () => {
  const paths = [
    '/',
    '/agents',
    '/agents/disputes',
    '/agents/watcher',
    '/sources',
    '/sources/payments',
    '/sources/crm',
  ]

  it.each(hostiles)('is nothing but text on each of these pages: %j', async (text) => {
    for (const path of paths) {
      const html = await drawn.draw(path, { store: await filledWith(text) })
      expect(shapeOf(html), path).toEqual(
        shapeOf(await drawn.draw(path, { store: await filledWith('plain') })),
      )
      expect(hiddenIn(html), path).toEqual([])
      expect(linksOut(html), path).toEqual(path === '/sources/payments' ? [stripeLink] : [])
    }
  })

  it('may be long', async () => {
    const store = await filledWith('x'.repeat(100_000))
    for (const path of paths) expect(await drawn.draw(path, { store })).toContain('</html>')
  })
})

/** A store in which all that strangers choose is `text`. */
async function filledWith(text: string): Promise<Partial<Store>> {
  const { store, eventId, runId, approvalId } = drawn.ledger
  const [event, run, approval] = [
    await store.event(eventId),
    await store.run(runId),
    await store.approval(approvalId),
  ]
  if (!event || !run || !approval) throw new Error('the ledger is not filled')
  const error = { code: 'internal.unexpected' as const, message: text }
  const decisions = [
    { agent: text, reason: 'matched' as const, detail: text },
    { agent: 'b', reason: 'if_error' as const, detail: text },
  ]
  const ignored = [{ agent: text, reason: 'if_false' as const, detail: text }]
  const shown: StoredEvent = { ...event, type: text, subject: text, actor: text, source: text, decisions }
  const strange: Run = { ...run, subject: text, agent: text, summary: text, error }
  const refusal = { source: 'payments', reason: text, day: '2026-11-21', count: 1, lastAt: now, sample: text }
  return {
    ...simulatedStore(text, text, text),
    listAlerts: async () => [
      {
        cause: text,
        code: 'model.unavailable',
        message: text,
        raisedAt: now,
        lastAt: now,
        count: 2,
        resolvedAt: undefined,
      },
    ],
    refusals: async () => [refusal],
    findEvents: async () => ({
      events: [shown, { ...shown, decisions: ignored }],
      next: undefined,
      isPartial: false,
    }),
    listRuns: async () => [
      { ...strange, state: 'running' },
      { ...strange, state: 'dead' },
    ],
    run: async () => strange,
    listApprovals: async () => [
      { ...approval, agent: text, tool: text, request: { ...approval.request, url: text, method: text } },
    ],
    listHeld: async () => [{ ...simulatedCall(text), state: 'held' }],
    cursor: async () => ({
      ...{
        fingerprint: text,
        value: { [text]: text },
        nextAt: now,
        lastOkAt: now,
        lastError: text,
        failures: 1,
      },
    }),
    spending: async (since, bucketMs) =>
      (await store.spending(since, bucketMs)).map((one) => ({ ...one, agent: text })),
  }
}

function simulatedCall(argumentsText: string): ToolCallRow {
  const at = now - 600_000
  return {
    ...{ id: 'tcl_0193b6f1e4c57d0a9c3f1b2c3d4e5f63', runId: drawn.ledger.runId },
    ...{
      stepId: 'stp_1',
      position: 0,
      callId: 'call_1',
      ordinal: 0,
      state: 'simulated',
      effect: 'destructive',
    },
    ...{
      tool: argumentsText.startsWith('{"') ? 'refund' : argumentsText,
      argumentsText,
      note: argumentsText,
    },
    ...{ editedArguments: undefined, request: undefined, idempotencyKey: undefined, output: undefined },
    ...{ approvalId: undefined, sends: 0, firstSentAt: undefined, lastSentAt: undefined, looks: 0 },
    ...{ lookedAt: undefined, proposedAt: at, settledAt: at, status: undefined, yields: {} },
  }
}

/** One simulated call, and one later event of its subject. */
function simulatedStore(argumentsText: string, type: string, actor: string): Partial<Store> {
  const { store, eventId, runId } = drawn.ledger
  const of = async () => {
    const event = await store.event(eventId)
    if (!event) throw new Error('no event')
    return { ...event, subject: 'du_9' }
  }
  return {
    totals: async () => ({
      ...(await store.totals()),
      toolCalls: [{ tool: 'refund', state: 'simulated', code: undefined, calls: 1 }],
    }),
    listSimulated: async () => [simulatedCall(argumentsText)],
    run: async () => store.run(runId),
    event: of,
    listEvents: async () => [
      { ...(await of()), id: 'evt_0193b6f1e4c27d0a9c3f1b2c3d4e5f69', type, actor, recordedAt: now - 300_000 },
    ],
  }
}
