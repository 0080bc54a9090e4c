import { afterEach, describe, expect, it } from 'vitest'
import type { Cursor } from '../../src/store/records.js'
import { Polled, type PolledSettings, seeded } from './polled.js'
import { compareWith, Life } from './simulation.js'

const open: Polled[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((polled) => polled.close()))
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

describe('a cursor that no longer fits', () => {
  it('a changed request is a gap that is seen, and begins anew by first_run', async () => {
    const polled = await start()
    await polled.next()
    polled.api.add('missed')
    polled.source = {
      request: {
        get: `${polled.api.origin}/items`,
        query: { updated_since: '{since}', team: 7 },
        private: true,
      },
    }
    const { error } = await polled.next()
    expect(error).toMatch(/^poll.gap: the request .* was changed.* may be missed/)
    expect((await cursorOf(polled)).lastError).toBe(error)
    polled.clock.advance(5000)
    polled.api.add('new')
    await polled.next()
    expect(await polled.eventKeys()).toEqual(['new'])
  })

  it('an edit that does not work costs nothing once it is taken back', async () => {
    const polled = await start()
    await polled.next()
    const before = await cursorOf(polled)
    polled.source = { records: 'wrong' }
    expect((await polled.next()).error).toContain('no list at "wrong"')
    polled.api.add('meanwhile')
    polled.source = {}
    await polled.next()
    expect(await polled.eventKeys()).toEqual(['meanwhile'])
    expect((await cursorOf(polled)).fingerprint).toBe(before.fingerprint)
  })

  const feed = (polled: Polled, query: Record<string, string>) => ({
    request: { get: `${polled.api.origin}/feed`, query, private: true },
    cursor: { kind: 'token', from: 'after' },
    pages: { kind: 'token', next: 'after', param: 'cursor', more: 'has_more' },
  })

  it('a token that expired is a gap; without a since the log is primed, and polling goes on', async () => {
    const polled = await start()
    polled.source = feed(polled, { cursor: '{token}' })
    for (let at = 0; at < 70; at++) polled.api.add(`old-${at}`)
    await polled.next()
    polled.api.add('missed')
    polled.api.answers.push({ status: 410 })
    expect((await polled.next()).error).toMatch(
      /^poll.gap: the API no longer knows the cursor; what came since/,
    )
    polled.api.add('new')
    await polled.next()
    expect(await polled.eventKeys()).toEqual(['new'])
  })

  it('with a since, everything since the last good tick is read again and nothing is missed', async () => {
    const polled = await start()
    polled.source = feed(polled, { cursor: '{token}', start_time: '{since|epoch}' })
    await polled.next()
    polled.api.add('seen')
    await polled.next()
    polled.api.add('between')
    polled.api.answers.push({ status: 410 })
    expect((await polled.next()).error).toContain('read again since')
    expect(await polled.eventKeys()).toEqual(['seen', 'between'])
  })

  it('an API that refuses everything for a while costs no token', async () => {
    const polled = await start()
    polled.source = feed(polled, { cursor: '{token}' })
    polled.api.add('old')
    await polled.next()
    const before = await cursorOf(polled)
    polled.api.add('meanwhile')
    polled.api.answers.push({ status: 404 }, { status: 404 })
    expect((await polled.next()).error).toContain('status 404')
    expect((await cursorOf(polled)).value).toEqual(before.value)
    await polled.next()
    expect(await polled.eventKeys()).toEqual(['meanwhile'])
  })

  it('a place in the pages that expired begins the walk again and loses nothing', async () => {
    const polled = await start({ knobs: { pages: 'token', pageSize: 5 }, pages: { max: 1 } })
    await polled.next()
    for (let at = 0; at < 12; at++) polled.api.add(`a-${at}`)
    await polled.next()
    polled.api.answers.push({ status: 410 })
    await polled.next()
    for (let at = 0; at < 6; at++) await polled.next()
    expect(await polled.eventKeys()).toHaveLength(12)
  })
})

describe('a tick is all or nothing', () => {
  it('killed before the commit it left nothing, and the next one does the same', async () => {
    const polled = await start()
    await polled.next()
    const before = await cursorOf(polled)
    polled.api.add('x')
    polled.crash = () => {
      throw new Error('killed')
    }
    await expect(polled.next()).rejects.toThrow('killed')
    await polled.restart()
    polled.crash = () => undefined
    expect([await polled.eventKeys(), await cursorOf(polled)]).toEqual([[], before])
    await polled.tick()
    expect(await polled.eventKeys()).toEqual(['x'])
  })

  it('given up while it waits for the API it leaves nothing', async () => {
    const polled = await start()
    const giveUp = new AbortController()
    polled.api.beforePage = () => giveUp.abort(new Error('stopping'))
    await expect(polled.tick(giveUp.signal)).rejects.toThrow('stopping')
    expect(await polled.store.cursor('crm')).toBeUndefined()
  })

  it('pages read before a failure are kept, with the place to go on from', async () => {
    const polled = await start({ knobs: { pages: 'token', pageSize: 5 } })
    await polled.next()
    for (let at = 0; at < 12; at++) polled.api.add(`a-${at}`)
    let pages = 0
    polled.api.beforePage = () => {
      if (++pages === 2) polled.api.answers.push({ status: 500 })
    }
    expect((await polled.next()).error).toContain('status 500')
    expect(await polled.eventKeys()).toHaveLength(10)
    await polled.restart()
    await polled.next()
    expect(await polled.eventKeys()).toHaveLength(12)
  })
})

describe('an id cursor', () => {
  it('finds items that become visible after ones with a higher id', async () => {
    const polled = await start({ knobs: { pages: 'token' } })
    polled.source = {
      request: { get: `${polled.api.origin}/items`, query: { since_id: '{since}' }, private: true },
      cursor: { kind: 'id', from: 'seq' },
    }
    const { api, clock } = polled
    const life = new Life(api, { late: 0.3, deleted: 0, drift: 0, failing: 0, restarts: 0 }, seeded(5))
    await polled.next()
    clock.advance(1000)
    const startedAt = api.now()
    for (let tick = 0; tick < 60; tick++) {
      // Items are made at the time that they have, so that ids and times run alike.
      const before = api.now()
      for (let at = 1; at <= 3; at++) life.add(before + at * 15_000)
      await polled.next()
    }
    for (let tick = 0; tick < 10; tick++) await polled.next()
    expect(compareWith(api, startedAt, await polled.eventKeys())).toMatchObject({
      lost: [],
      doubled: [],
      invented: [],
    })
  })
})

describe('a list that changes while it is read', () => {
  const minute = 60_000
  /** Items so far apart that the next window does not show them again. */
  function fill(polled: Polled, count: number): void {
    const first = polled.api.now() - count * minute
    for (let at = 0; at < count; at++) polled.api.add(`i-${at}`, { time: first + at * minute })
  }
  async function missing(polled: Polled): Promise<string[]> {
    const keys = new Set(await polled.eventKeys())
    const owed = polled.api.items.filter((item) => item.deletedAt === undefined)
    return owed.map((item) => item.id).filter((id) => !keys.has(id))
  }
  function remove(polled: Polled, id: string): void {
    const item = polled.api.items.find((one) => one.id === id)
    if (item) polled.api.remove(item)
  }

  for (const pages of ['page', 'offset', 'next_url'] as const) {
    it(`finds the item that moved over a page boundary when another went away: ${pages}`, async () => {
      const polled = await start({ knobs: { pages, pageSize: 10 }, source: { first_run: 'all' } })
      fill(polled, 25)
      let requests = 0
      polled.api.beforePage = () => {
        if (++requests === 2) remove(polled, 'i-3')
      }
      await polled.next()
      await polled.next()
      expect(await missing(polled)).toEqual([])
    })
  }

  it('finds it too when it moves back and forth between the ticks of a long walk', async () => {
    const polled = await start({
      knobs: { pages: 'page', pageSize: 10 },
      source: { first_run: 'all' },
      pages: { max: 1, size: { param: 'per_page', value: 10 } },
    })
    fill(polled, 25)
    let requests = 0
    polled.api.beforePage = () => requests++
    await polled.next()
    // i-10 moves to the page that was just read …
    remove(polled, 'i-3')
    await polled.next()
    await polled.next()
    // … away from it before that is read again …
    polled.api.add('late', { time: polled.api.now() - hour })
    await polled.next()
    // … and back to it.
    remove(polled, 'i-4')
    for (let tick = 0; tick < 6; tick++) await polled.next()
    expect(requests).toBeGreaterThan(6)
    expect(await missing(polled)).toEqual([])
  })

  it('finds an item that came between the passes and moved while the second was made', async () => {
    const polled = await start({
      knobs: { pages: 'page', pageSize: 10 },
      source: { first_run: 'all' },
      pages: { max: 2, size: { param: 'per_page', value: 10 } },
    })
    // Two pages, the second one short: the first tick is the whole first pass.
    fill(polled, 19)
    await polled.next()
    polled.clock.advance(1000)
    polled.api.add('new')
    // The second pass comes late: by then the overlap alone would not show the new item again.
    polled.clock.advance(10 * minute)
    polled.api.add('newer')
    for (let at = 10; at < 19; at++) remove(polled, `i-${at}`)
    // Now ten old items fill the first page and the new one heads the second, until one of the ten goes away.
    let requests = 0
    polled.api.beforePage = () => {
      if (++requests === 2) remove(polled, 'i-3')
    }
    for (let tick = 0; tick < 6; tick++) await polled.next()
    expect(await missing(polled)).toEqual([])
  })

  it('finds what becomes visible on a page that a long walk has behind it', async () => {
    const polled = await start({ knobs: { pages: 'token', pageSize: 5 }, pages: { max: 1 } })
    await polled.next()
    for (let at = 0; at < 12; at++) polled.api.add(`a-${at}`)
    polled.api.add('late', { time: polled.api.now() - 1000, lateMs: 90_000 })
    await polled.next()
    for (let tick = 0; tick < 4; tick++) {
      for (let at = 0; at < 4; at++) polled.api.add(`b-${tick}-${at}`)
      await polled.next()
    }
    for (let tick = 0; tick < 10; tick++) await polled.next()
    expect(await missing(polled)).toEqual([])
  })
})

const hour = 3_600_000
