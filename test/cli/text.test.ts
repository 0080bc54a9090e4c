import { describe, expect, test } from 'vitest'
import { cutTo, formatBytes, padTo, plain, plainBlock, widthOf, wrap } from '../../src/cli/text.js'

describe('plain', () => {
  test('lets no character through that could steer a terminal', () => {
    expect(plain('\u001b]0;owned\u0007\u001b[31mred')).toBe('\\u001b]0;owned\\u0007\\u001b[31mred')
    expect(plain('a\r\nb\u009bc')).toBe('a\\u000d\\u000ab\\u009bc')
  })
  test('shows bidi, zero-width and tag characters instead of obeying them', () => {
    expect(plain('abc\u202edef\u200b\u2066')).toBe('abc\\u202edef\\u200b\\u2066')
    expect(plain('\u{e0041}')).toBe('\\udb40\\udc41')
  })
  test('leaves ordinary text of any language alone', () => {
    expect(plain('Größe 価格 🎉 ñ')).toBe('Größe 価格 🎉 ñ')
  })
  test('replaces half of a surrogate pair', () => {
    expect(plain('a\ud800b')).toBe('a\ufffdb')
  })
  test('keeps line breaks in blocks only', () => {
    expect(plainBlock('a\r\nb\n\u001bc')).toBe('a\nb\n\\u001bc')
  })
})

describe('width', () => {
  test('counts columns, not code units', () => {
    expect(widthOf('価格')).toBe(4)
    expect(widthOf('🎉')).toBe(2)
    expect(widthOf('e\u0301')).toBe(1)
  })
  test('cuts to a number of columns and says so', () => {
    expect(cutTo('価格表', 5)).toBe('価格…')
    expect(cutTo('short', 5)).toBe('short')
    expect(cutTo('longer', 5)).toBe('long…')
  })
  test('pads by columns', () => {
    expect(padTo('価', 4)).toBe('価  ')
    expect(padTo('7', 3, 'right')).toBe('  7')
  })
  test('wraps at spaces', () => {
    expect(wrap('one two three', 8)).toBe('one two\nthree')
  })
})

test('sizes are in the unit that a person would use', () => {
  expect([0, 1023, 1536, 10_485_760].map(formatBytes)).toEqual(['0 B', '1023 B', '1.5 KB', '10 MB'])
})
