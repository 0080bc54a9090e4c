import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Workbench } from './workbench.js'
import { refusedWith, World, worldConfig } from './world.js'

let world: World
let bench: Workbench

beforeEach(async () => {
  world = await World.start()
  bench = await Workbench.open(worldConfig(world))
  bench.isRestored = true
})
afterEach(async () => {
  await bench.close()
  await world.api.close()
})

const args = { text: 'Seen.' }

describe('a write in a ledger that is a backup, which may have been sent after that was taken', () => {
  it('is held where nothing could tell: no byte leaves', async () => {
    const run = await bench.begin({ tool: 'neither', args })
    expect(await run.advance()).toMatchObject({ on: 'person', error: { code: 'tool.held' } })
    const call = await run.call()
    expect(call).toMatchObject({ state: 'held', sends: 0 })
    expect(call.note).toContain('backup')
    expect(world.writes).toEqual([])
  })

  it('goes out once a person says so, and only once', async () => {
    const run = await bench.begin({ tool: 'neither', args })
    await run.advance()
    const { id } = await run.call()
    await bench.store.resolveHeld(
      id,
      { state: 'send_again', by: 'ann', output: undefined },
      bench.clock.now(),
    )
    await run.toTheEnd()
    expect((await run.call()).state).toBe('confirmed')
    expect(world.writes).toHaveLength(1)
  })

  it('goes out with its key while that lives: what was done before is not done again', async () => {
    const run = await bench.begin({ tool: 'keyed', args })
    // The same write, by the life of the ledger that was lost.
    bench.isRestored = false
    bench.dieAt = 'K09'
    await run.advance()
    const { idempotencyKey = '', request } = await run.call()
    await fetch(`${world.api.origin}/keyed`, {
      method: 'POST',
      body: request?.body ?? '',
      headers: { 'idempotency-key': idempotencyKey },
    })
    bench.isRestored = true
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ state: 'confirmed', sends: 1 })
    expect(world.objects).toHaveLength(1)
  })

  it('is held when its key may be forgotten, counted from when its run began to be', async () => {
    const run = await bench.begin()
    bench.clock.advance(2 * 3_600_000)
    await run.answer({ tool: 'keyed', args })
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ state: 'held', sends: 0 })
    expect(world.writes).toEqual([])
  })

  it.each([400, 422])(
    'is held when the API has its key for other bytes, whichever way it says so: %i',
    async (status) => {
      world.fates.push(refusedWith(status))
      const run = await bench.begin({ tool: 'keyed', args })
      await run.toTheEnd()
      const call = await run.call()
      expect(call.state).toBe('held')
      expect(call.note).toContain('other bytes')
    },
  )

  it('is looked for, twice, before it goes out', async () => {
    const run = await bench.begin({ tool: 'probed', args })
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ state: 'confirmed', sends: 1 })
    expect(world.looks).toHaveLength(2)
    expect(world.objects).toHaveLength(1)
  })

  it('is found where it was done before', async () => {
    const run = await bench.begin({ tool: 'probed', args })
    bench.isRestored = false
    bench.dieAt = 'K09'
    await run.advance()
    await fetch(`${world.api.origin}/probed`, {
      method: 'POST',
      body: (await run.call()).request?.body ?? '',
    })
    bench.isRestored = true
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ state: 'confirmed', sends: 0, note: 'found by its probe list' })
    expect(world.objects).toHaveLength(1)
  })

  it('is not taken for unsent by an answer that says nothing of the earlier life', async () => {
    world.fates.push(refusedWith(401), refusedWith(404))
    const run = await bench.begin({ tool: 'keyed', args })
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ state: 'confirmed', sends: 3 })
  })
})
