import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { now } from '../../cli/recorded.js'
import { hiddenIn, hostiles, shapeOf } from './hostile.js'
import { type Lists, startLists, tellDead, tellParked, tellWaiting } from './stuck.js'
import { hostile, read, tellEvent } from './told.js'

let lists: Lists
beforeAll(async () => {
  lists = await startLists()
})
afterAll(() => lists.stop())

const hrefs = (html: string, within: RegExp) =>
  [...html.matchAll(/href="([^"]*)"/g)].map(([, href = '']) => href).filter((href) => within.test(href))

describe('the list of events', () => {
  it('cuts digests and long ids in their middle, and has the whole as a title', async () => {
    const { store } = lists.ledger
    const sha = '0123456789abcdef0123456789abcdef01234567'
    const uuid = '0193c2f1-9a3b-7c4d-8e5f-1a2b3c4d5e6f'
    await tellEvent(store, { type: 'push', subject: `acme/web@${sha}`, actor: uuid }, { decisions: [] })
    for (const path of ['/events', '/']) {
      const html = await lists.page(path)
      expect(html).toContain(`title="acme/web@${sha}"`)
      expect(read(html)).toContain('acme/web@01234567…234567')
      expect(read(html)).not.toContain(sha)
    }
    expect(read(await lists.page('/events'))).toContain('0193c2f1…4d5e6f')
  })

  it('says of each what became of it: its runs, or why it woke nobody', async () => {
    const { store } = lists.ledger
    const dead = await tellDead(store, 'limit.turns', 'made 12 of 12 turns', { subject: 'du_dead' })
    await tellEvent(
      store,
      { type: 'charge.succeeded', subject: 'ch_9', actor: 'mo' },
      { decisions: [{ agent: 'disputes', reason: 'type' }] },
    )
    const html = await lists.page('/events')
    const text = read(html)
    expect(text).toContain('charge.dispute.created du_dead disputes dead acct_12')
    expect(text).toContain('charge.succeeded ch_9 ignored: no agent listens to its type mo')
    expect(html).toContain(`href="/events/${dead.eventId}"`)
    expect(html).toContain(`href="/runs/${dead.runId}"`)
  })

  it.each([
    ['q=subject:du_dead', ['du_dead'], ['ch_9']],
    ['q=SUCCEEDED', ['ch_9'], ['du_dead']],
    ['state=ignored', ['ch_9'], ['du_dead']],
    ['q=type:charge.s*', ['ch_9'], ['du_dead']],
    ['q=actor:mo', ['ch_9'], ['du_dead']],
    ['q=agent:disputes', ['du_dead'], ['ch_9']],
    ['source=tickets', ['No event is like that'], ['du_dead', 'ch_9']],
  ])('filters: %s', async (query, shown, hidden) => {
    const text = read(await lists.page(`/events?${query}`))
    for (const words of shown) expect(text).toContain(words)
    for (const words of hidden) expect(text).not.toContain(words)
  })

  it('finds an event by the id of its delivery', async () => {
    const { deliveryId, eventId } = lists.ledger
    const html = await lists.page(`/events?q=${deliveryId}`)
    expect(hrefs(html, /^\/events\/evt_/)).toEqual([`/events/${eventId}`])
  })

  it('shows nothing for what it does not understand, and says what it expects', async () => {
    const html = await lists.page('/events?q=state:lost')
    expect(read(html)).toContain('state:lost is not understood; it is one of recorded, dispatched, ignored')
    expect(html).not.toContain('<table')
  })

  it('goes on where a page ends, and no event is left out or shown twice', async () => {
    for (let n = 0; n < 120; n++) {
      await tellEvent(
        lists.ledger.store,
        { type: 'many', subject: `m_${n}` },
        { decisions: [], at: now - 900_000 },
      )
    }
    const seen: string[] = []
    let path: string | undefined = '/events?q=type:many'
    for (let page = 0; path !== undefined && page < 9; page++) {
      // As our script asks: the first page whole, then rows to put below it.
      const html: string = await lists.page(path, { isPart: page > 0 })
      expect(html.startsWith('<!doctype')).toBe(page === 0)
      seen.push(...hrefs(html, /^\/events\/evt_/))
      path = hrefs(html, /before=/)[0]?.replaceAll('&amp;', '&')
    }
    expect(seen.length).toBe(120)
    expect(new Set(seen).size).toBe(120)
  })

  it('keeps what it shows and marks what came since as new', async () => {
    const { store } = lists.ledger
    const html = await lists.page('/events?q=type:many')
    const part = /hx-get="([^"]*seen=[^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const before = hrefs(html, /^\/events\/evt_/)
    const { eventId } = await tellEvent(
      store,
      { type: 'many', subject: 'later' },
      { decisions: [], at: now - 1000 },
    )
    const fresh = await lists.page(part, { isPart: true })
    expect(hrefs(fresh, /^\/events\/evt_/)).toEqual(expect.arrayContaining([`/events/${eventId}`, ...before]))
    expect([...fresh.matchAll(/<tr id="(evt_\w+)" class="is-new"/g)].map(([, id]) => id)).toEqual([eventId])
    expect(html).not.toContain('is-new')
  })

  it('teaches where there is nothing yet', async () => {
    const empty = await startLists()
    try {
      const { store } = empty.ledger
      const nothing = { events: [], next: undefined, isPartial: false }
      const find = store.findEvents
      store.findEvents = async () => nothing
      expect(read(await empty.page('/events'))).toContain('No event has come yet')
      expect(read(await empty.page('/events'))).toContain('rouse trigger payments')
      store.findEvents = async () => ({ ...nothing, next: `evt_${'1'.repeat(32)}`, isPartial: true })
      const partial = await empty.page('/events?q=needle')
      expect(read(partial)).toContain('Look further')
      expect(read(partial)).not.toContain('No event is like that')
      store.findEvents = find
    } finally {
      await empty.stop()
    }
  })
})

describe('the list of runs', () => {
  it('says how each stands, why, when it goes on, and what it used', async () => {
    const { store } = lists.ledger
    await tellParked(store, 'model', {
      subject: 'du_wait',
      until: now + 240_000,
      code: 'model.unavailable',
      message: 'the model endpoint answered 503',
    })
    const text = read(await lists.page('/runs?q=du_wait'))
    expect(text).toContain(
      'du_wait charge.dispute.created of payments parked: model the model endpoint answered 503',
    )
    expect(text).toContain('goes on in 4 min')
    expect(text).toContain('1 turn, 1 call 0.0123 USD 4.0 s')
  })

  it.each([
    ['state=dead', 'du_dead', 'du_wait'],
    ['on=model', 'du_wait', 'du_dead'],
    ['q=limit.turns', 'du_dead', 'du_wait'],
    ['q=code:limit.turns', 'du_dead', 'du_wait'],
    ['agent=disputes&q=subject:du_wait', 'du_wait', 'du_dead'],
  ])('filters: %s', async (query, shown, hidden) => {
    const text = read(await lists.page(`/runs?${query}`))
    expect(text).toContain(shown)
    expect(text).not.toContain(hidden)
  })
})

describe('what strangers wrote into events and runs', () => {
  it.each(hostiles)('is text in every column of both lists: %j', async (text) => {
    const shapes: string[][] = []
    for (const words of ['p'.repeat(text.length), text]) {
      const setting = await startLists()
      try {
        const { store } = setting.ledger
        await tellEvent(
          store,
          { type: words, subject: words, actor: words },
          { decisions: [{ agent: words, reason: 'if_false', detail: words }] },
        )
        await tellDead(store, 'limit.turns', words, {
          subject: words,
          type: words,
          actor: words,
          agent: words,
        })
        for (const path of ['/events', '/runs', `/events?q=${encodeURIComponent(words)}`]) {
          const html = await setting.page(path)
          expect(hiddenIn(html)).toEqual([])
          if (!path.includes('q=')) shapes.push(shapeOf(html))
        }
      } finally {
        await setting.stop()
      }
    }
    expect(shapes.slice(2)).toEqual(shapes.slice(0, 2))
  })

  it('is cut where it is long', async () => {
    const huge = hostile.repeat(20_000)
    const { store } = lists.ledger
    await tellWaiting(store, { subject: huge, type: huge, actor: huge, agent: huge })
    for (const path of ['/events', '/runs']) {
      const html = await lists.page(path)
      expect(html.length).toBeLessThan(200_000)
    }
  })
})
