import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FaultPoint } from '../../src/util/fault-point.js'
import { Workbench } from './workbench.js'
import { type Fate, lost, refusedWith, World, worldConfig } from './world.js'

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

const args = { text: 'Seen.' }
const protections = ['keyed', 'probed', 'shown', 'both', 'neither'] as const
type Protection = (typeof protections)[number]

/** What a write may come to, whatever happens on its way. */
async function expectPromise(tool: Protection, happened: boolean, state: string): Promise<void> {
  if (tool === 'neither') {
    expect(world.objects).toHaveLength(happened ? 1 : 0)
    expect(world.writes.length).toBeLessThanOrEqual(1)
    expect(state).toBe('held')
  } else {
    expect(world.objects).toHaveLength(1)
    expect(state).toBe('confirmed')
  }
  expect(new Set(world.writes.map(({ body }) => body)).size).toBeLessThanOrEqual(1)
  expect(new Set(world.writes.map(({ headers }) => headers['idempotency-key'])).size).toBeLessThanOrEqual(1)
}

describe('a write whose answer is lost: with key or probe exactly one effect, with neither at most one and a hold', () => {
  const faults: [string, (effect: boolean) => Fate][] = [
    ['a cut connection', (effect) => lost(effect, 'cut')],
    ['no answer in time', (effect) => lost(effect, 'hang')],
    ['500', (effect) => lost(effect, { status: 500 })],
    ['503 with Retry-After', (effect) => lost(effect, { status: 503, headers: { 'retry-after': '5' } })],
    ['a redirect', (effect) => lost(effect, { status: 303, headers: { location: '/elsewhere' } })],
    ['409', (effect) => lost(effect, { status: 409 })],
  ]
  const cases = protections.flatMap((tool) =>
    faults.flatMap(([what, fate]) => [true, false].map((effect) => [tool, what, effect, fate] as const)),
  )
  it.each(cases)('%s, %s, effect: %s', async (tool, _what, effect, fate) => {
    world.fates.push(fate(effect))
    const run = await bench.begin({ tool, args })
    await run.toTheEnd()
    await expectPromise(tool, effect, (await run.call()).state)
  })
})

describe('a process that ends on the way of a write', () => {
  const points: [FaultPoint, boolean][] = [
    ['K10', false],
    ['K13', true],
  ]
  const cases = protections.flatMap((tool) => points.map(([point, sent]) => [tool, point, sent] as const))
  it.each(cases)('%s at %s: after the send nobody knows', async (tool, point, sent) => {
    const run = await bench.begin({ tool, args })
    bench.dieAt = point
    expect(await run.advance()).toBe('died')
    expect(await run.call()).toMatchObject({ state: 'sent', sends: 1 })
    await run.toTheEnd()
    await expectPromise(tool, sent, (await run.call()).state)
  })

  it.each(protections)('%s at K09: what is only prepared is sent once, as it was frozen', async (tool) => {
    const run = await bench.begin({ tool, args })
    bench.dieAt = 'K09'
    expect(await run.advance()).toBe('died')
    const { idempotencyKey, request } = await run.call()
    // A model that is asked again words it otherwise; what was frozen goes out.
    await run.advance((call) => ({ ...call, argumentsText: '{"text":"Something else."}' }))
    expect(await run.call()).toMatchObject({ state: 'confirmed', sends: 1, idempotencyKey })
    expect(world.writes.map(({ body }) => body)).toEqual([request?.body])
    expect(world.objects).toHaveLength(1)
  })

  it.each(protections)('%s at K14: what has its outcome is not done again', async (tool) => {
    const run = await bench.begin({ tool, args })
    bench.dieAt = 'K14'
    expect(await run.advance()).toBe('died')
    await run.toTheEnd()
    expect((await run.call()).state).toBe('confirmed')
    expect(world.writes).toHaveLength(1)
  })

  it.each(['keyed', 'probed', 'both'] as const)('%s, again and again: still one effect', async (tool) => {
    const run = await bench.begin({ tool, args })
    for (const point of ['K09', 'K10', 'K10', 'K13', 'K13'] as const) {
      bench.dieAt = point
      await run.next()
    }
    bench.dieAt = undefined
    await run.toTheEnd()
    expect((await run.call()).state).toBe('confirmed')
    expect(world.objects).toHaveLength(1)
  })
})

describe('definite refusals', () => {
  it.each([400, 401, 403, 404, 422])(
    '%i rejects: nothing happened, and it is not sent again',
    async (status) => {
      world.fates.push(refusedWith(status))
      const run = await bench.begin({ tool: 'keyed', args })
      await run.toTheEnd()
      expect(await run.call()).toMatchObject({ state: 'rejected', status })
      expect(world.writes).toHaveLength(1)
    },
  )

  it('409 rejects only where the tool says so', async () => {
    world.fates.push(refusedWith(409))
    const run = await bench.begin({ tool: 'busy', args })
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ state: 'rejected', status: 409 })
  })
})

describe('an API that is only busy', () => {
  it('is waited for where the tool says that 429 means nothing happened, and the write goes out once', async () => {
    world.fates.push(refusedWith(429, { 'retry-after': '7' }))
    const run = await bench.begin({ tool: 'busy', args })
    const parked = await run.advance()
    expect(parked).toMatchObject({ state: 'parked', on: 'api', error: { code: 'tool.status' } })
    const { until = 0 } = parked as { until?: number }
    expect(until - bench.clock.now()).toBeGreaterThanOrEqual(7000)
    expect(await run.call()).toMatchObject({ state: 'prepared', sends: 0, firstSentAt: undefined })
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ state: 'confirmed', sends: 1 })
    expect(world.objects).toHaveLength(1)
  })

  it('is not waited for without end', async () => {
    world.fates.push(...Array.from({ length: 21 }, () => refusedWith(429)))
    const run = await bench.begin({ tool: 'busy', args })
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ state: 'rejected', status: 429 })
    expect(world.writes).toHaveLength(21)
    expect(world.objects).toEqual([])
  })

  it('may have acted where the tool does not say so', async () => {
    world.fates.push(refusedWith(429))
    const run = await bench.begin({ tool: 'neither', args })
    expect(await run.advance()).toMatchObject({ on: 'person' })
    expect((await run.call()).state).toBe('held')
  })
})

describe('the answer to a key that was sent before', () => {
  it('is waited for while the first request is still under way: 409, the same key, one effect', async () => {
    world.fates.push(lost(true, 'hang'), refusedWith(409), refusedWith(409))
    const run = await bench.begin({ tool: 'keyed', args })
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ state: 'confirmed', sends: 4, status: 201 })
    expect(world.objects).toHaveLength(1)
    expect(new Set(world.writes.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
  })

  it('holds where the API has the key for other bytes', async () => {
    world.fates.push(lost(true), refusedWith(422))
    const run = await bench.begin({ tool: 'keyed', args })
    await run.toTheEnd()
    const call = await run.call()
    expect(call.state).toBe('held')
    expect(call.note).toContain('other bytes')
    expect(world.writes).toHaveLength(2)
  })

  it('rejects on 400, which speaks of the same bytes', async () => {
    world.fates.push(lost(false), refusedWith(400))
    const run = await bench.begin({ tool: 'keyed', args })
    await run.toTheEnd()
    expect((await run.call()).state).toBe('rejected')
  })

  it('is not taken from a key that was revoked, or an API that is gone, meanwhile', async () => {
    world.fates.push(lost(true), refusedWith(401), refusedWith(403), refusedWith(404), refusedWith(429))
    const run = await bench.begin({ tool: 'keyed', args })
    await run.toTheEnd()
    expect((await run.call()).state).toBe('confirmed')
    expect(world.objects).toHaveLength(1)
  })

  it('is not asked for when the key’s life is over: held, and nothing is sent', async () => {
    world.fates.push(lost(true))
    const run = await bench.begin({ tool: 'keyed', args })
    await run.advance()
    world.forget()
    bench.clock.advance(2 * 3_600_000)
    await run.toTheEnd()
    const call = await run.call()
    expect(call.state).toBe('held')
    expect(call.note).toContain('forgotten')
    expect(world.writes).toHaveLength(1)
  })

  it('is asked of the probe when the key’s life is over', async () => {
    world.fates.push(lost(true))
    const run = await bench.begin({ tool: 'both', args })
    await run.advance()
    world.forget()
    bench.clock.advance(2 * 3_600_000)
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ state: 'confirmed', note: 'found by its probe list' })
    expect(world.writes).toHaveLength(1)
    expect(world.objects).toHaveLength(1)
  })

  it('is asked of the probe when the API gives its saved 500 again and again', async () => {
    world.savesFailures = true
    world.fates.push(lost(true, { status: 500 }))
    const run = await bench.begin({ tool: 'both', args })
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ state: 'confirmed', sends: 4, note: 'found by its probe list' })
    expect(world.objects).toHaveLength(1)
  })

  it('ends in a hold where the saved 500 is all that there is', async () => {
    world.savesFailures = true
    world.fates.push(lost(true, { status: 500 }))
    const run = await bench.begin({ tool: 'keyed', args })
    await run.toTheEnd()
    expect((await run.call()).state).toBe('held')
    expect(world.objects).toHaveLength(1)
    expect(world.writes.length).toBeLessThanOrEqual(30)
  })
})

describe('the queue of a credential', () => {
  it('leaves a write that waits in it prepared: a process that ends there has sent nothing', async () => {
    const first = await bench.begin({ tool: 'slowly', args }, { tool: 'slowly', args })
    const stop = new AbortController()
    const stretch = first.advance((call) => call, stop.signal).catch((error: unknown) => error)
    await expect.poll(async () => (await first.call(0)).state).toBe('confirmed')
    await expect.poll(async () => (await first.call(1)).state).toBe('prepared')
    // Long enough for a send that does not wait.
    for (let looks = 0; looks < 20; looks++) expect((await first.call(1)).state).toBe('prepared')
    stop.abort(new Error('the process is to end'))
    expect(await stretch).toMatchObject({ message: 'the process is to end' })
    expect(await first.call(1)).toMatchObject({ state: 'prepared', sends: 0 })
    expect(world.writes).toHaveLength(1)
  })
})
