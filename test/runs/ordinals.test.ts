import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { markerOf } from '../../src/policy/idempotency.js'
import { type BenchRun, Workbench } from './workbench.js'
import { World, worldConfig } from './world.js'

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

const asked = (text: string) => ({ tool: 'asked', args: { text } })

async function approve(run: BenchRun, place: number): Promise<void> {
  const { approvals } = await bench.store.journal(run.id)
  const { id } = await run.call(place)
  const approval = approvals.find(({ toolCallId }) => toolCallId === id)
  if (!approval) throw new Error('nobody was asked')
  const decision = { state: 'approved', by: 'ann', reason: undefined, digest: approval.digest } as const
  await bench.store.decide(approval.id, decision, bench.clock.now())
}

describe('which write of its run a call is', () => {
  it.each([
    [0, 1],
    [1, 0],
  ])('is the same when it is shown and when it is sent, approved in the order %i, %i', async (...order) => {
    const run = await bench.begin(asked('one'), asked('two'))
    expect(await run.advance()).toMatchObject({ on: 'approval' })
    const shown = (await bench.store.journal(run.id)).approvals.map(({ request }) => request.body)
    for (const place of order) {
      await approve(run, place)
      await run.advance()
    }
    const calls = await run.calls()
    expect(calls.map(({ state, ordinal }) => [state, ordinal])).toEqual([
      ['confirmed', 0],
      ['confirmed', 1],
    ])
    expect(calls.map(({ request }) => request?.body)).toEqual(shown)
    expect(world.writes.map(({ body }) => body)).toEqual(order.map((place) => shown[place]))
    for (const { idempotencyKey = '', request } of calls) {
      expect(request?.body).toContain(markerOf(idempotencyKey))
    }
  })

  it('stays when the one before it is denied by a person, or by policy', async () => {
    const run = await bench.begin({ tool: 'asked', args: { wrong: 1 } }, asked('one'), asked('two'))
    await run.advance()
    const { approvals } = await bench.store.journal(run.id)
    const first = approvals.find(({ request }) => request.body?.includes('one'))
    const denial = { state: 'denied', by: 'ann', reason: undefined, digest: '' } as const
    await bench.store.decide(first?.id ?? '', denial, bench.clock.now())
    await approve(run, 2)
    await run.advance()
    expect((await run.calls()).map(({ state, ordinal }) => [state, ordinal])).toEqual([
      ['denied', undefined],
      ['denied', undefined],
      ['confirmed', 1],
    ])
  })

  it('gives a resumed run its old keys and a replayed one new keys and markers', async () => {
    const run = await bench.begin({ tool: 'both', args: { text: 'Seen.' } })
    bench.dieAt = 'K13'
    await run.advance()
    const before = await run.call()
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ idempotencyKey: before.idempotencyKey, request: before.request })
    await run.complete()
    const again = await bench.replay(run, { tool: 'both', args: { text: 'Seen.' } })
    await again.toTheEnd()
    const after = await again.call()
    expect(after.idempotencyKey).not.toBe(before.idempotencyKey)
    expect(after.request?.body).not.toBe(before.request?.body)
    expect(world.objects).toHaveLength(2)
  })

  it('does not hang on what the model wrote', async () => {
    const run = await bench.begin({ tool: 'keyed', args: { text: 'One wording.' } })
    await run.toTheEnd()
    await run.complete()
    const { idempotencyKey } = await run.call()
    const other = await bench.replay(run, { tool: 'keyed', args: { text: 'Another wording.' } })
    await other.toTheEnd()
    const third = await bench.begin({ tool: 'keyed', args: { text: 'One wording.' } })
    await other.complete()
    await third.toTheEnd()
    const keys = [idempotencyKey, (await other.call()).idempotencyKey, (await third.call()).idempotencyKey]
    expect(new Set(keys).size).toBe(3)
  })
})
