import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { Cursor } from '../../src/store/records.js'
import { Polled, type PolledSettings } from './polled.js'

const open: Polled[] = []
const servers: Server[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((polled) => polled.close()))
  for (const server of servers.splice(0)) server.close()
})

async function start(settings: PolledSettings = {}): Promise<Polled> {
  const polled = new Polled(settings)
  open.push(polled)
  return polled.start()
}

async function cursorOf(polled: Polled): Promise<Cursor> {
  const cursor = await polled.store.cursor('crm')
  if (!cursor) throw new Error('there is no cursor')
  return cursor
}

const hour = 3_600_000
const day = 24 * hour

describe('the first run', () => {
  it('wakes nobody for what is there, and everybody for what comes after', async () => {
    const polled = await start()
    for (let at = 0; at < 120; at++) polled.api.add(`old-${at}`, { time: polled.api.now() - at * 1000 })
    await polled.next()
    expect(await polled.eventKeys()).toEqual([])
    polled.clock.advance(5000)
    polled.api.add('new-1')
    await polled.next()
    expect(await polled.eventKeys()).toEqual(['new-1'])
  })

  it('makes an event of everything there is when it is told to', async () => {
    const polled = await start({ source: { first_run: 'all' } })
    for (let at = 0; at < 120; at++) polled.api.add(`old-${at}`, { time: polled.api.now() - at * day })
    await polled.next()
    expect(await polled.eventKeys()).toHaveLength(120)
  })

  it('goes back exactly as far as it is told to', async () => {
    const polled = await start({ source: { first_run: 'backfill 24h' } })
    polled.api.add('too-old', { time: polled.api.now() - 25 * hour })
    polled.api.add('in-time', { time: polled.api.now() - 23 * hour })
    await polled.next()
    expect(await polled.eventKeys()).toEqual(['in-time'])
  })

  it('goes by the API when the clock here is a year behind', async () => {
    const polled = await start({ knobs: { skewMs: 365 * day } })
    for (let at = 0; at < 120; at++) polled.api.add(`old-${at}`, { time: polled.api.now() - at * day })
    await polled.next()
    polled.api.add('new-1')
    await polled.next()
    expect(await polled.eventKeys()).toEqual(['new-1'])
  })

  it('wakes for what comes while a first walk of many ticks is under way', async () => {
    const polled = await start({ knobs: { pageSize: 10 }, pages: { max: 1 } })
    for (let at = 0; at < 60; at++) polled.api.add(`old-${at}`, { time: polled.api.now() - at * 1000 })
    await polled.next()
    polled.clock.advance(5000)
    polled.api.add('new-1')
    for (let tick = 0; tick < 20; tick++) await polled.next()
    expect(await polled.eventKeys()).toEqual(['new-1'])
  })
})

describe('what is an event', () => {
  it('each version of an item is one, when a version is declared', async () => {
    const event = { id: 'id', version: 'updated_at', type: 'deal.updated', subject: 'id', time: 'updated_at' }
    const polled = await start({ source: { event } })
    await polled.next()
    const item = polled.api.add('d-1')
    await polled.next()
    polled.api.update(item)
    await polled.next()
    await polled.next()
    const events = await polled.events()
    expect(events).toHaveLength(2)
    expect(events[0]).toMatchObject({ type: 'deal.updated', subject: 'd-1', via: 'poll', source: 'crm' })
  })

  it('events of one tick are in the order of their times, also when the newest come first', async () => {
    const polled = await start({ knobs: { order: 'desc', pageSize: 10 } })
    await polled.next()
    polled.clock.advance(60_000)
    for (let at = 0; at < 35; at++) polled.api.add(`n-${at}`, { time: polled.api.now() - 50_000 + at * 1000 })
    await polled.tick()
    expect(await polled.eventKeys()).toEqual(Array.from({ length: 35 }, (_, at) => `n-${at}`))
  })

  it('180 items of one stamp over four pages are each one event', async () => {
    const polled = await start({ knobs: { pages: 'offset' } })
    await polled.next()
    for (let at = 0; at < 180; at++) polled.api.add(`b-${at}`)
    await polled.next()
    await polled.next()
    expect(new Set(await polled.eventKeys()).size).toBe(180)
    expect(await polled.eventKeys()).toHaveLength(180)
  })

  it('a record without an id stops no other; it is kept once, and said', async () => {
    const polled = await start()
    await polled.next()
    for (const id of ['a', 'b', 'c']) polled.api.add(id)
    polled.api.rewrite = (body) => ({ ...body, data: [{ name: 'no id' }, ...(body['data'] as unknown[])] })
    const { error } = await polled.next()
    await polled.next()
    expect(error).toBe(
      'poll.failed: 1 of 4 records has no id at id; 1 of 4 records has no iso time with a zone at updated_at',
    )
    const keys = await polled.eventKeys()
    expect(keys).toHaveLength(4)
    expect(keys.filter((key) => key.startsWith('digest:'))).toHaveLength(1)
    expect((await cursorOf(polled)).failures).toBe(0)
  })

  it('a page where most records have no id is a wrong path, not a flood of events', async () => {
    const polled = await start({ source: { first_run: 'all', event: { id: 'uuid', type: 'item' } } })
    for (const id of ['a', 'b', 'c']) polled.api.add(id)
    const { error } = await polled.next()
    expect(error).toContain('3 of 3 records have no id at uuid: check the paths under event')
    expect(await polled.eventKeys()).toEqual([])
  })
})

describe('an answer that is not the page', () => {
  const answers: [string, { status: number; headers?: Record<string, string>; body?: string }, RegExp][] = [
    ['a server error', { status: 500 }, /status 500/],
    ['a refused credential', { status: 401 }, /status 401: check the credential/],
    [
      'a redirect',
      { status: 302, headers: { location: 'http://169.254.169.254/' } },
      /redirects are not followed/,
    ],
    [
      'a login page',
      { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>Sign in' },
      /web page/,
    ],
    ['half a page', { status: 200, body: '{"data": [{"id": "x"' }, /not JSON/],
    ['an error in a 200', { status: 200, body: '{"ok": false, "error": "ratelimited"}' }, /"ok": false/],
    ['errors of GraphQL', { status: 200, body: '{"data": [], "errors": [{"message": "x"}]}' }, /1 errors/],
    ['a page without the list', { status: 200, body: '{"items": []}' }, /no list at "data"; it has items/],
    ['nothing changed, unasked', { status: 304 }, /status 304/],
  ]
  for (const [what, answer, message] of answers) {
    it(`${what} fails the tick and leaves the cursor where it was`, async () => {
      const polled = await start()
      await polled.next()
      const before = await cursorOf(polled)
      polled.api.add('x')
      polled.api.answers.push(answer)
      const { error } = await polled.next()
      const after = await cursorOf(polled)
      expect(error).toMatch(message)
      expect(after).toMatchObject({
        value: before.value,
        lastOkAt: before.lastOkAt,
        failures: 1,
        lastError: error,
      })
      await polled.next()
      expect(await polled.eventKeys()).toEqual(['x'])
      expect(await cursorOf(polled)).toMatchObject({ failures: 0, lastError: undefined })
    })
  }

  it('an answer without an end is cut off', async () => {
    const polled = await start()
    await polled.next()
    polled.api.answers.push({ status: 200, body: `{"data": ["${'x'.repeat(17 * 1024 ** 2)}"]}` })
    expect((await polled.next()).error).toContain('larger than')
  })

  it('never shows what the API said', async () => {
    const polled = await start()
    polled.api.answers.push({ status: 500, body: 'SECRET' }, { status: 200, body: 'SECRET' })
    await polled.next()
    await polled.next()
    expect(`${polled.warnings}`).not.toContain('SECRET')
  })
})

describe('pages that lead round', () => {
  const self = (body: Record<string, unknown>, url: URL) => ({ ...body, links: { next: url.href } })
  const circle = (body: Record<string, unknown>, url: URL) => {
    const page = Number(url.searchParams.get('page') ?? '1')
    const next = new URL(url)
    next.searchParams.set('page', String(page === 5 ? 3 : page + 1))
    return { ...body, links: { next: next.href } }
  }
  for (const [what, rewrite, most] of [
    ['a next URL to the same page', self, 1],
    ['a circle of three pages', circle, 14],
  ] as const) {
    it(`${what} ends the tick, keeps what was read, and does not move the cursor`, async () => {
      const polled = await start()
      await polled.next()
      const before = await cursorOf(polled)
      polled.api.add('x')
      polled.api.rewrite = rewrite
      const requests = polled.api.requests.length
      const { error } = await polled.next()
      expect(error).toMatch(/^poll.gap: /)
      expect(polled.api.requests.length - requests).toBeLessThanOrEqual(most)
      expect(await polled.eventKeys()).toEqual(['x'])
      expect((await cursorOf(polled)).value).toMatchObject({
        position: (before.value as { position: object }).position,
      })
    })
  }

  it('an API that does not follow the page number is noticed at the third page', async () => {
    const polled = await start({ knobs: { pages: 'page', pageSize: 10 } })
    await polled.next()
    for (let at = 0; at < 15; at++) polled.api.add(`x-${at}`)
    polled.api.rewrite = (body) => ({ ...body, data: polled.api.list().slice(0, 10) })
    const { error } = await polled.next()
    expect(error).toContain('the API does not follow page')
    expect(await polled.eventKeys()).toHaveLength(10)
  })
})

describe('where requests go', () => {
  it('a next URL on another origin is not followed, and sees no credential', async () => {
    const seen: unknown[] = []
    const other = createServer((request, response) => {
      seen.push(request.headers)
      response.end('{"data": []}')
    })
    servers.push(other)
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    const polled = await start()
    polled.credential = {
      name: 'crm',
      origins: [polled.api.origin, origin],
      auth: { kind: 'bearer', token: 'secret' },
      rate: undefined,
    }
    await polled.next()
    polled.api.add('x')
    polled.api.rewrite = (body) => ({ ...body, links: { next: `${origin}/items?page=2` } })
    const { error } = await polled.next()
    expect(error).toContain(`the next page is at ${origin}`)
    expect(seen).toEqual([])
    expect(polled.api.requests.at(-1)?.headers.authorization).toBe('Bearer secret')
  })

  it('a credential is not sent to an origin that it does not list', async () => {
    const polled = await start()
    polled.credential = {
      name: 'crm',
      origins: ['https://crm.example.com'],
      auth: { kind: 'bearer', token: 'secret' },
      rate: undefined,
    }
    const { error } = await polled.next()
    expect(error).toContain('the credential crm does not list')
    expect(polled.api.requests).toEqual([])
  })
})

describe('when the next tick is due', () => {
  it('never sooner than Retry-After', async () => {
    const polled = await start()
    polled.api.answers.push({ status: 429, headers: { 'retry-after': '700' } })
    const { nextAt } = await polled.tick()
    expect(nextAt - polled.clock.now()).toBeGreaterThanOrEqual(700_000)
  })

  it('never sooner than X-Poll-Interval, and the reset of a limit that is used up', async () => {
    const polled = await start()
    polled.api.answers.push({ status: 200, headers: { 'x-poll-interval': '300' }, body: '{"data": []}' })
    expect((await polled.tick()).nextAt - polled.clock.now()).toBe(300_000)
    const reset = String(Math.floor(polled.clock.now() / 1000) + 900)
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }
    polled.api.answers.push({ status: 403, headers })
    expect((await polled.tick()).nextAt - polled.clock.now()).toBe(900_000)
  })

  it('later and later while it fails, and in time again when it does not', async () => {
    const polled = await start()
    polled.random = () => 1
    const waits: number[] = []
    for (let at = 0; at < 7; at++) {
      polled.api.answers.push({ status: 500 })
      waits.push((await polled.tick()).nextAt - polled.clock.now())
    }
    expect(waits).toEqual([66_000, 120_000, 240_000, 480_000, 900_000, 900_000, 900_000])
    polled.random = () => 0.5
    expect((await polled.tick()).nextAt - polled.clock.now()).toBe(60_000)
  })
})

describe('conditional requests', () => {
  it('an unchanged list costs no page, and every twentieth request is a full one', async () => {
    const polled = await start({ knobs: { etag: true, pages: 'none' } })
    polled.api.add('old')
    for (let at = 0; at < 23; at++) await polled.next()
    const statuses = polled.api.requests.map(({ status }) => status)
    // The first walk ends in a cursor, which makes the URL that is then asked for again and again.
    expect(statuses.filter((status) => status === 200)).toHaveLength(3)
    polled.api.add('new')
    await polled.next()
    expect(await polled.eventKeys()).toEqual(['new'])
  })

  it('the first of several pages is never taken for all of them', async () => {
    const polled = await start({ knobs: { etag: true, pages: 'token', pageSize: 5 } })
    await polled.next()
    for (let at = 0; at < 12; at++) polled.api.add(`a-${at}`)
    await polled.next()
    polled.api.add('last')
    await polled.next()
    expect(await polled.eventKeys()).toContain('last')
  })
})
