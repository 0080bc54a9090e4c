import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { globMatches } from '../../src/util/glob.js'

describe('globMatches', () => {
  it.each<[string, string, boolean]>([
    ['a.b', 'a.b', true],
    ['a.b', 'axb', false],
    ['a.b', 'a.bc', false],
    ['a.b', 'xa.b', false],
    ['*', '', true],
    ['*', 'anything.at_all', true],
    ['', '', true],
    ['', 'a', false],
    ['a*', 'a', true],
    ['a*', 'ba', false],
    ['*a', 'ba', true],
    ['*a', 'ab', false],
    ['workflow_run.*', 'workflow_run.completed', true],
    ['workflow_run.*', 'workflow_run', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['ab*ba', 'aba', false],
    ['a*b*c', 'a1b2c', true],
    ['a*b*c', 'a1c2b', false],
    ['**', 'x', true],
    ['a**b', 'ab', true],
    ['*ab*ab', 'abab', true],
    ['*ab*ab', 'ab', false],
    ['a?c', 'abc', false],
    ['[ab]', 'a', false],
    ['a+', 'aa', false],
    ['.*', 'x', false],
    ['(a', '(a', true],
    ['a*', 'a\nb', true],
    ['*.completed', 'Workflow.Completed', false],
  ])('"%s" of "%s" is %s', (pattern, text, expected) => {
    expect(globMatches(pattern, text)).toBe(expected)
  })

  it('ends on patterns that backtracking would not end on', () => {
    const text = 'a'.repeat(50_000)
    expect(globMatches(`${'*a'.repeat(5000)}*b`, text)).toBe(false)
    expect(globMatches(`${'a*'.repeat(5000)}b`, text)).toBe(false)
    expect(globMatches('*'.repeat(50_000), text)).toBe(true)
    expect(globMatches(`${'*a'.repeat(5000)}*`, text)).toBe(true)
  })

  it('says what the regular expression says', () => {
    const pieces = fc
      .array(fc.constantFrom('a', 'b', '*', '.'), { maxLength: 7 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(pieces, pieces, (pattern, text) => {
        const expression = pattern.replaceAll('.', '\\.').replaceAll('*', '[^]*')
        expect(globMatches(pattern, text)).toBe(new RegExp(`^${expression}$`).test(text))
      }),
      { numRuns: 1000 },
    )
  })
})
