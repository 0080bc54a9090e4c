import { afterEach, describe, expect, it } from 'vitest'
import type { FakeApiKnobs } from '../support/fake-api.js'
import { Polled, type PolledSettings, seeded } from './polled.js'
import { compareWith, everything, Life, simulate, type Trouble } from './simulation.js'

const open: Polled[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((polled) => polled.close()))
})

async function start(settings: PolledSettings): Promise<Polled> {
  const polled = new Polled(settings)
  open.push(polled)
  return polled.start()
}

const clean = { lost: [], doubled: [], invented: [] }

describe('a polled API with late items, bursts, drift, deletions, failures and restarts', () => {
  const kinds: FakeApiKnobs['pages'][] = ['none', 'link', 'next_url', 'token', 'page', 'offset']
  for (const [at, pages] of kinds.entries()) {
    for (const order of ['asc', 'desc'] as const) {
      it(`loses nothing and doubles nothing: pages ${pages}, ${order}`, async () => {
        const polled = await start({ knobs: { pages, order } })
        const outcome = await simulate(polled, 100 * at + order.length, 40, everything)
        expect(outcome).toMatchObject(clean)
        expect(outcome.events).toBeGreaterThan(100)
      })
    }
  }

  it('loses nothing when every tick reads one page and goes on in the next', async () => {
    const polled = await start({ knobs: { pages: 'token' }, pages: { max: 1 } })
    expect(await simulate(polled, 7, 80, everything)).toMatchObject(clean)
  })

  for (const pages of ['page', 'offset', 'link'] as const) {
    it(`loses nothing when numbered pages are read two a tick, newest first: ${pages}`, async () => {
      const polled = await start({ knobs: { pages, order: 'desc' }, pages: { max: 2 } })
      expect(await simulate(polled, 8, 80, everything)).toMatchObject(clean)
    })
  }

  it('loses nothing with stamps of a whole minute', async () => {
    const source = { cursor: { kind: 'time', from: 'updated_at', precision: '1m' } }
    const polled = await start({ knobs: { precisionMs: 60_000 }, source })
    expect(await simulate(polled, 9, 40, everything)).toMatchObject(clean)
  })

  it('loses nothing with a strict filter, an ETag and a server whose clock is five minutes ahead', async () => {
    const polled = await start({ knobs: { inclusive: false, etag: true, skewMs: 300_000 } })
    expect(await simulate(polled, 10, 60, everything)).toMatchObject(clean)
    expect(polled.api.requests.some(({ status }) => status === 304)).toBe(true)
  })

  it('loses nothing without a Date header', async () => {
    const polled = await start({ knobs: { dateless: true, skewMs: -20_000 } })
    expect(await simulate(polled, 11, 40, everything)).toMatchObject(clean)
  })
})

describe('the simulation can fail', () => {
  const late: Trouble = { late: 0.3, deleted: 0, drift: 0, failing: 0, restarts: 0 }

  it('a reader with a strict > and no seen-set loses items', async () => {
    const polled = await start({ knobs: { inclusive: false } })
    const { api, clock } = polled
    const life = new Life(api, late, seeded(3))
    const startedAt = api.now()
    const keys: string[] = []
    let since = api.stamp(startedAt)
    for (let tick = 0; tick < 60; tick++) {
      const before = api.now()
      clock.advance(60_000)
      life.pass(before, api.now())
      const found = api.list().filter((item) => item.updated_at > since)
      keys.push(...found.map((item) => item.id))
      since = found.at(-1)?.updated_at ?? since
    }
    expect(compareWith(api, startedAt, keys).lost.length).toBeGreaterThan(0)
  })

  it('a reader with >= and no seen-set doubles items', async () => {
    const polled = await start({})
    const { api, clock } = polled
    const life = new Life(api, late, seeded(3))
    const startedAt = api.now()
    const keys: string[] = []
    let since = api.stamp(startedAt)
    for (let tick = 0; tick < 60; tick++) {
      const before = api.now()
      clock.advance(60_000)
      life.pass(before, api.now())
      const found = api.list().filter((item) => item.updated_at >= since)
      keys.push(...found.map((item) => item.id))
      since = found.at(-1)?.updated_at ?? since
    }
    expect(compareWith(api, startedAt, keys).doubled.length).toBeGreaterThan(0)
  })

  it('this poller loses late items when its overlap is taken away', async () => {
    const source = { cursor: { kind: 'time', from: 'updated_at', overlap: '0s' } }
    const polled = await start({ source })
    expect((await simulate(polled, 12, 40, late)).lost.length).toBeGreaterThan(0)
  })
})
