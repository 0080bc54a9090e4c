import { describe, expect, it } from 'vitest'
import type { Grant } from '../../src/domain/agent.js'
import { type BudgetScope, reservationsFor } from '../../src/policy/budget.js'
import type { JsonObject } from '../../src/util/json.js'
import { aTool } from '../tools/tools.js'
import { aGrant, verdictOf } from './policy.js'

const tool = aTool({ name: 'refund', boundIds: ['charge'] })
const scope: BudgetScope = {
  runId: 'run_1',
  subject: 'du_1',
  ids: { charge: 'ch_1', other: 'x' },
  now: Date.UTC(2026, 10, 21, 23, 59, 59, 999),
  args: { amount: 500 },
}

function countersOf(grant: Partial<Grant>, changes: Partial<BudgetScope> = {}, used = tool): string[] {
  return reservationsFor(aGrant(grant), used, { ...scope, ...changes }).map(({ counter }) => counter)
}

describe('reservationsFor', () => {
  it('counts calls per run, subject and day, and sums an argument', () => {
    const grant = aGrant({
      max: [
        { limit: 3, per: 'run' },
        { limit: 1, per: 'subject' },
        { limit: 200, per: 'day' },
      ],
      sum: [{ arg: 'amount', limit: 20_000, per: 'day' }],
    })
    expect(reservationsFor(grant, tool, scope)).toEqual([
      { counter: 'refund|run|run_1', amount: 1, limit: 3 },
      { counter: 'refund|subject|ch_1', amount: 1, limit: 1 },
      { counter: 'refund|day|2026-11-21', amount: 1, limit: 200 },
      { counter: 'refund|day|2026-11-21|amount', amount: 500, limit: 20_000 },
    ])
  })

  it('takes nothing where nothing is limited', () => {
    expect(reservationsFor(aGrant(), tool, scope)).toEqual([])
  })

  it('begins a new day at midnight UTC', () => {
    expect(countersOf({ max: [{ limit: 1, per: 'day' }] }, { now: scope.now + 1 })).toEqual([
      'refund|day|2026-11-22',
    ])
  })

  it('counts a subject by the ids that the tool is bound to, whatever event or run brought them up', () => {
    const max: Grant['max'] = [{ limit: 1, per: 'subject' }]
    const other = { runId: 'run_2', subject: 'du_2', ids: { charge: 'ch_1' } }
    expect(countersOf({ max }, other)).toEqual(countersOf({ max }))
    expect(countersOf({ max }, { ids: { charge: 'ch_2' } })).not.toEqual(countersOf({ max }))
  })

  it('counts by the run’s subject where the tool is bound to nothing', () => {
    expect(countersOf({ max: [{ limit: 1, per: 'subject' }] }, {}, aTool({ name: 'note' }))).toEqual([
      'note|subject|du_1',
    ])
  })

  it('has another counter for other ids that read the same when joined', () => {
    const two = aTool({ boundIds: ['a', 'b'] })
    const max: Grant['max'] = [{ limit: 1, per: 'subject' }]
    const left = countersOf({ max }, { ids: { a: 'x|y', b: 'z' } }, two)
    expect(left).not.toEqual(countersOf({ max }, { ids: { a: 'x', b: 'y|z' } }, two))
    expect(left).not.toEqual(countersOf({ max }, { ids: { a: 'x%7Cy', b: 'z' } }, two))
  })

  const uncountable: JsonObject[] = [
    {},
    { amount: -1 },
    { amount: '5' },
    { amount: null },
    { amount: Number.NaN },
    { amount: 10n },
  ]
  it.each(uncountable.map((args) => [args]))('denies when what is summed cannot be counted: %o', (args) => {
    const grant = aGrant({ sum: [{ arg: 'amount', limit: 100, per: 'day' }] })
    expect(verdictOf(() => reservationsFor(grant, tool, { ...scope, args }))).toBe('policy.budget')
  })

  it('takes the argument only from the call’s own names', () => {
    const grant = aGrant({ sum: [{ arg: 'constructor', limit: 100, per: 'day' }] })
    expect(verdictOf(() => reservationsFor(grant, tool, scope))).toBe('policy.budget')
  })
})
