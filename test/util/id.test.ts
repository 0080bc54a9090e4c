import { describe, expect, it } from 'vitest'
import { type IdPrefix, idPrefix, newId } from '../../src/util/id.js'

const prefixes: IdPrefix[] = ['evt', 'dlv', 'run', 'stp', 'apr', 'tcl']

describe('newId', () => {
  it.each(prefixes)('makes a UUIDv7 that says that it names a %s', (prefix) => {
    const id = newId(prefix)
    expect(id).toMatch(new RegExp(`^${prefix}_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$`))
    expect(idPrefix(id)).toBe(prefix)
  })

  it('begins with the time, so that later ids sort later', () => {
    const before = Date.now()
    const at = Number.parseInt(newId('evt').slice(4, 16), 16)
    expect(at).toBeGreaterThanOrEqual(before)
    expect(at).toBeLessThanOrEqual(Date.now())
  })

  it('makes no id twice', () => {
    expect(new Set(Array.from({ length: 20_000 }, () => newId('evt'))).size).toBe(20_000)
  })
})

describe('idPrefix', () => {
  it.each([
    '',
    'evt',
    'evt_',
    `evt_${'0'.repeat(31)}`,
    `evt_${'0'.repeat(33)}`,
    `evt_${'A'.repeat(32)}`,
    `foo_${'0'.repeat(32)}`,
    `evt-${'0'.repeat(32)}`,
    ` evt_${'0'.repeat(32)}`,
    `evt_${'0'.repeat(32)}\n`,
    `evt_${'0'.repeat(31)}'`,
  ])('knows no %j', (text) => {
    expect(idPrefix(text)).toBeUndefined()
  })
})
