import { describe, expect, it } from 'vitest'
import { PolicyError } from '../../src/domain/errors.js'
import { checkGrant } from '../../src/policy/grant.js'
import { bindings } from '../tools/tools.js'
import { aGrant, verdictOf } from './policy.js'

const facts = { charge: { amount: 5000, amount_refunded: 1000 } }
const rule = 'args.amount <= facts.charge.amount - facts.charge.amount_refunded'

describe('checkGrant', () => {
  it('allows where there is no condition', () => {
    expect(verdictOf(() => checkGrant(aGrant(), bindings()))).toBe('allowed')
  })

  it.each([
    [4000, 'allowed'],
    [4001, 'policy.constraint'],
  ])('holds an amount of %i to what the facts leave', (amount, verdict) => {
    expect(verdictOf(() => checkGrant(aGrant({ if: rule }), bindings({ args: { amount }, facts })))).toBe(
      verdict,
    )
  })

  it.each([
    ['false', 'false', {}],
    ['a missing fact', rule, { args: { amount: 1 }, facts: {} }],
    ['a missing field of a fact', rule, { args: { amount: 1 }, facts: { charge: { amount: 5 } } }],
    ['a missing argument', rule, { facts }],
    [
      'a fact of another type',
      rule,
      { args: { amount: 1 }, facts: { charge: { amount: '5000', amount_refunded: 0 } } },
    ],
    ['a fact that is null', rule, { args: { amount: 1 }, facts: { charge: null } }],
    ['a number for an answer', 'args.amount', { args: { amount: 1 } }],
    ['a text for an answer', 'ids.charge', { ids: { charge: 'true' } }],
    ['null for an answer', 'null', {}],
    ['a division by zero', '1 / 0 == 1', {}],
  ])('denies on %s', (_name, source, given) => {
    expect(verdictOf(() => checkGrant(aGrant({ if: source }), bindings(given)))).toBe('policy.constraint')
  })

  it('decides by ids and event too', () => {
    const grant = aGrant({ if: "ids.repo == 'acme/web' && event.type == 'push'" })
    const given = { ids: { repo: 'acme/web' }, event: { type: 'push' } }
    expect(verdictOf(() => checkGrant(grant, bindings(given)))).toBe('allowed')
    expect(verdictOf(() => checkGrant(grant, bindings({ ...given, ids: { repo: 'acme/other' } })))).toBe(
      'policy.constraint',
    )
  })

  it('tells the model that it may not, and the ledger why', () => {
    let error: unknown
    try {
      checkGrant(aGrant({ if: rule }), bindings({ args: { amount: 4001 }, facts }))
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(PolicyError)
    expect(error).toMatchObject({
      message: 'the condition under which this agent may use refund is not met',
      details: { tool: 'refund', condition: rule, reason: 'false' },
    })
  })
})
