import { describe, expect, it } from 'vitest'
import {
  formatDuration,
  parseCount,
  parseDuration,
  parseRate,
  parseSize,
  parseUsd,
} from '../../src/util/duration.js'

describe('parseDuration', () => {
  it.each<[string, number]>([
    ['250ms', 250],
    ['90s', 90_000],
    ['5m', 300_000],
    ['23h', 82_800_000],
    ['1.5h', 5_400_000],
    ['30d', 2_592_000_000],
    [' 2 s ', 2000],
    ['0s', 0],
    ['0.0004s', 0],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each([
    '',
    '5',
    's',
    '5 minutes',
    '-5s',
    '+5s',
    '1e3s',
    '.5s',
    '5.s',
    '5S',
    '1h 5m',
    '5s;',
    '٥s',
    '5w',
    '0x5s',
  ])('says nothing of "%s"', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })
})

describe('parseSize', () => {
  it.each<[string, number]>([
    ['500B', 500],
    ['32KB', 32_768],
    ['1 MB', 1_048_576],
    ['1mib', 1_048_576],
    ['1.5KiB', 1536],
    ['2GB', 2_147_483_648],
  ])('reads %s by 1024', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  it.each(['', '32', 'KB', '-1KB', '1TB', '1K', '1 K B', '1ib'])('says nothing of "%s"', (text) => {
    expect(parseSize(text)).toBeUndefined()
  })
})

describe('parseCount', () => {
  it.each<[string, number]>([
    ['12000', 12_000],
    ['200k', 200_000],
    ['200K', 200_000],
    ['1.5M', 1_500_000],
    ['0', 0],
  ])('reads %s', (text, count) => {
    expect(parseCount(text)).toBe(count)
  })

  it.each(['', 'k', '1m', '1G', '-1', '1,000', '1e6'])('says nothing of "%s"', (text) => {
    expect(parseCount(text)).toBeUndefined()
  })
})

describe('parseRate', () => {
  it.each<[string, number, number]>([
    ['10/s', 10, 1000],
    ['10/m', 10, 60_000],
    ['10 / min', 10, 60_000],
    ['5000/h', 5000, 3_600_000],
    ['5000/hour', 5000, 3_600_000],
    ['200/d', 200, 86_400_000],
    ['200/day', 200, 86_400_000],
  ])('reads %s', (text, count, perMs) => {
    expect(parseRate(text)).toEqual({ count, perMs })
  })

  it.each(['', '10', '/s', '1.5/s', '-1/s', '10/2s', '10/month', '10/ms', '10/week', '10/s/s'])(
    'says nothing of "%s"',
    (text) => {
      expect(parseRate(text)).toBeUndefined()
    },
  )
})

describe('parseUsd', () => {
  it('reads dollars and no other money', () => {
    expect(['0.50 USD', '3USD', '10 USD'].map(parseUsd)).toEqual([0.5, 3, 10])
    expect(['0.50', '$1', '1 EUR', '-1 USD', '1 usd', 'USD', '1,50 USD'].map(parseUsd)).toEqual(
      Array(7).fill(undefined),
    )
  })
})

describe('formatDuration', () => {
  it.each<[number, string]>([
    [0, '0ms'],
    [450, '450ms'],
    [12_300, '12.3s'],
    [12_000, '12s'],
    [300_000, '5m'],
    [90_000, '1m 30s'],
    [7_500_000, '2h 5m'],
    [273_600_000, '3d 4h'],
    [86_400_000 + 5000, '1d 5s'],
    [3_599_999, '1h'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})
