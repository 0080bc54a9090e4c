import { describe, expect, it } from 'vitest'
import type { ToolCall } from '../../src/domain/tool-call.js'
import { type IdempotencyScope, idempotencyKey, markerOf, ordinalOf } from '../../src/policy/idempotency.js'

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

describe('markerOf', () => {
  it('is short, plain, and its own for each key', () => {
    expect(markerOf(idempotencyKey(scope))).toMatch(/^rouse-[0-9a-f]{32}$/)
    expect(markerOf('rouse_a')).toBe(markerOf('rouse_a'))
    expect(markerOf('rouse_a')).not.toBe(markerOf('rouse_b'))
  })

  it('does not show the key', () => {
    const key = idempotencyKey(scope)
    expect(key).not.toContain(markerOf(key).slice('rouse-'.length))
  })
})

describe('ordinalOf', () => {
  type Row = Pick<ToolCall, 'id' | 'tool' | 'state' | 'ordinal' | 'approvalId'>
  const row = (id: string, changes: Partial<Row> = {}): Row => ({
    id,
    tool: 'refund',
    state: 'proposed',
    ordinal: undefined,
    approvalId: undefined,
    ...changes,
  })
  const ordinals = (calls: Row[]) => calls.map((call) => ordinalOf(calls, call))

  it('counts the calls of the tool in the order in which they were asked for', () => {
    expect(ordinals([row('a'), row('x', { tool: 'other' }), row('b'), row('c')])).toEqual([0, 0, 1, 2])
  })

  it('is the same whoever is approved, denied by a person, expired or sent first', () => {
    for (const state of ['waiting', 'approved', 'denied', 'expired', 'confirmed'] as const) {
      const first = row('a', { state, approvalId: 'apr_1', ...(state === 'confirmed' && { ordinal: 0 }) })
      const second = row('b', { state: 'approved', approvalId: 'apr_2' })
      expect(ordinalOf([first, second], second)).toBe(1)
      expect(ordinalOf([first, second], first)).toBe(0)
    }
    const early = row('b', { state: 'confirmed', ordinal: 1 })
    expect(ordinalOf([row('a'), early], row('a'))).toBe(0)
  })

  it('does not count what policy refused at once', () => {
    const refused = row('a', { state: 'denied' })
    expect(ordinals([refused, row('b')])[1]).toBe(0)
    expect(ordinalOf([row('a', { state: 'denied', ordinal: 0 }), row('b')], row('b'))).toBe(1)
  })

  it('is never one that another call has, also where they were given in another order', () => {
    const calls = [row('a', { state: 'approved' }), row('b', { state: 'confirmed', ordinal: 0 }), row('c')]
    expect(ordinalOf(calls, row('a'))).toBe(1)
    calls[0] = row('a', { state: 'confirmed', ordinal: 1 })
    expect(ordinalOf(calls, row('c'))).toBe(2)
  })

  it('stays what it was once it was given', () => {
    expect(ordinalOf([row('a'), row('b', { ordinal: 7 })], row('b', { ordinal: 7 }))).toBe(7)
  })
})
