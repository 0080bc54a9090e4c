import { expect, it } from 'vitest'
import { Text } from '../../src/admin/ui/parts.js'

const drawn = (of: string) => String(Text({ of }))

it.each(['סכום', 'مبلغ', 'a סכום b'])('keeps %s apart from the numbers beside it', (text) => {
  expect(drawn(text)).toBe(`<bdi dir="ltr">${text}</bdi>`)
})

it('is plain text else, and never markup', () => {
  expect(drawn('amount, Größe, 金額 😀')).toBe('amount, Größe, 金額 😀')
  expect(drawn('<b>\u202e')).toBe('&lt;b&gt;\\u202e')
  expect(drawn('<b>\u05d0')).toBe('<bdi dir="ltr">&lt;b&gt;\u05d0</bdi>')
})
