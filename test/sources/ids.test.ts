import { describe, expect, it } from 'vitest'
import { idRules, idsField, mergeIdRules, readIds, ruleNames } from '../../src/sources/engine/ids.js'
import { parseJson } from '../../src/util/json.js'

function json(text: string) {
  return parseJson(Buffer.from(text))
}

describe('readIds', () => {
  const rules = idRules({ order: ['[0-9]+', 'order.id', 'id'] })

  it('reads numbers over 2^53 from their digits', () => {
    expect(readIds(rules, json('{"order":{"id":9007199254740993}}'))).toEqual({ order: '9007199254740993' })
    expect(readIds(rules, json('{"order":{"id":123456789012345678901234567890}}'))).toEqual({
      order: '123456789012345678901234567890',
    })
  })

  it('leaves out what does not match the whole pattern', () => {
    for (const value of [
      '"12a"',
      '"a12"',
      '"12\\n"',
      '""',
      '-1',
      '1.5',
      'null',
      '{"a":1}',
      '[1]',
      '"１２"',
    ]) {
      expect(readIds(rules, json(`{"order":{"id":${value}}}`))).toEqual({})
    }
    expect(readIds(rules, json(`{"order":{"id":"${'1'.repeat(257)}"}}`))).toEqual({})
  })

  it('takes the first path that has one', () => {
    expect(readIds(rules, json('{"order":{"id":"no"},"id":"7"}'))).toEqual({ order: '7' })
  })

  it('does not hang on a pattern that would backtrack', () => {
    const [rule] = idsField.parse({ slow: 'id ~ (a+)+' })
    expect(readIds(rule ? [rule] : [], json(`{"id":"${'a'.repeat(200)}!"}`))).toEqual({})
  })
})

describe('declared ids', () => {
  it('say what is missing', () => {
    const parsed = idsField.safeParse({ order: 'order.id', Order: 'a ~ b', bad: 'a..b ~ c', open: 'a ~ (' })
    const messages = parsed.success
      ? []
      : parsed.error.issues.map(({ path, message }) => `${path}: ${message}`)
    expect(messages).toEqual([
      'order: "order.id" has no pattern: write "path ~ pattern", as in "order.id ~ ^ord_[a-z0-9]+$"',
      'Order: "Order" is not the name of an id: use a-z, 0-9 and _',
      expect.stringContaining('bad: '),
      expect.stringContaining('open: '),
    ])
  })

  it('stand in for built-in ones of the same name', () => {
    const declared = idsField.parse({ order: 'number ~ [A-Z]+' })
    const merged = mergeIdRules(idRules({ order: ['[0-9]+', 'id'], other: ['x', 'y'] }), declared)
    expect(readIds(merged, { id: '1', number: 'AB' })).toEqual({ order: 'AB' })
    expect(ruleNames(merged)).toEqual(['other', 'order'])
  })
})
