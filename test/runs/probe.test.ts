import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { markerOf } from '../../src/policy/idempotency.js'
import type { Answer } from '../support/recording-api.js'
import { type BenchRun, Workbench } from './workbench.js'
import { lost, refusedWith, World, worldConfig } from './world.js'

let world: World
let bench: Workbench

beforeEach(async () => {
  world = await World.start()
  bench = await Workbench.open(worldConfig(world))
})
afterEach(async () => {
  await bench.close()
  await world.api.close()
})

const settleMs = 5000
const args = { text: 'Seen.' }

/** A write by `tool` whose answer was lost, its run parked. */
async function lostWrite(effect: boolean, tool = 'probed'): Promise<BenchRun> {
  world.fates.push(lost(effect))
  const run = await bench.begin({ tool, args })
  const parked = await run.advance()
  expect(parked).toMatchObject({ state: 'parked', on: 'api', error: { code: 'tool.unknown_outcome' } })
  expect(parked).toMatchObject({ until: bench.clock.now() + settleMs })
  return run
}

describe('a probe', () => {
  it('looks for the marker that the write carries, and not before the write has settled', async () => {
    const run = await lostWrite(true)
    expect(world.looks).toHaveLength(0)
    const { request, idempotencyKey = '' } = await run.call()
    expect(request?.body).toContain(markerOf(idempotencyKey))
    bench.clock.advance(settleMs)
    expect(await run.advance()).toBeUndefined()
    expect(await run.call()).toMatchObject({
      state: 'confirmed',
      note: 'found by its probe list',
      output: { ok: true, result: { seen: [{ text: request?.body }] } },
    })
    expect(world.looks).toHaveLength(1)
    expect(world.writes).toHaveLength(1)
  })

  it('waits out the settle time after a crash too', async () => {
    const run = await bench.begin({ tool: 'probed', args })
    bench.dieAt = 'K13'
    await run.advance()
    const { lastSentAt = 0 } = await run.call()
    expect(await run.advance()).toMatchObject({ on: 'api', until: lastSentAt + settleMs })
    expect(world.looks).toHaveLength(0)
    await run.toTheEnd()
    expect((await run.call()).state).toBe('confirmed')
    expect(world.writes).toHaveLength(1)
  })

  it('looks twice, a settle time apart, before the same bytes go out again', async () => {
    const run = await lostWrite(false)
    bench.clock.advance(settleMs)
    const first = bench.clock.now()
    expect(await run.advance()).toMatchObject({ on: 'api', until: first + settleMs })
    expect(await run.call()).toMatchObject({ state: 'unknown', looks: 1, lookedAt: first })
    expect(world.writes).toHaveLength(1)
    bench.clock.advance(settleMs)
    expect(await run.advance()).toBeUndefined()
    expect(await run.call()).toMatchObject({ state: 'confirmed', sends: 2, looks: 0 })
    expect(world.looks).toHaveLength(2)
    expect(world.writes[1]?.body).toBe(world.writes[0]?.body)
    expect(world.objects).toHaveLength(1)
  })

  it('finds at the second look what the first did not show yet', async () => {
    world.listings.push({ status: 200, body: [] })
    const run = await lostWrite(true)
    bench.clock.advance(settleMs)
    await run.advance()
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ state: 'confirmed', sends: 1 })
    expect(world.objects).toHaveLength(1)
  })

  it('looks anew after each send, and hands over to a person in the end', async () => {
    world.fates.push(...Array.from({ length: 20 }, () => lost(false)))
    const run = await bench.begin({ tool: 'probed', args })
    await run.toTheEnd()
    const call = await run.call()
    expect(call).toMatchObject({ state: 'held', sends: 12 })
    expect(call.note).toContain('finds it nowhere')
    expect(world.looks).toHaveLength(24)
    // Not within a minute: an API that is away for a while is no reason to ask a person.
    expect(bench.clock.now() - (call.firstSentAt ?? 0)).toBeGreaterThan(10 * 60_000)
  })

  it('is asked again where the second send is refused as one that is there already', async () => {
    world.listings.push({ status: 200, body: [] }, { status: 200, body: [] })
    const run = await lostWrite(true)
    world.fates.push(refusedWith(400))
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ state: 'confirmed', sends: 2, note: 'found by its probe list' })
    expect(world.objects).toHaveLength(1)
  })

  it('goes by what the tool says that its answer shows', async () => {
    const run = await lostWrite(true, 'shown')
    bench.clock.advance(settleMs)
    await run.advance()
    expect(await run.call()).toMatchObject({ state: 'confirmed', sends: 1 })
  })
})

describe('a probe that does not say', () => {
  it.each<[string, Answer, string, string?]>([
    ['it is refused', { status: 403 }, '403'],
    ['its key is revoked', { status: 401 }, '401'],
    ['what it asks is gone', { status: 404 }, '404'],
    ['it is sent elsewhere', { status: 302, headers: { location: '/x' } }, '302'],
    ['its answer is too large', { status: 200, body: ['x'.repeat(200_000)] }, 'larger'],
    ['its answer is the first page', { status: 200, body: { items: [], has_more: true } }, 'first page'],
    [
      'its answer has a Link to more',
      { status: 200, body: [], headers: { link: '</2>; rel="next"' } },
      'first page',
    ],
    [
      'its answer is not JSON',
      { status: 200, body: [], headers: { 'content-type': 'text/html' } },
      'not JSON',
    ],
    ['the expression fails on its answer', { status: 200, body: [] }, 'could not be decided', 'odd'],
    [
      'the expression meets another shape',
      { status: 200, body: { error: 1 } },
      'could not be decided',
      'shown',
    ],
  ])(
    'holds the write when %s, tells why, and sends nothing',
    async (_what, answer, reason, tool = 'probed') => {
      const run = await lostWrite(false, tool)
      world.listings.push(answer)
      bench.clock.advance(settleMs)
      expect(await run.advance()).toMatchObject({ on: 'person', error: { code: 'tool.held' } })
      const call = await run.call()
      expect(call.state).toBe('held')
      expect(call.note).toContain('its probe list does not say')
      expect(call.note).toContain(reason)
      expect(world.writes).toHaveLength(1)
    },
  )

  it('is waited for while its API is away, and asked again', async () => {
    const run = await lostWrite(true)
    world.listings.push(...Array.from({ length: 7 }, (): Answer => ({ status: 503 })))
    bench.clock.advance(settleMs)
    expect(await run.advance()).toMatchObject({ on: 'api', error: { code: 'tool.status' } })
    expect(await run.call()).toMatchObject({ state: 'unknown', looks: 0 })
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ state: 'confirmed', sends: 1 })
  }, 20_000)

  it('is waited for as long as it asks, and not without end', async () => {
    const run = await lostWrite(false)
    const busy: Answer = { status: 429, headers: { 'retry-after': '60' } }
    world.listings.push(...Array.from({ length: 30 }, () => busy))
    bench.clock.advance(settleMs)
    const parked = await run.advance()
    expect(parked).toMatchObject({ on: 'api', error: { code: 'tool.status' } })
    const { nextAt = 0 } = await run.read()
    expect(nextAt - bench.clock.now()).toBeGreaterThanOrEqual(60_000)
    await run.toTheEnd()
    const call = await run.call()
    expect(call.state).toBe('held')
    expect(call.note).toContain('did not answer in 20 tries')
    expect(world.writes).toHaveLength(1)
  })

  it('is not begun on: a write whose probe lacks an id is denied before anything is sent', async () => {
    const run = await bench.begin({ tool: 'deep', args })
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({
      state: 'denied',
      output: { ok: false, error: { code: 'policy.scope' } },
    })
    expect(world.writes).toEqual([])
  })
})
