import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, describe, expect, it } from 'vitest'
import { Polled, type PolledSettings } from './polled.js'

const open: Polled[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((polled) => polled.close()))
})

async function start(settings: PolledSettings = {}): Promise<Polled> {
  const polled = new Polled(settings)
  open.push(polled)
  return polled.start()
}

const days = 86_400_000

describe('a poller that was away', () => {
  it('for four days finds everything that came meanwhile, over several pages and ticks, each once', async () => {
    const polled = await start({ knobs: { pages: 'token', pageSize: 7 }, pages: { max: 3 } })
    polled.api.add('before')
    await polled.next()
    const expected: string[] = []
    for (let day = 0; day < 4; day++) {
      for (let at = 0; at < 20; at++) {
        const key = `day-${day}-${at}`
        polled.api.add(key)
        expected.push(key)
      }
      polled.clock.advance(days)
    }
    await polled.restart()
    for (let tick = 0; tick < 8; tick++) await polled.next()
    expect((await polled.eventKeys()).sort()).toEqual(expected.sort())
  })

  it('for longer than an API keeps its cursors says from when on something may be missing', async () => {
    const polled = await start()
    polled.source = {
      request: { get: `${polled.api.origin}/feed`, query: { cursor: '{token}' }, private: true },
      cursor: { kind: 'token', from: 'after' },
      pages: { kind: 'token', next: 'after', param: 'cursor', more: 'has_more' },
    }
    await polled.next()
    polled.clock.advance(4 * days)
    polled.api.add('missed')
    polled.api.answers.push({ status: 410 })
    expect((await polled.next()).error).toMatch(/^poll.gap: .*what came since 20.* may be missed/)
  })
})

/** Changes the cursor's row behind the daemon's back, as a person or a fault may. */
async function change(polled: Polled, sql: string): Promise<void> {
  const db = new Database(join(polled.directory, 'rouse.db'))
  db.prepare(sql).run()
  db.close()
  await polled.restart()
}

describe('a cursor', () => {
  it.each([
    ['is no JSON object', "'7'"],
    ['is an empty object', "'{}'"],
    [
      'has a position of another form',
      `'{"position": {"time": "soon"}, "pages": "", "validators": null, "gap": null}'`,
    ],
  ])('that %s is a gap that is said, and polling goes on', async (_what, value) => {
    const polled = await start()
    polled.api.add('old')
    await polled.next()
    await change(polled, `UPDATE cursors SET value = ${value}`)
    polled.api.add('missed')
    expect((await polled.next()).error).toMatch(
      /^poll.gap: the cursor in the ledger is not readable.*may be missed/,
    )
    polled.clock.advance(5000)
    polled.api.add('new')
    await polled.next()
    expect(await polled.eventKeys()).toEqual(['new'])
  })

  it('that is lost is a gap that is said: what came since the last event is read again, each once', async () => {
    const polled = await start()
    polled.api.add('old')
    await polled.next()
    polled.api.add('a')
    await polled.next()
    await change(polled, 'DELETE FROM cursors')
    polled.api.add('b')
    expect((await polled.next()).error).toMatch(
      /^poll.gap: the cursor .* not in the ledger any more; read again since/,
    )
    expect(await polled.eventKeys()).toEqual(['a', 'b'])
    polled.api.add('c')
    await polled.next()
    expect(await polled.eventKeys()).toEqual(['a', 'b', 'c'])
  })

  it('from the future of one record hides no other', async () => {
    const polled = await start()
    await polled.next()
    polled.api.add('from-the-future', { time: polled.api.now() + 400 * days, lateMs: -400 * days })
    await polled.next()
    polled.api.add('now')
    await polled.next()
    polled.clock.advance(days)
    polled.api.add('tomorrow')
    await polled.next()
    expect(await polled.eventKeys()).toEqual(expect.arrayContaining(['from-the-future', 'now', 'tomorrow']))
  })
})

describe('pages without end, each at a place of its own', () => {
  it.each([
    ['empty', [], 250],
    ['with the same records', [{ id: 'x', updated_at: '2026-11-21T07:00:00Z' }], 10],
  ])('%s end the walk, and are a trouble that is said', async (_what, data, most) => {
    const polled = await start({ pages: { max: 50 } })
    await polled.next()
    polled.api.rewrite = (_body, url) => {
      const next = new URL(url)
      next.searchParams.set('page', String(Number(url.searchParams.get('page') ?? '1') + 1))
      return { data, links: { next: next.href } }
    }
    const before = polled.api.requests.length
    let error: string | undefined
    for (let tick = 0; error === undefined && tick < 10; tick++) error = (await polled.next()).error
    expect(error).toMatch(/^poll.gap: .* in a row, and the API names a next one/)
    expect(polled.api.requests.length - before).toBeLessThanOrEqual(most)
    polled.api.rewrite = (body) => body
    polled.api.add('after')
    await polled.next()
    expect(await polled.eventKeys()).toContain('after')
  })
})
