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
  it('is the same when it is shown and when it is sent', async () => {
    const run = await bench.begin(asked('one'), asked('two'))
    expect(await run.advance()).toMatchObject({ on: 'approval' })
    const [shown, ...others] = (await bench.store.journal(run.id)).approvals
    expect(others).toEqual([])
    await approve(run, 0)
    await run.advance()
    const calls = await run.calls()
    expect(calls.map(({ state, ordinal }) => [state, ordinal])).toEqual([
      ['confirmed', 0],
      ['denied', undefined],
    ])
    expect(world.writes.map(({ body }) => body)).toEqual([shown?.request.body])
    expect(shown?.request.body).toContain(markerOf(calls[0]?.idempotencyKey ?? ''))
  })

  it('does not count calls that policy denied before it', async () => {
    const run = await bench.begin({ tool: 'asked', args: { wrong: 1 } }, asked('one'))
    await run.advance()
    await approve(run, 1)
    await run.advance()
    expect((await run.calls()).map(({ state, ordinal }) => [state, ordinal])).toEqual([
      ['denied', undefined],
      ['confirmed', 0],
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
