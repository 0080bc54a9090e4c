import { describe, expect, it } from 'vitest'
import { compileExpression, expressionType, memberUse } from '../../src/util/cel.js'
import type { JsonValue } from '../../src/util/json.js'

const names = ['id', 'source', 'type', 'subject', 'time', 'data', 'ids']

function evaluate(source: string, data: JsonValue = {}): unknown {
  return compileExpression(source, names).evaluate({ type: 'x', subject: null, ids: { run: '7' }, data })
}

describe('the name type', () => {
  it.each<[string, JsonValue]>([
    ["type == 'x'", {}],
    ["type=='x'", {}],
    ["(type) == 'x'", {}],
    ["'type' == 'ty' + 'pe'", {}],
    ['"a \\" type" == \'a " type\'', {}],
    ["data.type == 'inner'", { type: 'inner' }],
    ["data . type == 'inner'", { type: 'inner' }],
    ["data.\n  type == 'inner'", { type: 'inner' }],
    ["data['type'] == 'inner'", { type: 'inner' }],
    ["data.type == 'inner' && type == 'x'", { type: 'inner' }],
    ["data.typed == 1 && data.a_type == 2 && type == 'x'", { typed: 1, a_type: 2 }],
    ['[1, 2].exists(type, type == 2)', {}],
    ["{type: 1}['x'] == 1", {}],
    ["data.a == 1 // don't\n && type == 'x'", { a: 1 }],
    ["'''it's \"type\" ''' == 'it\\'s \"type\" ' && type == 'x'", {}],
    ['"""a " type""" == \'a " type\' && type == "x"', {}],
    ["r'\\d type' == '\\\\d type' && type == 'x'", {}],
    ["'http://type' == 'http:' + '//type' && type == 'x'", {}],
  ])('is the event’s where it stands alone: %s', (source, data) => {
    expect(evaluate(source, data)).toBe(true)
  })

  it('is told as it was written', () => {
    expect(() => compileExpression('type', ['args'])).toThrow(
      'unknown name "type" in "type"; it may use args',
    )
    expect(compileExpression("type == 'x'", names).source).toBe("type == 'x'")
  })
})

describe('matches()', () => {
  it.each([
    "data.s.matches('a')",
    "matches(data.s, 'a')",
    "data.s . matches ( 'a' )",
    "!data.s.matches('a')",
    "data.xs.exists(x, x.matches('a'))",
    'data.xs.all(x, data.ys.exists(y, y.matches(x)))',
    "data.xs.filter(x, matches(x, 'a')).size() > 0",
    "data.xs.map(x, x.matches('a'), x) == []",
    "data.s.matches('a') ? true : false",
    "[data.s.matches('a')][0]",
    "{'k': data.s.matches('a')}['k']",
    "re(string(data.s.matches('a')), 'true')",
    "[1].exists(x, [data.s].exists(y, {'a': y.matches('a')}['a']))",
    "data.s.matches('a').matches('b')",
  ])('is refused before it runs: %s', (source) => {
    expect(() => compileExpression(source, names)).toThrow(/re\(text, pattern\)/)
  })

  it('is an ordinary name of a field', () => {
    expect(evaluate('data.matches == 1', { matches: 1 })).toBe(true)
  })
})

describe('re()', () => {
  it('matches the whole text', () => {
    expect(evaluate("re(data.s, 'a+')", { s: 'aaa' })).toBe(true)
    expect(evaluate("re(data.s, 'a+')", { s: 'aaab' })).toBe(false)
    expect(evaluate("re(data.s, 'a+')", { s: 'aaa\n' })).toBe(false)
    expect(evaluate("data.xs.exists(x, re(x, 'b.'))", { xs: ['a', 'bc'] })).toBe(true)
  })

  it('ends on a pattern that would take others for ever', () => {
    expect(evaluate("re(data.s, '(a+)+$')", { s: `${'a'.repeat(5000)}!` })).toBe(false)
  })

  it('refuses a literal that is no pattern when it is compiled, and another when it runs', () => {
    expect(() => compileExpression("re(data.s, '(')", names)).toThrow(/missing closing/)
    expect(() => compileExpression("[1].exists(x, re('a', '(?=a)'))", names)).toThrow()
    expect(() => evaluate('re(data.s, data.p)', { s: 'a', p: '(' })).toThrow()
  })
})

describe('names', () => {
  it.each<[string, string]>([
    ['dat.x == 1', 'dat'],
    ['data.x == y', 'y'],
    ['data[key] == 1', 'key'],
    ['data.xs.exists(x, x == 1) && x == 1', 'x'],
    ['data.xs.exists(x, x == y)', 'y'],
    ['data.xs.all(x, x.all(y, y == z))', 'z'],
    ['xs.map(x, x)', 'xs'],
    ['x.exists(x, x == 1)', 'x'],
    ["{'a': b}", 'b'],
    ['re(text, "a")', 'text'],
    ['data.a ? b : 1', 'b'],
    ['constructor', 'constructor'],
    ['process.env', 'process'],
  ])('that are not offered are refused: %s', (source, unknown) => {
    expect(() => compileExpression(source, names)).toThrow(`unknown name "${unknown}"`)
  })

  it('of a comprehension are its own', () => {
    expect(evaluate('data.xs.all(a, data.ys.exists(b, a == b))', { xs: [1], ys: [1, 2] })).toBe(true)
    expect(evaluate('data.xs.map(x, x > 1, x + 1) == [3]', { xs: [1, 2] })).toBe(true)
  })

  it.each([
    'data.x ==',
    '',
    'data..x',
    "'a",
    'data.x = 1',
    '1 +',
    'data.x; 1',
    `${'('.repeat(80)}1${')'.repeat(80)}`,
  ])('stand in something that parses, or it is refused: %s', (source) => {
    expect(() => compileExpression(source, names)).toThrow()
  })
})

describe('values', () => {
  it.each([
    'data.missing == 1',
    'data.a.b.c == null',
    "data['missing'] == 1",
    "ids.other == 'x'",
    'data.xs[0] == 1',
    'data.constructor == null',
    'data.__proto__ == null',
    "data['toString'] == null",
    'time == null',
  ])('that are missing throw: %s', (source) => {
    expect(() => evaluate(source, { a: {}, xs: [] })).toThrow()
  })

  it('that are missing can be asked for', () => {
    expect(evaluate('has(data.a) && !has(data.b) && !has(data.constructor)', { a: null })).toBe(true)
    expect(evaluate('subject == null')).toBe(true)
  })

  it.each<[string, JsonValue]>([
    ['data.n == 1', { n: 1 }],
    ['data.n + 1 == 2', { n: 1 }],
    ['1 + data.n == 2.0', { n: 1 }],
    ['data.n - 1 == 0.5', { n: 1.5 }],
    ['3 - data.n == 1.5', { n: 1.5 }],
    ['data.n * 2 == 3', { n: 1.5 }],
    ['2 * data.n == 3', { n: 1.5 }],
    ['data.n / 2 == 0.5', { n: 1 }],
    ['1 / data.n == 0.5', { n: 2 }],
    ['2 * data.n <= 3 && 3 >= 2 * data.n', { n: 1.5 }],
    ['1 + 2 * data.n - 1 == 3', { n: 1.5 }],
    ['data.n % 2 == 1', { n: 5 }],
    ['7 % data.n == 2', { n: 5 }],
    ['data.n - data.m <= 10', { n: 15, m: 5 }],
    ['data.n > 12345678901234567889', { n: 12345678901234567890n }],
    ['data.n == 12345678901234567890', { n: 12345678901234567890n }],
    ['data.n + data.m > 1', { n: 1, m: 12345678901234567890n }],
    ['data.n in [1, 2]', { n: 1 }],
  ])('that are numbers calculate with literals: %s', (source, data) => {
    expect(evaluate(source, data)).toBe(true)
  })

  it.each(["data.s + 1 == 's1'", 'data.s > 1', '!data.s', 'data.s && true'])(
    'of types that do not fit throw: %s',
    (source) => {
      expect(() => evaluate(source, { s: 's' })).toThrow()
    },
  )

  it('are read and never written', () => {
    const data = Object.freeze({ xs: Object.freeze([1, 2]) as unknown as JsonValue[] })
    expect(evaluate('data.xs.map(x, x * 2) == [2, 4]', data)).toBe(true)
  })
})

describe('what is known before it runs', () => {
  it('is a type, or dyn', () => {
    expect(expressionType("'a' + 'b'")).toBe('string')
    expect(expressionType("type == 'x' && data.a == 1")).toBe('bool')
    expect(expressionType('data.a')).toBe('dyn')
    expect(() => expressionType("1 + 'a'")).toThrow()
  })

  it('is which members of a name it reads', () => {
    expect(memberUse("ids.a == ids['b'] && data.ids.c == 1", 'ids')).toEqual({
      names: ['a', 'b'],
      isOpen: false,
    })
    expect(memberUse('data.xs.exists(x, x == ids.a)', 'ids')).toEqual({ names: ['a'], isOpen: false })
    expect(memberUse('ids[data.x] == 1', 'ids')).toEqual({ names: [], isOpen: true })
    expect(memberUse('ids == data.x', 'ids')).toEqual({ names: [], isOpen: true })
    expect(memberUse('data.x == 1', 'ids')).toEqual({ names: [], isOpen: false })
  })
})
