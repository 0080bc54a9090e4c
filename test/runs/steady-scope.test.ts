import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Desk } from './desk.js'
import { lost } from './world.js'

let desk: Desk

beforeEach(async () => {
  desk = await Desk.open()
})
afterEach(() => desk.close())

describe('an id that an answer yielded', () => {
  it('stays, also where a call that was asked for before is answered later', async () => {
    const { bench, world } = desk
    const reply = { tool: 'reply', args: { text: 'Seen.' } }
    const run = await bench.begin({ tool: 'first' }, { tool: 'second' }, reply)
    world.fates.push(lost(true))
    await run.advance()
    expect(await run.call(2)).toMatchObject({ state: 'unknown', sends: 1 })
    bench.clock.advance(1)
    await desk.approve()
    await run.advance()
    await run.toTheEnd()
    expect(await run.call(0)).toMatchObject({ state: 'done', yields: { ticket: '7' } })
    // What was sent is looked for where it was sent, and a later call goes there too.
    expect(await run.call(2)).toMatchObject({ state: 'confirmed', sends: 1 })
    expect(world.objects.map(({ path }) => path)).toEqual(['/tickets/5/replies'])
    await run.answer(reply)
    await run.advance()
    expect((await desk.waiting()).request.url).toMatch(/\/tickets\/5\/replies$/)
  })
})
