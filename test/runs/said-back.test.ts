import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Desk } from './desk.js'

let desk: Desk
const token = 'trk_k7Gq2nV9xB4tLw8sRz3m'

beforeEach(async () => {
  desk = await Desk.open()
  desk.said.note = token
})
afterEach(() => desk.close())

describe('a key that an API says back', () => {
  it('is no id of the run, whatever its pattern lets pass', async () => {
    const run = await desk.bench.begin({ tool: 'second' }, { tool: 'ticket' })
    await run.advance()
    expect((await run.call(1)).yields).toEqual({})
    expect(JSON.stringify(await run.calls())).not.toContain(token)
  })

  it('is not among the facts that a person is shown, and what was shown holds still', async () => {
    const run = await desk.bench.begin({ tool: 'second' }, { tool: 'pay', args: { amount: 60 } })
    await run.advance()
    const approval = await desk.waiting()
    expect(approval.facts).toEqual({ 'ticket.left': 100, 'ticket.note': '[redacted]' })
    await desk.approve()
    await run.advance()
    expect(await run.call(1)).toMatchObject({ state: 'confirmed' })
  })
})
