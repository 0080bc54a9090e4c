import { describe, expect, it } from 'vitest'
import { closest } from '../../src/config/suggest.js'

describe('closest', () => {
  it.each([
    ['descripton', 'description'],
    ['publicUrl', 'public_url'],
    ['pubilc_url', 'public_url'],
    ['hook', 'hooks'],
    ['PUBLIC-URL', 'public_url'],
  ])('%s is meant to be %s', (found, meant) => {
    expect(closest(found, ['description', 'public_url', 'hooks', 'credential'])).toBe(meant)
  })

  it.each(['x', 'temperature', 'ab', '', 'h'.repeat(10_000)])('has no guess for %j', (found) => {
    expect(closest(found, ['description', 'public_url', 'hooks'])).toBeUndefined()
  })
})
