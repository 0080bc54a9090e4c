import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/util/json.js'
import { compilePath, scalarText, valueAt } from '../../src/util/path.js'

const find = (json: string, path: string) => valueAt(parseJson(Buffer.from(json)), compilePath(path))

describe('valueAt', () => {
  it.each<[string, string, unknown]>([
    ['{"a":{"b":1}}', '', { a: { b: 1 } }],
    ['{"a":{"b":1}}', 'a.b', 1],
    ['{"a":{"b":null}}', 'a.b', null],
    ['{"a":{"b":null}}', 'a.b.c', undefined],
    ['{"a":{}}', 'a.b', undefined],
    ['{"a b":{"x-y":1}}', 'a b.x-y', 1],
    ['[{"id":1},{"id":2}]', '[1].id', 2],
    ['[{"id":1}]', '[1].id', undefined],
    ['{"a":[1,2]}', 'a[0]', 1],
    ['{"a":[1,2]}', 'a[99999999999999999999]', undefined],
    ['{"a":[[1,2],[3]]}', 'a[0][1]', 2],
    ['{"a":[{"b":1},{},{"b":null},7]}', 'a[].b', [1, null]],
    ['{"a":[]}', 'a[].b', []],
    ['{"a":{"0":1}}', 'a[0]', undefined],
    ['{"a":{"b":1}}', 'a[].b', undefined],
    ['{"a":[{"b":[1,2]},{"b":[3]}]}', 'a[].b[]', [[1, 2], [3]]],
    ['{"a":[1,2]}', 'a.length', undefined],
    ['{"a":[1,2]}', 'a.0', undefined],
    ['{"a":"text"}', 'a.length', undefined],
    ['{"a":"text"}', 'a[0]', undefined],
    ['{}', 'constructor', undefined],
    ['{}', '__proto__', undefined],
    ['{}', 'toString.name', undefined],
    ['{"a":{}}', 'a.hasOwnProperty', undefined],
    ['{"__proto__":{"id":1}}', '__proto__.id', 1],
    ['{"__proto__":{"id":1}}', 'id', undefined],
    ['{"constructor":"x"}', 'constructor', 'x'],
  ])('of %s at "%s" is own data or nothing', (json, path, expected) => {
    expect(find(json, path)).toEqual(expected)
  })

  it('of nothing is nothing', () => {
    expect(valueAt(undefined, compilePath('a'))).toBeUndefined()
  })
})

describe('compilePath', () => {
  it.each(['.a', 'a.', 'a..b', 'a[', 'a]', 'a[x]', 'a[-1]', 'a.[]', 'a[]b', 'a[0]b', '[]a', '.', 'a[1.5]'])(
    'refuses "%s" and names it',
    (source) => {
      expect(() => compilePath(source)).toThrow(`"${source}" is not a path`)
    },
  )
})

describe('scalarText', () => {
  it('is the text that a sender wrote, and nothing for what is no scalar', () => {
    expect([scalarText(' x '), scalarText(5), scalarText(12345678901234567890n), scalarText(false)]).toEqual([
      ' x ',
      '5',
      '12345678901234567890',
      'false',
    ])
    expect([scalarText(null), scalarText([]), scalarText({}), scalarText(undefined)]).toEqual(
      Array(4).fill(undefined),
    )
  })
})
