import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Desk } from './desk.js'
import { lost } from './world.js'

let desk: Desk

beforeEach(async () => {
  desk = await Desk.open()
})
afterEach(() => desk.close())

describe('a write that its probe found', () => {
  it('leaves the run with the mark of what the probe read', async () => {
    const { bench, world } = desk
    const run = await bench.begin({ tool: 'say', args: { text: 'Seen.' } })
    await run.advance()
    await desk.approve()
    world.fates.push(lost(true))
    await run.advance()
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ output: { result: { seen: [expect.anything()] } } })
    await run.answer({ tool: 'tell', args: { text: 'All that stands in the list.' } })
    await run.advance()
    expect(await run.call(1)).toMatchObject({ state: 'denied', output: { error: { code: 'policy.flow' } } })
  })

  it('leaves it as it was where the answer came', async () => {
    const { bench } = desk
    const run = await bench.begin({ tool: 'say', args: { text: 'Seen.' } })
    await run.advance()
    await desk.approve()
    await run.advance()
    await run.answer({ tool: 'tell', args: { text: 'Said.' } })
    await run.advance()
    expect(await run.call(1)).toMatchObject({ state: 'confirmed' })
  })
})
