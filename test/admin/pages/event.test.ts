import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { now } from '../../cli/recorded.js'
import { bearer, ownSecret } from '../setting.js'
import { type Pages, read, startPages, tellBusyRun, tellEvent, tellHostileRun } from './told.js'

let pages: Pages
let busy: Awaited<ReturnType<typeof tellBusyRun>>
beforeAll(async () => {
  pages = await startPages()
  busy = await tellBusyRun(pages.ledger.store)
})
afterAll(() => pages.stop())

function post(path: string, form: Record<string, string>, token = pages.approveToken) {
  return pages.send({
    method: 'POST',
    path,
    headers: { ...bearer(token), 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  })
}

describe('the page of an event', () => {
  it('tells its story in the order in which it happened, the answer first', async () => {
    const text = read(await pages.page(`/events/${busy.eventId}`))
    const order = [
      'It woke disputes: completed 34 min ago. It came 1 more time, and nothing was done again.',
      'received',
      'verified by the first secret of payments',
      'recorded by webhook',
      'matched it wakes disputes, not 5 others',
      'denied send_mail',
      'waiting refund for a person’s word',
      'redelivered',
      'approved refund by mo',
      'confirmed refund , the API answered 200',
      'simulated close_dispute , not sent',
      'completed disputes after 13 s of work',
    ]
    const places = order.map((words) => text.indexOf(words))
    expect(places.every((place, at) => place > (places[at - 1] ?? -1))).toBe(true)
  })

  it('says why each agent was not woken, with the values that decided', async () => {
    const text = read(await pages.page(`/events/${busy.eventId}`))
    expect(text).toContain(
      'big-disputes not woken Its if is false. data.amount > 100000 && data.reason == "fraudulent" data.amount 4200 data.reason "duplicate"',
    )
    expect(text).toContain('could not be decided, which is no match. no such key: evidence')
    expect(text).toContain('2 agents listen to other sources ci-doctor, triage')
    expect(text).toContain('as config.yaml has it now')
  })

  it('shows what came, without our secrets, and how it would be known again', async () => {
    const html = await pages.page(`/events/${busy.eventId}`)
    const text = read(html)
    expect(text).toContain('the sender’s id evt_9')
    expect(text).toContain('user-agent: Stripe/1.0')
    expect(text).toContain('"customer": "Maria <b>Silva</b>"')
    expect(html).not.toContain(ownSecret)
    expect(text).toContain('2 deliveries: the first, and redeliveries')
    expect(text).toContain('charge.dispute.closed 1 h 31 min mo@example.com ignored')
  })

  it('says of an event that woke nobody who might have', async () => {
    const { eventId } = await tellEvent(
      pages.ledger.store,
      { subject: 'du_quiet' },
      { decisions: [{ agent: 'disputes', reason: 'echo', detail: busy.runId }] },
    )
    const text = read(await pages.page(`/events/${eventId}`))
    expect(text).toContain('It woke no agent: not disputes.')
    expect(text).toContain('One of our own writes caused the event')
    expect(text).toContain('None has come since.')
  })

  it('shows what a stranger wrote as text, cut to size', async () => {
    const { eventId } = await tellHostileRun(pages.ledger.store)
    for (const path of [`/events/${eventId}`, `/events/${eventId}/data`]) {
      const html = await pages.page(path)
      expect(html).not.toMatch(/<img|alert\(2\)<\/script>|onmouseover="x"/)
      for (const unseen of ['\u0000', '\u001b', '\u202e']) expect(html).not.toContain(unseen)
      expect(html).toContain('\\u202e')
    }
    expect((await pages.page(`/events/${eventId}`)).length).toBeLessThan(80_000)
  })

  it('answers 404 for what is not in the ledger', async () => {
    const { status } = await pages.send({
      path: `/events/evt_${'0'.repeat(32)}`,
      headers: bearer(pages.readToken),
    })
    expect(status).toBe(404)
  })
})

describe('a replay', () => {
  it('is planned first: what may be done again, and nothing is done', async () => {
    const { store } = pages.ledger
    const before = (await store.runsOf(busy.eventId)).length
    const text = read(await pages.page(`/events/${busy.eventId}/replay?agent=disputes`))
    expect(text).toContain('What an earlier run has done already may be done again')
    expect(text).toContain('refund confirmed may be made again, under a new key')
    expect(text).toContain('close_dispute simulated was not sent')
    expect(await store.runsOf(busy.eventId)).toHaveLength(before)
  })

  it('is made once: the same form a second time finds that things have changed', async () => {
    const { store } = pages.ledger
    const form = { agent: 'disputes', last: busy.runId }
    const path = `/events/${busy.eventId}/replay`
    const { status, headers } = await post(path, form)
    const runs = await store.runsOf(busy.eventId)
    const made = runs.find(({ replay }) => replay === 1)
    expect([status, headers['location']]).toEqual([303, `/runs/${made?.id}`])
    expect((await post(path, form)).status).toBe(409)
    await store.cancelRun(made?.id ?? '', 'enough', now)
    expect((await post(path, form)).status).toBe(409)
    expect(await store.runsOf(busy.eventId)).toHaveLength(runs.length)
  })

  it('is not for who may only read, nor for an agent that is not declared', async () => {
    const path = `/events/${busy.eventId}/replay`
    expect((await post(path, { agent: 'disputes', last: '' }, pages.readToken)).status).toBe(403)
    expect((await post(path, { agent: 'big-disputes', last: '' })).status).toBe(404)
    expect(await pages.page(`/events/${busy.eventId}`, { token: pages.readToken })).not.toContain('/replay')
  })
})
