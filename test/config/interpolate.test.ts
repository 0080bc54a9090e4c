import { describe, expect, it } from 'vitest'
import { interpolate } from '../../src/config/interpolate.js'

const context = {
  environment: {
    NAME: 'value',
    EMPTY: '',
    DOLLARS: `$$ \${NAME} \${{ ids.x }}`,
    toString: undefined,
  },
  readFile: async (path: string) => {
    if (path === '/run/secrets/token') return 'from-file'
    throw new Error(`${path} does not exist`)
  },
}
const fill = (text: string) => interpolate(text, context)
/** `$` apart from `{`, so that no template string is meant here. */
const $ = '$'

describe('interpolate', () => {
  it.each([
    ['plain text', 'plain text'],
    [`${$}{NAME}`, 'value'],
    [`a ${$}{NAME} b ${$}{NAME}`, 'a value b value'],
    [`${$}{MISSING:-other}`, 'other'],
    [`${$}{EMPTY:-other}`, 'other'],
    [`${$}{MISSING:-}`, ''],
    [`${$}{NAME:-other}`, 'value'],
    [`${$}{NAME:?needed}`, 'value'],
    [`${$}{MISSING:-https://x.test/a?b=1:2}`, 'https://x.test/a?b=1:2'],
    [`Bearer ${$}{file:/run/secrets/token}`, 'Bearer from-file'],
    ['$$', '$'],
    ['$${NAME}', `${$}{NAME}`],
    ['$$$$', '$$'],
    ['^[a-z]+$', '^[a-z]+$'],
    ['$NAME', '$NAME'],
    ['a$', 'a$'],
    ['', ''],
  ])('%s becomes %s', async (text, value) => {
    const filled = await fill(text)
    expect(filled.faults).toEqual([])
    expect(filled.value).toBe(value)
    expect(filled.parts.join('')).toBe(value)
  })

  it.each([
    [`${$}{MISSING}`, /MISSING is not set/],
    [`${$}{EMPTY}`, /EMPTY is empty/],
    [`${$}{MISSING:?ask the operator}`, /MISSING is not set: ask the operator/],
    [`${$}{toString}`, /toString is not set/],
    [`${$}{constructor}`, /constructor is not set/],
    [`${$}{NAME`, /not closed/],
    [`${$}{1X}`, /is not understood/],
    [`${$}{}`, /is not understood/],
    [`${$}{NAME-x}`, /is not understood/],
    [`${$}{A:-${$}{B}}`, /not nested/],
    [`${$}{file:/nope}`, /\/nope does not exist/],
    [`${$}{{ ids.x`, /not closed/],
    [`${$}{{ 'a }}`, /not closed/],
  ])('says what is wrong with %s', async (text, fault) => {
    const { faults } = await fill(text)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(fault)
  })

  it('leaves expressions alone and tells them from text', async () => {
    const nested = "{'x': {'y': '}}'}}.x.y"
    const { parts, value } = await fill(`a ${$}{NAME} ${$}{{ ${nested} }} $${$}{{ b }}`)
    expect(value).toBe(`a value ${$}{{ ${nested} }} ${$}{{ b }}`)
    expect(parts).toEqual(['a value ', { expression: nested }, ` ${$}{{ b }}`])
  })

  it('does not look into what it inserted', async () => {
    const { parts } = await fill(`${$}{DOLLARS}`)
    expect(parts).toEqual([context.environment.DOLLARS])
  })

  it('never tells a value', async () => {
    const filled = await interpolate(`${$}{A} ${$}{B}`, { ...context, environment: { A: 'hunter2', B: '' } })
    expect(filled.faults.join()).not.toContain('hunter2')
  })
})
