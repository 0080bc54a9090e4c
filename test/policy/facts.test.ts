import { describe, expect, it } from 'vitest'
import { changedFacts, factPathsOf, pickFacts } from '../../src/policy/facts.js'
import { aTool, template } from '../tools/tools.js'
import { aGrant } from './policy.js'

const facts = { charge: { amount: 5000, refunds: [{ id: 're_1' }], updated: 1 }, plan: 'pro' }
const paths = (condition?: string, changes: Parameters<typeof aTool>[0] = {}) =>
  factPathsOf(aGrant(condition === undefined ? {} : { if: condition }), aTool(changes)).map((path) =>
    path.join('.'),
  )

describe('the facts that a decision rests on', () => {
  it.each([
    [
      'args.amount <= facts.charge.amount - facts.charge.amount_refunded',
      ['charge.amount', 'charge.amount_refunded'],
    ],
    ["facts['charge']['amount'] > 0", ['charge.amount']],
    ['facts.charge.refunds[0].id == "x"', ['charge.refunds.0.id']],
    ['size(facts.charge.refunds) == 0', ['charge.refunds']],
    ['facts.charge.refunds.exists(refund, refund.id == args.id)', ['charge.refunds']],
    ['facts.charge[args.name] == 1', ['charge']],
    ['size(facts) > 0', ['']],
    ['ids.charge == "ch_1"', []],
  ])('of %s', (condition, wanted) => {
    expect(paths(condition)).toEqual(wanted)
  })

  it('are also those that go into the request', () => {
    const query: [string, ReturnType<typeof template>][] = [['plan', template('{{ facts.plan }}')]]
    const body = {
      kind: 'json',
      tree: { kind: 'object', entries: [['a', template('x {{ facts.charge.amount }}')]] },
    } as const
    expect(paths(undefined, { query, body })).toEqual(['charge.amount', 'plan'])
  })
})

describe('what changed', () => {
  const picked = pickFacts(facts, [
    ['charge', 'amount'],
    ['charge', 'refunds', '0', 'id'],
    ['charge', 'gone'],
  ])

  it('has a value for each path, null where there is none', () => {
    expect({ ...picked }).toEqual({
      'charge.amount': 5000,
      'charge.refunds.0.id': 're_1',
      'charge.gone': null,
    })
  })

  it('is named by its path, and nothing else counts', () => {
    const later = { ...facts, charge: { ...facts.charge, amount: 4000, updated: 2 } }
    const again = pickFacts(later, [
      ['charge', 'amount'],
      ['charge', 'refunds', '0', 'id'],
      ['charge', 'gone'],
    ])
    expect(changedFacts(picked, again)).toEqual(['charge.amount'])
    expect(changedFacts(picked, picked)).toEqual([])
    expect(changedFacts(picked, {})).toEqual(['charge.amount', 'charge.refunds.0.id'])
  })

  it('reads nothing that is not the value’s own', () => {
    expect({
      ...pickFacts({ charge: {} }, [
        ['charge', 'constructor'],
        ['__proto__', 'polluted'],
      ]),
    }).toEqual({
      'charge.constructor': null,
      '__proto__.polluted': null,
    })
  })
})
