import { expect, test } from 'vitest'
import { formatFields, formatTable } from '../../src/cli/table.js'
import { widthOf } from '../../src/cli/text.js'

test('a table gives way where it may until it fits', () => {
  const columns = [{ title: 'ID' }, { title: 'TEXT', shrinkTo: 5 }, { title: 'N', align: 'right' as const }]
  const rows = [
    ['a', 'x'.repeat(50), '1'],
    ['b', '価格'.repeat(20), '22'],
  ]
  const lines = formatTable(columns, rows, 30).split('\n')
  expect(lines.map(widthOf)).toEqual([30, 30, 30])
  expect(lines[1]).toBe(`a   ${'x'.repeat(21)}…   1`)
})

test('a table never cuts what may not be cut', () => {
  expect(formatTable([{ title: 'ID' }], [['x'.repeat(50)]], 10)).toContain('x'.repeat(50))
})

test('fields without a value are left out, and lines of a value stay under it', () => {
  expect(
    formatFields([
      ['a', '1'],
      ['none', undefined],
      ['long', 'x\ny'],
    ]),
  ).toBe('a     1\nlong  x\n      y')
})
