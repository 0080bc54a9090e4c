import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { now } from '../../cli/recorded.js'
import { hiddenIn, hostiles, shapeOf } from './hostile.js'
import { digestOf, type Lists, refundOf, sendApproved, startLists, tellHeld, tellWaiting } from './stuck.js'
import { hostile, read, take } from './told.js'

let lists: Lists
beforeEach(async () => {
  lists = await startLists()
})
afterEach(() => lists.stop())

const waiting = (options: Parameters<typeof tellWaiting>[1] = {}) => tellWaiting(lists.ledger.store, options)

describe('the card of a call that waits', () => {
  it('has what the person decides on before what anybody says about it', async () => {
    const { approvalId } = await waiting({ subject: 'du_7' })
    const text = read(await lists.page(`/approvals/${approvalId}`))
    const order = [
      'Send this?',
      'refund destructive 54 minutes left',
      'disputes asks, 4 min ago (the only call of its run ), because of charge.dispute.created of payments about du_7',
      'POST https://api.stripe.com/v1/refunds',
      'charge ch_du_7 amount 1200 reason duplicate metadata[dispute] du_7',
      'Byte for byte',
      'charge=ch_du_7&amount=1200&reason=duplicate&metadata%5Bdispute%5D=du_7',
      'The credential “stripe” is added when it is sent.',
      `Digest ${digestOf()}`,
      'Why you are asked the agent may use refund with a person’s word only',
      'charge.amount = 4200',
      '1 of 1 call for charge ch_du_7 ; 0 left after it',
      '1,200 of 20,000 of amount today, UTC ; 18,800 left after it',
      'at 07:54 UTC it lapses',
      'Approve',
      'Deny',
      'Nobody has checked these.',
      'The model, 57 characters It was charged twice',
      'The event’s note',
    ]
    const places = order.map((words) => text.indexOf(words))
    expect(order.filter((_, at) => (places[at] ?? -1) <= (places[at - 1] ?? -1))).toEqual([])
    expect(text).not.toContain('sk_live')
  })

  it('shows a body only as it is where reading it field by field could mislead', async () => {
    const bodies = ['{"amount":1,"amount":2}', '{"a":1.0}', '{"a":[]}', `[${'1,'.repeat(80)}1]`, 'a=1&b=2']
    for (const body of bodies) {
      const request = { ...refundOf('x'), headers: { 'content-type': 'application/json' }, body }
      const { approvalId } = await waiting({ changes: { request } })
      const html = await lists.page(`/approvals/${approvalId}`)
      expect(html).toContain('aria-label="Body"')
    }
  })

  it('keeps every digit of a number', async () => {
    const request = {
      ...refundOf('x'),
      headers: { 'content-type': 'application/json' },
      body: '{"id":12345678901234567890}',
    }
    const { approvalId } = await waiting({ changes: { request } })
    expect(read(await lists.page(`/approvals/${approvalId}`))).toContain('id 12345678901234567890')
  })

  it('puts what runs out first on top, and leads by keys to buttons of the card', async () => {
    await waiting({ subject: 'du_late', changes: { expiresAt: now + 7_200_000 } })
    await waiting({ subject: 'du_soon', changes: { expiresAt: now + 120_000 } })
    const html = await lists.page('/approvals')
    const text = read(html)
    expect(text).toContain('3 calls wait for you')
    expect(text.indexOf('du_soon')).toBeLessThan(text.indexOf('du_late'))
    expect(html.match(/<article class="card is-wait" id="apr_\w+" data-item/g)?.length).toBe(3)
    expect(html.match(/<button[^>]*type="submit" data-key="a"/g)?.length).toBe(3)
    expect(html).not.toMatch(/accesskey|autofocus/)
  })

  it('has no buttons for a token that reads, and says why', async () => {
    const { approvalId } = await waiting()
    const html = await lists.page(`/approvals/${approvalId}`, { token: lists.readToken })
    expect(html).not.toMatch(/data-key|\/approve"|\/deny"|\/edit"/)
    expect(read(html)).toContain('You can read this and not decide it')
    const fields = { digest: digestOf() }
    for (const verb of ['approve', 'deny', 'edit']) {
      const { status } = await lists.post(`/approvals/${approvalId}/${verb}`, fields, lists.readToken)
      expect(status).toBe(403)
    }
    expect((await lists.ledger.store.approval(approvalId))?.state).toBe('waiting')
  })
})

describe('approving', () => {
  it('binds the digest that was shown, and leads to what becomes of it', async () => {
    const { store } = lists.ledger
    const { approvalId, callId } = await waiting({ subject: 'du_8' })
    const html = await lists.page(`/approvals/${approvalId}`)
    expect(html).toContain(`<input type="hidden" name="digest" value="${digestOf()}"/>`)
    const { status, headers } = await lists.post(`/approvals/${approvalId}/approve`, { digest: digestOf() })
    expect([status, headers['location']]).toEqual([303, `/approvals/${approvalId}`])
    expect(await store.approval(approvalId)).toMatchObject({ state: 'approved' })
    expect((await store.approval(approvalId))?.decidedBy).toMatch(/^approve token [0-9a-f]{8}$/)
    expect(lists.decided()).toBe(1)
    const before = await lists.page(`/approvals/${approvalId}`)
    expect(read(before)).toContain('It is sent as soon as a worker is free.')
    expect(before).toContain('hx-trigger="approval from:body')
    await sendApproved(store, { callId, subject: 'du_8' }, now - 1000)
    const after = read(await lists.page(`/approvals/${approvalId}`, { isPart: true }))
    expect(after).toContain('sent, and confirmed by the API.')
    expect(after).toContain('confirmed the API answered 200')
  })

  it.each([
    ['another digest', { digest: digestOf('0') }],
    ['no digest', {}],
  ])('with %s decides nothing, and shows the call again', async (_name, fields) => {
    const { approvalId } = await waiting()
    const { status, body } = await lists.post(`/approvals/${approvalId}/approve`, fields)
    expect(status).toBe(409)
    expect(read(body)).toContain('Nothing was decided What would be sent is not what you saw.')
    expect(body).toContain('data-key="a"')
    expect((await lists.ledger.store.approval(approvalId))?.state).toBe('waiting')
    expect(lists.decided()).toBe(0)
  })

  it('is told that somebody was faster, and what they decided', async () => {
    const { approvalId } = await waiting()
    const decision = { state: 'denied', by: 'mo', reason: 'no', digest: digestOf() } as const
    await lists.ledger.store.decide(approvalId, decision, now)
    const { status, body } = await lists.post(`/approvals/${approvalId}/approve`, { digest: digestOf() })
    expect(status).toBe(409)
    expect(read(body)).toContain('is denied already; nothing was decided')
    expect(read(body)).toContain('Denied by mo. Nothing is sent, and the agent is told.')
    expect(body).not.toContain('data-key')
  })

  it('is too late once it has lapsed', async () => {
    const { approvalId } = await waiting({ changes: { expiresAt: now + 1000 } })
    lists.advance(2000)
    const { status, body } = await lists.post(`/approvals/${approvalId}/approve`, { digest: digestOf() })
    expect([status, read(body).includes('has expired; nothing was decided')]).toEqual([409, true])
    expect(body).not.toContain('data-key')
    const list = read(await lists.page('/approvals'))
    expect(list).toContain('1 call waits for you')
  })

  it('of what was never there is a page that says so', async () => {
    const { status, body } = await lists.post(`/approvals/apr_${'0'.repeat(32)}/approve`, {})
    expect([status, read(body).includes('there is no approval')]).toEqual([404, true])
  })
})

describe('denying', () => {
  it('keeps the reason for the agent and the ledger', async () => {
    const { approvalId } = await waiting()
    const fields = { digest: digestOf(), reason: '  The customer was called already. ' }
    expect((await lists.post(`/approvals/${approvalId}/deny`, fields)).status).toBe(303)
    expect((await lists.ledger.store.approval(approvalId))?.reason).toBe('The customer was called already.')
    expect(read(await lists.page('/approvals'))).toContain('denied just now by approve token')
  })
})

describe('changing a call first', () => {
  it('has a field for each argument, within the bounds of the tool', async () => {
    const { approvalId } = await waiting()
    const html = await lists.page(`/approvals/${approvalId}`)
    expect(html).toMatch(/name="arg.amount" inputmode="decimal" value="1200"/)
    expect(html).toContain('<option value="duplicate" selected="">duplicate</option>')
    expect(read(html)).toContain('amount whole number from 1 up to 5,000')
    expect(html).not.toContain('arg.charge')
  })

  it('is decided and asked anew under a new digest: nothing is approved by it', async () => {
    const { store } = lists.ledger
    const { approvalId, callId, runId, eventId } = await waiting({ subject: 'du_5' })
    const fields = { digest: digestOf(), 'arg.amount': '900', 'arg.reason': 'duplicate', reason: 'half' }
    const { status } = await lists.post(`/approvals/${approvalId}/edit`, fields)
    expect(status).toBe(303)
    expect(await store.approval(approvalId)).toMatchObject({ state: 'edited', reason: 'half' })
    const call = await store.toolCall(callId)
    expect([call?.state, call?.editedArguments]).toEqual(['proposed', '{"amount":900,"reason":"duplicate"}'])
    expect(read(await lists.page(`/approvals/${approvalId}`))).toContain('the changed one is decided on anew')
    const lease = await take(store, now)
    const anew = `apr_${'a'.repeat(32)}`
    await store.requestApproval(
      lease,
      {
        id: anew,
        runId,
        toolCallId: callId,
        eventId,
        agent: 'disputes',
        tool: 'refund',
        request: refundOf('du_5', 900),
        digest: digestOf('d'),
        facts: {},
        why: [],
        scope: 'x',
        reservations: [],
        expiresAt: now + 1e6,
      },
      now,
    )
    expect(await lists.page(`/approvals/${approvalId}`)).toContain(
      `<a href="/approvals/${anew}">The changed request waits for you</a>`,
    )
    expect(await lists.page(`/approvals/${anew}`)).toContain('value="900"')
  })

  it.each([
    [
      'what the tool does not take',
      { 'arg.amount': '5001' },
      'must be a whole number, at least 1 and at most 5000',
    ],
    ['no number', { 'arg.amount': '1e3x' }, 'must be a whole number'],
    ['nothing', { 'arg.amount': '1200', 'arg.reason': 'duplicate' }, 'this changes nothing'],
  ])('to %s is refused, and what was typed stays', async (_name, fields: Record<string, string>, why) => {
    const { approvalId } = await waiting()
    const { status, body } = await lists.post(`/approvals/${approvalId}/edit`, {
      digest: digestOf(),
      ...fields,
    })
    expect(status).toBe(422)
    expect(read(body)).toContain(why)
    expect(body).toContain(`value="${fields['arg.amount']}"`)
    expect((await lists.ledger.store.approval(approvalId))?.state).toBe('waiting')
  })

  it('leaves what was not touched as it was, to the byte', async () => {
    const { store } = lists.ledger
    const text = 'Line one\r\nwith \u200d a joiner\tand a tab'
    const { approvalId, callId } = await waiting({
      agent: 'triage',
      source: 'tickets',
      tool: 'answer',
      args: { text, tags: ['bug'] },
      changes: { agent: 'triage', tool: 'answer' },
    })
    const html = await lists.page(`/approvals/${approvalId}`)
    expect(hiddenIn(html)).toEqual([])
    const area = /<textarea[^>]*>\n([^<]*)<\/textarea>/.exec(html)?.[1] ?? ''
    const fields: [string, string][] = [
      ['digest', digestOf()],
      // A browser sends line breaks so.
      ['arg.text', area.replaceAll('\n', '\r\n')],
      ['arg.tags.is', '1'],
      ['arg.tags', 'billing'],
      ['arg.tags', 'bug'],
    ]
    expect((await lists.post(`/approvals/${approvalId}/edit`, fields)).status).toBe(303)
    const edited = JSON.parse((await store.toolCall(callId))?.editedArguments ?? '') as object
    expect(edited).toEqual({ text, tags: ['billing', 'bug'] })
  })
})

describe('the page of approvals', () => {
  it('teaches where nothing waits, and tells of held writes', async () => {
    const { store, approvalId, approvalDigest } = lists.ledger
    await store.decide(
      approvalId,
      { state: 'denied', by: 'mo', reason: undefined, digest: approvalDigest },
      now,
    )
    await take(store, now)
    await tellHeld(store)
    const text = read(await lists.page('/approvals'))
    expect(text).toContain('Nothing waits for you')
    expect(text).toContain('1 write was sent and what it did is not known.')
    expect(text).toContain('denied just now by mo')
  })

  it('goes back in time page by page', async () => {
    const { store } = lists.ledger
    const decided: string[] = []
    for (let n = 0; n < 35; n++) {
      const { approvalId } = await waiting({ subject: `du_p${n}`, at: now - 500_000 + n })
      await store.decide(
        approvalId,
        { state: 'denied', by: 'mo', reason: undefined, digest: digestOf() },
        now,
      )
      const lease = await take(store, now)
      await store.finish(lease, { state: 'completed', summary: '' }, 1, now)
      decided.push(approvalId)
    }
    const first = await lists.page('/approvals?state=denied')
    const next = /href="(\/approvals\?[^"]*before=[^"]*)"/.exec(first)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const second = await lists.page(next, { isPart: true })
    const ids = [...(first + second).matchAll(/<tr id="(apr_\w+)"/g)].map(([, id]) => id)
    expect(ids).toEqual(decided.reverse())
  })
})

describe('what strangers and models wrote into a call', () => {
  it.each(hostiles)('is text in every field of its card: %j', async (text) => {
    const shapes: string[][] = []
    for (const words of ['p'.repeat(text.length), text]) {
      const setting = await startLists()
      try {
        const { approvalId } = await tellWaiting(setting.ledger.store, {
          subject: words,
          type: words,
          text: words,
          body: JSON.stringify({ note: `two ${words}` }),
          args: { amount: words, reason: words, [words]: words },
          changes: {
            agent: words,
            facts: { [words]: words },
            why: [words],
            request: {
              method: words,
              url: words,
              headers: { [words]: words, 'content-type': 'application/json' },
              body: JSON.stringify({ [words]: words }),
              credential: words,
              digest: words,
            },
          },
        })
        for (const path of ['/approvals', `/approvals/${approvalId}`]) {
          const html = await setting.page(path)
          expect(hiddenIn(html)).toEqual([])
          shapes.push(shapeOf(html))
        }
        const fields = { digest: digestOf(), 'arg.amount': words, 'arg.reason': words, reason: words }
        const refused = await setting.post(`/approvals/${approvalId}/edit`, fields)
        expect(refused.status).toBe(422)
        expect(hiddenIn(Buffer.from(refused.body, 'latin1').toString('utf8'))).toEqual([])
        shapes.push(shapeOf(refused.body))
        await setting.post(`/approvals/${approvalId}/deny`, { digest: digestOf(), reason: words })
        for (const path of ['/approvals', `/approvals/${approvalId}`]) {
          const html = await setting.page(path)
          expect(hiddenIn(html)).toEqual([])
          shapes.push(shapeOf(html))
        }
      } finally {
        await setting.stop()
      }
    }
    expect(shapes.slice(5)).toEqual(shapes.slice(0, 5))
  })

  it('is bounded, but for the request that a person decides on', async () => {
    const huge = hostile.repeat(10_000)
    const { approvalId } = await waiting({
      subject: huge,
      type: huge,
      text: huge,
      body: JSON.stringify({ note: huge }),
      changes: { facts: { a: huge }, why: [huge], request: refundOf('x') },
    })
    expect((await lists.page(`/approvals/${approvalId}`)).length).toBeLessThan(60_000)
  })
})
