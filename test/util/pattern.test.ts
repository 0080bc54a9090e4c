import { describe, expect, it } from 'vitest'
import { compilePattern } from '../../src/util/pattern.js'

describe('a pattern', () => {
  it.each<[string, string, boolean]>([
    ['cus_[A-Za-z0-9]+', 'cus_1a', true],
    ['cus_[A-Za-z0-9]+', 'xcus_1a', false],
    ['cus_[A-Za-z0-9]+', 'cus_1a/../x', false],
    ['^cus_[a-z]+$', 'cus_a\n', false],
    ['[0-9]+', '1\n2', false],
    ['a|ab', 'ab', true],
    ['a|b', 'ax', false],
    ['', '', true],
    ['', 'a', false],
    ['.', '\n', false],
    ['[a-z]', 'ſ', false],
  ])('%j of %j is %s: the whole text or nothing', (source, text, expected) => {
    expect(compilePattern(source).matches(text)).toBe(expected)
  })

  it('keeps its source', () => {
    expect(compilePattern('^a+$').source).toBe('^a+$')
  })

  it.each(['(', '[', 'a**', '(?=a)', '(?<!a)b', '(a)\\1', '\\', 'a{2000}'])(
    'refuses %s, with a reason',
    (source) => {
      expect(() => compilePattern(source)).toThrow(/\S/)
    },
  )

  it.each(['(a+)+$', '(a|a)*b', '(a|aa)+$', '(.*)*x', '([a-z]+)*\\d'])('%s ends on any text', (source) => {
    expect(compilePattern(source).matches(`${'a'.repeat(3000)}!`)).toBe(false)
  })
})
