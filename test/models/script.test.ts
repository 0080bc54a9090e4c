import { describe, expect, it } from 'vitest'
import { ModelError } from '../../src/domain/errors.js'
import { parseScript } from '../../src/models/script.js'

function faultOf(text: string): string {
  try {
    parseScript(text)
  } catch (error) {
    if (error instanceof ModelError && error.code === 'model.script') return error.message
    throw error
  }
  throw new Error('expected a ModelError')
}

describe('a script', () => {
  it('reads YAML and JSON alike', () => {
    const yaml = parseScript(
      '- agent: a\n  turns:\n    - { call: t, args: { n: 1 }, delay: 300ms }\n    - say: ok\n',
    )
    const json = parseScript(
      '[{"agent":"a","turns":[{"call":"t","args":{"n":1},"delay":"300ms"},{"say":"ok"}]}]',
    )
    expect(yaml).toEqual(json)
    expect(yaml.entries[0]?.turns).toEqual([
      { calls: [{ tool: 't', argumentsText: '{"n":1}' }], say: '', delayMs: 300 },
      { calls: [], say: 'ok', delayMs: 0 },
    ])
  })

  it.each([
    ['', 'at the top'],
    ['agent: a', 'at the top'],
    ['- agent: a\n  turns: []', 'at 0.turns'],
    ['- agent: a\n  turns: [{ say: x, call: y }]', 'at 0.turns.0'],
    ['- agent: a\n  turns: [{ say: x, delay: soon }]', 'at 0.turns.0'],
    ['- agent: a\n  turns: [{ calls: [] }]', 'at 0.turns.0'],
    ['- agent: a\n  agent: b', 'line 2, column 3'],
    ['- agent: "a', 'line 1'],
  ])('names the place of the fault in %j', (text, place) => {
    expect(faultOf(text)).toContain(place)
  })
})
