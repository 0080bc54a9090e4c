import fc from 'fast-check'
import { expect, test } from 'vitest'
import { spreadJson, spreadText } from '../../src/util/spread-json.js'

test('JSON gets line breaks and keeps every character of its strings and numbers', () => {
  expect(spreadJson('{"a":[1.0,{}],"b":"x: {\\"y\\"}, ","c":[]}')).toBe(
    '{\n  "a": [\n    1.0,\n    {}\n  ],\n  "b": "x: {\\"y\\"}, ",\n  "c": []\n}',
  )
})

test('spreading JSON changes nothing but white space', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value)
      expect(JSON.stringify(JSON.parse(spreadJson(text)))).toBe(JSON.stringify(JSON.parse(text)))
    }),
  )
})

test('a text that only looks like JSON stays as it is', () => {
  for (const text of ['{"a":', 'plain', '[1] and more']) expect(spreadText(text)).toBe(text)
})
