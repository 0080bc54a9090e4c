import { expect, test } from 'vitest'
import { createWhen } from '../../src/cli/when.js'
import { now } from './recorded.js'

test('today is told by the clock, other days with their date', () => {
  const when = createWhen(now, 'Europe/Berlin')
  expect(when.at(now)).toBe('08:00:00')
  expect(when.at(now - 86_400_000)).toBe('2026-11-20 08:00:00')
  expect(when.exact(now + 7)).toBe('08:00:00.007')
})

test('relative times say one unit, before and after', () => {
  const when = createWhen(now, 'UTC')
  expect([0, -59_400, -125_000, 3_725_000, -90_000_000].map((ms) => when.ago(now + ms))).toEqual([
    'now',
    '59s ago',
    '2m ago',
    'in 1h',
    '1d ago',
  ])
})
