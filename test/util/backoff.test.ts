import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffMs, retryAfterMs } from '../../src/util/backoff.js'

const bounds = { firstMs: 1000, maxMs: 60_000 }

describe('backoffMs', () => {
  it('doubles up to its most, with jitter over the upper half', () => {
    const least = [1, 2, 3, 7, 100].map((attempt) => backoffMs(attempt, bounds, () => 0))
    const most = [1, 2, 3, 7, 100].map((attempt) => backoffMs(attempt, bounds, () => 1))
    expect(least).toEqual([500, 1000, 2000, 30_000, 30_000])
    expect(most).toEqual([1000, 2000, 4000, 60_000, 60_000])
  })

  it('is within its bounds whatever the attempt', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 86_400_000 }),
        (attempt, firstMs, maxMs) => {
          const ms = backoffMs(attempt, { firstMs, maxMs })
          expect(ms).toBeGreaterThanOrEqual(Math.floor(Math.min(firstMs, maxMs) / 2))
          expect(ms).toBeLessThanOrEqual(maxMs)
        },
      ),
    )
  })
})

describe('retryAfterMs', () => {
  const now = Date.parse('2026-11-21T07:00:00Z')

  it.each<[string | null | undefined, number | undefined]>([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5000],
    ['Sat, 21 Nov 2026 07:00:05 GMT', 5000],
    ['Sat, 21 Nov 2026 06:59:59 GMT', 0],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    [null, undefined],
    [undefined, undefined],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['9999999999', undefined],
    ['soon', undefined],
    ['2026-11-21T07:00:05Z', undefined],
    ['Sat, 99999', undefined],
    ['Sat, 21 Nov 99999 07:00:05 GMT', undefined],
    ['Sat, 45 Nov 2026 07:00:05 GMT', undefined],
    ['Sat, 21 Nov 2026 07:00:05 +0200', undefined],
    ['120, 120', undefined],
  ])('of %j is %j', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected)
  })
})
