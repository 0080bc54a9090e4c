import { describe, expect, it } from 'vitest'
import type { Limits } from '../../src/domain/agent.js'
import { limitReached } from '../../src/domain/limits.js'
import type { RunUsage } from '../../src/domain/run.js'

const limits: Limits = {
  turns: 10,
  calls: 20,
  tokens: 1000,
  costUsd: 0.5,
  timeMs: 60_000,
  runsPerDay: undefined,
  runsPerSource: undefined,
  runsPerActor: undefined,
  chain: 3,
  identicalCalls: 3,
  consecutiveErrors: 5,
  denials: 5,
  attempts: 5,
}
const usage: RunUsage = {
  turns: 9,
  calls: 19,
  inputTokens: 900,
  outputTokens: 99,
  costUsd: 0.4999,
  activeMs: 59_999,
}

describe('limitReached', () => {
  it('lets a run go on that is one short of every bound', () => {
    expect(limitReached(limits, usage)).toBeUndefined()
  })

  it.each<[string, Partial<RunUsage>]>([
    ['limit.turns', { turns: 10 }],
    ['limit.calls', { calls: 20 }],
    ['limit.calls', { calls: 25 }],
    ['limit.tokens', { outputTokens: 100 }],
    ['limit.tokens', { inputTokens: 1000, outputTokens: 0 }],
    ['limit.cost', { costUsd: 0.5 }],
    ['limit.time', { activeMs: 60_000 }],
  ])('says %s at the bound, with what was used', (code, used) => {
    const reached = limitReached(limits, { ...usage, ...used })
    expect(reached?.code).toBe(code)
    expect(reached?.message).toMatch(/\d.* of \d/)
  })

  it('bounds no cost that is not limited or not known', () => {
    expect(limitReached({ ...limits, costUsd: undefined }, { ...usage, costUsd: 1e6 })).toBeUndefined()
    expect(limitReached(limits, { ...usage, costUsd: undefined })).toBeUndefined()
  })

  it('names the first of several', () => {
    expect(limitReached(limits, { ...usage, turns: 10, activeMs: 1e9 })?.code).toBe('limit.turns')
  })
})
