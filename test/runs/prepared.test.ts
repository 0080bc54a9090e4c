import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Config } from '../../src/config/config.js'
import { until } from '../support/wait.js'
import { Desk } from './desk.js'
import type { BenchRun } from './workbench.js'
import { refusedWith } from './world.js'

let desk: Desk

beforeEach(async () => {
  desk = await Desk.open()
})
afterEach(() => desk.close())

describe('a write that is prepared and has to wait', () => {
  /** A payment that a person let through, and that the API asked to come back with. */
  async function parked(): Promise<BenchRun> {
    const { bench, world } = desk
    const run = await bench.begin({ tool: 'second' }, { tool: 'pay', args: { amount: 60 } })
    await run.advance()
    await desk.approve()
    world.fates.push(refusedWith(429, { 'retry-after': '30' }))
    expect(await run.advance()).toMatchObject({ state: 'parked', on: 'api' })
    expect(await run.call(1)).toMatchObject({ state: 'prepared', sends: 0 })
    return run
  }
  const spent = async () => {
    const day = new Date(desk.bench.clock.now()).toISOString().slice(0, 10)
    return desk.bench.store.spent([`pay|day|${day}|amount`])
  }

  it('goes out when its time has come', async () => {
    const run = await parked()
    await run.toTheEnd()
    expect(await run.call(1)).toMatchObject({ state: 'confirmed', sends: 1 })
    expect(desk.world.objects).toHaveLength(1)
  })

  it('does not go out on an approval whose time is over', async () => {
    const run = await parked()
    desk.bench.clock.advance(3_600_000)
    await run.toTheEnd()
    expect(await run.call(1)).toMatchObject({
      state: 'denied',
      output: { ok: false, error: { code: 'approval.expired' } },
    })
    expect(desk.world.writes).toHaveLength(1)
    expect(await spent()).toEqual([0])
  })

  it('does not go out where the facts that it rests on have changed', async () => {
    const run = await parked()
    desk.left['5'] = 40
    await run.toTheEnd()
    expect(await run.call(1)).toMatchObject({ state: 'denied', output: { error: { code: 'approval.void' } } })
    expect(desk.world.writes).toHaveLength(1)
    expect(await spent()).toEqual([0])
  })

  it('does not go out where its agent only shows by now what it would do', async () => {
    const run = await parked()
    desk.bench.inForce = shadowed(desk.bench.config)
    await run.toTheEnd()
    expect(await run.call(1)).toMatchObject({ state: 'denied' })
    expect(desk.world.writes).toHaveLength(1)
  })

  it.each([
    ['its approval runs out', () => desk.bench.clock.advance(3_600_000), 'approval.expired'],
    ['its agent is put in shadow', () => shadow(), 'approval.void'],
  ])('does not go out where %s while it waits its turn', async (_what, change, code) => {
    // One in a second: this one has to wait.
    await (await parked()).toTheEnd()
    const run = await desk.bench.begin({ tool: 'second' }, { tool: 'pay', args: { amount: 60 } })
    await run.advance()
    await desk.approve()
    const going = run.advance()
    await until('it to be prepared', async () => (await run.call(1)).state === 'prepared')
    change()
    expect(await going).toMatchObject({ state: 'parked', on: 'time' })
    await run.toTheEnd()
    expect(await run.call(1)).toMatchObject({ state: 'denied', sends: 0, output: { error: { code } } })
    expect(desk.world.objects).toHaveLength(1)
  })

  it('does not go out without a word after a crash either', async () => {
    const run = await desk.bench.begin({ tool: 'second' }, { tool: 'reply', args: { text: 'Seen.' } })
    desk.bench.dieAt = 'K09'
    expect(await run.advance()).toBe('died')
    desk.bench.inForce = shadowed(desk.bench.config)
    await run.toTheEnd()
    expect(await run.call(1)).toMatchObject({ state: 'denied', output: { error: { code: 'policy.stale' } } })
    expect(desk.world.writes).toHaveLength(0)
  })
})

function shadowed(config: Config): Config {
  const agents = new Map(
    [...config.agents].map(([name, agent]) => [name, { ...agent, mode: 'shadow' as const }]),
  )
  return { ...config, agents }
}

function shadow(): void {
  desk.bench.inForce = shadowed(desk.bench.config)
}
