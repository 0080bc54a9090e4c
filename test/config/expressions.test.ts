import { describe, expect, it } from 'vitest'
import { compileExpression, expressionType, memberUse } from '../../src/util/cel.js'

describe('memberUse', () => {
  it.each([
    ['args.a == args.b', ['a', 'b'], false],
    ["args['a'] == 1", ['a'], false],
    ['has(args.a) && args.a.b.c > 1', ['a'], false],
    ['[1, 2].exists(x, x == args.n)', ['n'], false],
    ['args[ids.x]', [], true],
    ['args', [], true],
    ['size(args) > 0 && args.a', ['a'], true],
    ['ids.args == 1', [], false],
    ["'args.a' == ids.b", [], false],
    ['facts.x.map(y, y.id == args.z)', ['z'], false],
    ['event.type == type && args.type == 1', ['type'], false],
  ])('of args in %s', (source, names, isOpen) => {
    expect(memberUse(source, 'args')).toEqual({ names, isOpen })
  })
})

describe('expressionType', () => {
  it.each([
    ["data.x == 'a'", 'bool'],
    ['data.x', 'dyn'],
    ['1 + 1', 'int'],
    ["string(data.x) + 'a'", 'string'],
    ["type == 'a'", 'bool'],
  ])('of %s is %s', (source, type) => {
    expect(expressionType(source)).toBe(type)
  })

  it.each(["'a' + 1", 'nothing(1)', "re('a', 5)"])('refuses %s, which can never run', (source) => {
    expect(() => expressionType(source)).toThrow()
  })
})

describe('compileExpression', () => {
  it('refuses a pattern that is none before any event comes', () => {
    expect(() => compileExpression("re(data.x, '(')", ['data'])).toThrow(/missing closing/)
    expect(() => compileExpression("data.x.matches('a')", ['data'])).toThrow(/exponential/)
    expect(() => compileExpression("matches(data.x, 'a')", ['data'])).toThrow(/exponential/)
  })
})
