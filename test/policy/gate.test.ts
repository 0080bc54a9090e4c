import { describe, expect, it } from 'vitest'
import { type ApprovalBinding, approvalDigest } from '../../src/policy/gate.js'

const binding: ApprovalBinding = {
  runId: 'run_1',
  eventId: 'evt_1',
  agent: 'disputes',
  tool: 'refund',
  requestDigest: 'ab',
  facts: { 'charge.amount': 5 },
  rulesDigest: 'cd',
  expiresAt: 1000,
}

describe('approvalDigest', () => {
  it('is the same for the same things', () => {
    expect(approvalDigest(binding)).toMatch(/^[0-9a-f]{64}$/)
    expect(approvalDigest({ ...binding })).toBe(approvalDigest(binding))
  })

  it.each(Object.keys(binding) as (keyof ApprovalBinding)[])('is another one when %s is another', (name) => {
    const others: Partial<ApprovalBinding> = { expiresAt: 1001, facts: { 'charge.amount': 6 } }
    const changed = { ...binding, [name]: others[name] ?? `${String(binding[name])}x` }
    expect(approvalDigest(changed)).not.toBe(approvalDigest(binding))
  })

  it('does not confuse where one part ends and the next begins', () => {
    expect(approvalDigest({ ...binding, agent: 'a', tool: 'bc' })).not.toBe(
      approvalDigest({ ...binding, agent: 'ab', tool: 'c' }),
    )
  })
})
