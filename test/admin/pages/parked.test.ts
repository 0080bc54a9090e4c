import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { rouse } from '../../cli/filled-ledger.js'
import { now } from '../../cli/recorded.js'
import { hiddenIn, hostiles, shapeOf } from './hostile.js'
import { type Lists, startLists, tellDead, tellHeld, tellParked } from './stuck.js'
import { hostile, read, take } from './told.js'

let lists: Lists
beforeEach(async () => {
  lists = await startLists()
})
afterEach(() => lists.stop())

/** What the link of the page says that it lists. */
function badgeOf(html: string): number {
  return Number(/Dead and parked<span class="count[^>]*>(\d+)/.exec(html)?.[1] ?? 0)
}

describe('the page of what is stuck', () => {
  it.each([
    ['agent', 1],
    ['disk', 1],
    ['model', 1],
    ['api', 1],
    ['budget', 1],
    ['time', 0],
    ['quiet', 0],
    ['restart', 0],
  ] as const)('counts at its link what it lists as waiting: a run parked on %s', async (on, counted) => {
    await tellParked(lists.ledger.store, on)
    const html = await lists.page('/parked')
    const listed = /class="amount">1/.test(html)
    expect([listed, badgeOf(html)]).toEqual([true, counted])
    expect(html.includes('Go on by themselves')).toBe(counted === 0)
  })

  it('counts no dead run that was replayed since, and still leads to it', async () => {
    const { store } = lists.ledger
    const { eventId, runId } = await tellDead(store, 'limit.turns', 'x')
    expect(badgeOf(await lists.page('/parked'))).toBe(1)
    expect(read(await lists.page('/'))).toContain('1 run died in the last day')
    const doctor = async () => (await rouse(lists.ledger, ['doctor'])).out
    expect(await doctor()).toContain('1 run is dead')
    const { id } = await store.replay(eventId, 'disputes', now)
    const html = await lists.page('/parked')
    expect(badgeOf(html)).toBe(0)
    expect(read(html)).toContain('Nothing here needs you.')
    expect(read(html)).toContain('1 dead run was replayed since and waits for nobody: see it')
    expect(read(await lists.page('/'))).not.toContain('died in the last day')
    expect(await doctor()).not.toContain('dead')
    const rows = async (query: string) =>
      [...(await lists.page(`/runs?${query}`)).matchAll(/<tr id="(run_\w+)"/g)].map(([, run]) => run)
    expect(await rows('state=dead&replayed=yes')).toEqual([runId])
    expect(await rows('state=dead&replayed=no')).toEqual([])
    expect(await lists.page('/runs?state=dead&replayed=yes')).toContain('name="replayed"')
    await store.cancelRun(id, 'not now', now)
    expect(badgeOf(await lists.page('/parked'))).toBe(1)
    expect(await rows('q=replayed:no')).toEqual([runId])
  })

  it('says each cause once, first what needs a person', async () => {
    const { store } = lists.ledger
    for (const subject of ['du_1', 'du_2'])
      await tellDead(store, 'limit.turns', 'made 12 of 12 turns', { subject })
    await tellDead(store, 'model.rejected', 'refused', { subject: 'du_3' })
    await tellParked(store, 'model', { subject: 'du_4', until: now + 240_000 })
    await tellParked(store, 'budget', { subject: 'du_5', until: now + 7_200_000 })
    await tellParked(store, 'disk', { subject: 'du_6' })
    await tellHeld(store, { subject: 'du_7' })
    const alert = { cause: 'model default', code: 'model.unavailable', message: 'It answered 503.' } as const
    await store.raiseAlert(alert, now - 60_000)
    // Told with the write itself, not with what waits for an API.
    await tellParked(store, 'api', { subject: 'du_8' })
    await store.raiseAlert({ cause: 'held writes', code: 'tool.held', message: 'nothing says so' }, now)
    const html = await lists.page('/parked')
    const text = read(html)
    expect(text).not.toContain('nothing says so')
    const order = [
      '1 held write, 1 parked run and 3 dead runs need you; 3 runs are held up.',
      '1 run waits for a word on a call, under Approvals .',
      'No certain answer came: the connection broke before the answer was complete',
      'Need a person',
      'Wait for room on the disk',
      '2 limit.turns See them The run used all its turns.',
      '1 model.rejected See it',
      'Go on when some trouble is over',
      'Wait for the model',
      'model default for 60 s It answered 503.',
      'The first goes on in 4 min.',
    ]
    const missing = order.filter((words) => !text.includes(words))
    expect(missing).toEqual([])
    expect(text.indexOf('Need a person')).toBeLessThan(text.indexOf('Go on when some trouble is over'))
    expect(html).toContain('href="/runs?state=dead&amp;code=limit.turns&amp;replayed=no"')
    expect(badgeOf(html)).toBe(1 + 1 + 3 + 3)
    expect(html.match(/limit\.turns<\/span>/g)?.length).toBe(1)
  })

  it('says that nothing is stuck, and what would stand there', async () => {
    const { store, approvalId, approvalDigest } = lists.ledger
    await store.decide(
      approvalId,
      { state: 'denied', by: 'mo', reason: undefined, digest: approvalDigest },
      now,
    )
    const lease = await take(store, now)
    await store.finish(lease, { state: 'completed', summary: '' }, 1, now)
    const text = read(await lists.page('/parked'))
    expect(text).toContain('Nothing here needs you.')
    expect(text).toContain('Nothing is stuck')
  })
})

describe('deliveries that could not be read', () => {
  const tell = (index: number, text = `{"n":${index},`, reason = 'the JSON ends too early') =>
    lists.ledger.store.recordMalformed({
      ...{ source: 'payments', url: '/hooks/payments', headers: [['x-one', text] as const], secretIndex: 0 },
      deliveryId: `dlv_${index.toString(16).padStart(32, '0')}`,
      receivedAt: now - 60_000 + index,
      body: Buffer.from(text),
      bodyDigest: createHash('sha256').update(text).digest(),
      reason,
    })
  const idsOf = (html: string) => [...html.matchAll(/<tr id="dlv_0*([0-9a-f]+)"/g)].map(([, id = '']) => id)

  it('are listed with source, time, reason and size, the newest on the page of what is stuck, and all paged', async () => {
    for (let index = 1; index <= 53; index++) await tell(index)
    const html = await lists.page('/parked')
    expect(read(html)).toContain('53 deliveries since the ledger was begun')
    expect(read(html)).toMatch(/payments the JSON ends too early 8 B/)
    expect(idsOf(html)).toEqual(['35', '34', '33', '32', '31'])
    const first = await lists.page('/parked/unreadable')
    expect(idsOf(first)).toHaveLength(50)
    const [, older = ''] = /href="(\/parked\/unreadable\?before=[\d.]+)"/.exec(first) ?? []
    expect(idsOf(await lists.page(older))).toEqual(['3', '2', '1'])
  })

  it('are each shown with their bytes, as text', async () => {
    const text = hostiles.join('\n')
    await tell(1, text, text)
    const html = await lists.page(`/parked/unreadable/dlv_${'1'.padStart(32, '0')}`)
    expect(hiddenIn(html)).toEqual([])
    expect(shapeOf(html).length).toBeGreaterThan(0)
    const words = 'p'.repeat(text.length)
    await tell(2, words, words)
    const plain = await lists.page(`/parked/unreadable/dlv_${'2'.padStart(32, '0')}`)
    expect(shapeOf(html)).toEqual(shapeOf(plain))
    const [event] = await lists.ledger.store.listEvents({ limit: 1 })
    expect(read(await lists.page(`/parked/unreadable/${event?.deliveryId}`))).toContain(
      'This is not in the ledger',
    )
  })
})

describe('a held write', () => {
  it.each([
    ['confirmed', 'confirmed'],
    ['rejected', 'rejected'],
    ['send_again', 'prepared'],
  ])('is settled by a person: %s', async (state, becomes) => {
    const { store } = lists.ledger
    const { callId, runId } = await tellHeld(store)
    const html = await lists.page('/parked')
    expect(html).toContain(`name="state" value="${state}"`)
    const { status, headers } = await lists.post(`/parked/held/${callId}`, { state })
    expect([status, headers['location']]).toEqual([303, `/runs/${runId}#${callId}`])
    const { calls } = await store.journal(runId)
    expect(calls[0]?.state).toBe(becomes)
    expect(calls[0]?.note).toMatch(/^approve token [0-9a-f]{8}: /)
    expect(lists.decided()).toBe(1)
  })

  it('is not settled without a choice, twice, or by a token that reads', async () => {
    const { store } = lists.ledger
    const { callId } = await tellHeld(store)
    expect((await lists.post(`/parked/held/${callId}`, {})).status).toBe(422)
    expect((await lists.post(`/parked/held/${callId}`, { state: 'prepared' })).status).toBe(422)
    expect((await lists.post(`/parked/held/${callId}`, { state: 'confirmed' }, lists.readToken)).status).toBe(
      403,
    )
    expect((await store.toolCall(callId))?.state).toBe('held')
    expect(await lists.page('/parked', { token: lists.readToken })).not.toContain(
      '<form method="post" action="/parked',
    )
    await lists.post(`/parked/held/${callId}`, { state: 'confirmed' })
    const { status, body } = await lists.post(`/parked/held/${callId}`, { state: 'rejected' })
    expect([status, read(body).includes('is confirmed, not held; nothing was changed')]).toEqual([409, true])
  })

  it('of a run that is over is not sent again', async () => {
    const { callId } = await tellHeld(lists.ledger.store, { end: 'dead' })
    expect(await lists.page('/parked')).not.toContain('value="send_again"')
    const { status } = await lists.post(`/parked/held/${callId}`, { state: 'send_again' })
    expect(status).toBe(409)
  })
})

describe('replaying what is dead', () => {
  it('shows the plan first, and makes exactly what was shown', async () => {
    const { store } = lists.ledger
    const first = await tellDead(store, 'limit.turns', 'x', { subject: 'du_a' })
    const second = await tellDead(store, 'limit.turns', 'x', { subject: 'du_b' })
    await tellDead(store, 'model.rejected', 'x', { subject: 'du_c' })
    const plan = await lists.page('/parked/replay?code=limit.turns')
    expect(read(plan)).toContain('Make 2 new runs?')
    const shown = [...plan.matchAll(/name="run" value="(run_\w+)"/g)].map(([, id = '']) => id)
    expect(shown).toEqual([first.runId, second.runId])
    expect((await store.runsOf(first.eventId)).length).toBe(1)
    const fields = shown.map((id): [string, string] => ['run', id])
    expect((await lists.post('/parked/replay', fields)).status).toBe(303)
    expect((await store.runsOf(first.eventId)).map(({ replay }) => replay)).toEqual([0, 1])
    expect(lists.decided()).toBe(1)
    const stuck = read(await lists.page('/parked'))
    expect(stuck).toContain('1 dead run needs you')
    expect(stuck).toContain('2 dead runs were replayed since and wait for nobody')
    const again = await lists.post('/parked/replay', fields)
    expect([again.status, read(again.body).includes('nothing was replayed')]).toEqual([409, true])
    expect((await store.runsOf(first.eventId)).length).toBe(2)
  })

  it('is of the last run of an event only: one that died again is replayed once', async () => {
    const { store } = lists.ledger
    const { eventId, runId } = await tellDead(store, 'limit.turns', 'x', { subject: 'du_twice' })
    const second = await store.replay(eventId, 'disputes', now)
    const lease = await take(store, now)
    const error = { code: 'limit.turns', message: 'x' } as const
    await store.finish(lease, { state: 'dead', error }, 1, now + 1)
    const plan = await lists.page('/parked/replay?code=limit.turns')
    expect([...plan.matchAll(/name="run" value="(run_\w+)"/g)].map(([, id]) => id)).toEqual([second.id])
    expect((await lists.post('/parked/replay', { run: runId })).status).toBe(409)
    expect((await store.runsOf(eventId)).length).toBe(2)
  })

  it('leaves out what a write of is not known, and says so', async () => {
    const { store } = lists.ledger
    const { runId } = await tellHeld(store, { end: 'dead', subject: 'du_h' })
    const plan = await lists.page('/parked/replay?code=limit.time')
    expect(read(plan)).toContain('Nothing to replay')
    expect(read(plan)).toContain('1 run: what one of its writes did is not known; say so first')
    expect((await lists.post('/parked/replay', { run: runId })).status).toBe(409)
  })

  it('is not for runs that are not dead, were never there, or a token that reads', async () => {
    const { runId } = await tellParked(lists.ledger.store, 'model')
    expect((await lists.post('/parked/replay', { run: runId })).status).toBe(409)
    expect((await lists.post('/parked/replay', { run: `run_${'0'.repeat(32)}` })).status).toBe(409)
    expect((await lists.post('/parked/replay', { run: '../x' })).status).toBe(409)
    expect((await lists.post('/parked/replay', { run: runId }, lists.readToken)).status).toBe(403)
    expect(lists.decided()).toBe(0)
  })
})

describe('what strangers wrote into what is stuck', () => {
  it.each(hostiles)('is text: %j', async (text) => {
    const shapes: string[][] = []
    for (const words of ['p'.repeat(text.length), text]) {
      const setting = await startLists()
      try {
        const { store } = setting.ledger
        const options = { subject: words, type: words, actor: words, agent: words }
        await tellHeld(store, options)
        await tellDead(store, 'limit.turns', words, { ...options, subject: `${words}2` })
        await tellParked(store, 'model', {
          ...options,
          subject: `${words}3`,
          message: words,
          code: 'model.timeout',
        })
        await store.raiseAlert({ cause: words, code: 'model.timeout', message: words }, now)
        for (const path of ['/parked', '/parked/replay?code=limit.turns']) {
          const html = await setting.page(path)
          expect(hiddenIn(html)).toEqual([])
          shapes.push(shapeOf(html))
        }
        const code = encodeURIComponent(words)
        expect(hiddenIn(await setting.page(`/parked/replay?code=${code}`))).toEqual([])
      } finally {
        await setting.stop()
      }
    }
    expect(shapes.slice(2)).toEqual(shapes.slice(0, 2))
  })

  it('is cut where it is long, but for the request that was sent', async () => {
    const huge = hostile.repeat(10_000)
    const { store } = lists.ledger
    await tellDead(store, 'limit.turns', huge, { subject: huge, type: huge })
    await store.raiseAlert({ cause: huge, code: 'model.timeout', message: huge }, now)
    for (const path of ['/parked', '/parked/replay?code=limit.turns']) {
      expect((await lists.page(path)).length).toBeLessThan(60_000)
    }
  })
})
