import { describe, expect, it } from 'vitest'
import { type IdempotencyScope, idempotencyKey } from '../../src/policy/idempotency.js'

const scope: IdempotencyScope = {
  eventId: 'evt_1',
  replay: 0,
  agent: 'disputes',
  tool: 'refund',
  ids: { charge: 'ch_1', run: '7' },
  ordinal: 0,
}

describe('idempotencyKey', () => {
  it('is the same for the same write, in whatever order its ids come', () => {
    expect(idempotencyKey({ ...scope, ids: { run: '7', charge: 'ch_1' } })).toBe(idempotencyKey(scope))
  })

  it('fits the keys that APIs take: up to 255 plain characters', () => {
    expect(idempotencyKey(scope)).toMatch(/^rouse_[0-9a-f]{64}$/)
  })

  it.each([
    ['event', { eventId: 'evt_2' }],
    ['replay', { replay: 1 }],
    ['agent', { agent: 'other' }],
    ['tool', { tool: 'other' }],
    ['id', { ids: { charge: 'ch_2', run: '7' } }],
    ['name of an id', { ids: { charg: 'ch_1', run: '7' } }],
    ['ordinal', { ordinal: 1 }],
  ])('is another one for another %s', (_name, changes) => {
    expect(idempotencyKey({ ...scope, ...changes })).not.toBe(idempotencyKey(scope))
  })
})
