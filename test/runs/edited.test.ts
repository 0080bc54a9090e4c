import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Desk } from './desk.js'
import { lost } from './world.js'

let desk: Desk

beforeEach(async () => {
  desk = await Desk.open()
})
afterEach(() => desk.close())

describe('a call whose arguments a person changed', () => {
  it('is looked for as the person worded it, where its answer was lost', async () => {
    const { bench, world } = desk
    const run = await bench.begin({ tool: 'say', args: { text: 'Rude.' } })
    await run.advance()
    await desk.edit({ text: 'Polite.' }, 'softer')
    await run.advance()
    await desk.approve()
    world.fates.push(lost(true))
    await run.advance()
    expect(await run.call()).toMatchObject({ state: 'unknown', sends: 1 })
    await run.toTheEnd()
    expect(await run.call()).toMatchObject({ state: 'confirmed', sends: 1 })
    expect(world.objects).toHaveLength(1)
  })
})
