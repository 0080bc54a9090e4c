import { describe, expect, it } from 'vitest'
import type { ModelAnswer } from '../../src/models/model.js'
import { costOf } from '../../src/models/price.js'
import { modelSettings } from '../support/model-fixtures.js'

const usage = { inputTokens: 1_000_000, cachedInputTokens: 400_000, outputTokens: 100_000 }
const answer = (over: Partial<ModelAnswer> = {}) => ({
  model: 'gpt-5-mini-2025-08-07',
  usage,
  reportedCostUsd: undefined,
  ...over,
})
const openAi = { baseUrl: 'https://api.openai.com/v1', model: 'gpt-5-mini' }
const price = { input: 1, output: 10, cachedInput: 0.1 }

describe('the cost of an answer', () => {
  it('is what the endpoint reports, 0 included, before anything else', () => {
    expect(costOf(modelSettings({ ...openAi, price }), answer({ reportedCostUsd: 0 }))).toBe(0)
  })

  it('is by the configured price before the table, cached input apart', () => {
    expect(costOf(modelSettings({ ...openAi, price }), answer())).toBeCloseTo(0.6 + 0.04 + 1, 10)
    const whole = { ...price, cachedInput: undefined }
    expect(costOf(modelSettings({ ...openAi, price: whole }), answer())).toBeCloseTo(2, 10)
  })

  it('is by the table for a vendor that it knows, by the name that answered or the one that was asked for', () => {
    const dated = costOf(modelSettings(openAi), answer())
    expect(dated).toBeGreaterThan(0)
    expect(costOf(modelSettings(openAi), answer({ model: 'some-deployment' }))).toBe(dated)
    const uncached = { ...usage, cachedInputTokens: 0 }
    expect(costOf(modelSettings(openAi), answer({ usage: uncached }))).toBeGreaterThan(dated ?? 0)
  })

  it.each([
    ['a model that nobody knows', { ...openAi, model: 'no-such-model' }],
    ['a known model on a machine of one’s own', { ...openAi, baseUrl: 'http://127.0.0.1:8080/v1' }],
    ['an address that is none', { ...openAi, baseUrl: 'nowhere' }],
  ])('is unknown, not 0, for %s', (_name, settings) => {
    const model = settings.model
    expect(costOf(modelSettings(settings), answer({ model }))).toBeUndefined()
  })
})
