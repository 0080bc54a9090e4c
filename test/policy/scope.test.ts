import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boundIdsOf, readYields, scopeOf } from '../../src/policy/scope.js'
import type { JsonObject, JsonValue } from '../../src/util/json.js'
import { compilePath } from '../../src/util/path.js'
import { compilePattern } from '../../src/util/pattern.js'
import { aTool } from '../tools/tools.js'

describe('scopeOf', () => {
  it('is the event’s ids, and grows by what answers yield', () => {
    expect(scopeOf({ charge: 'ch_1' }, [])).toEqual({ charge: 'ch_1' })
    expect(scopeOf({ charge: 'ch_1' }, [{ customer: 'cus_1' }, {}, { card: 'card_1' }])).toEqual({
      charge: 'ch_1',
      customer: 'cus_1',
      card: 'card_1',
    })
  })

  it('never puts another value in the place of one that is there', () => {
    expect(
      scopeOf({ charge: 'ch_1' }, [{ charge: 'ch_EVIL', customer: 'cus_1' }, { customer: 'cus_EVIL' }]),
    ).toEqual({
      charge: 'ch_1',
      customer: 'cus_1',
    })
  })

  it('keeps the event’s ids, whatever is yielded', () => {
    const ids = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'), fc.string())
    fc.assert(
      fc.property(ids, fc.array(ids), (eventIds, yields) => {
        const scope = scopeOf(eventIds, yields)
        for (const [name, value] of Object.entries(eventIds)) expect(scope[name]).toBe(value)
      }),
    )
  })
})

describe('readYields', () => {
  const tool = aTool({
    yields: {
      customer: { path: compilePath('customer'), pattern: compilePattern('^cus_[A-Za-z0-9]+$') },
      account: { path: compilePath('data.account.id'), pattern: compilePattern('\\d+') },
    },
  })

  it('reads declared paths, numbers with every digit', () => {
    expect(
      readYields(tool, { customer: 'cus_V1', data: { account: { id: 9007199254740993n } }, other: 'x' }),
    ).toEqual({
      customer: 'cus_V1',
      account: '9007199254740993',
    })
  })

  const others: (JsonValue | undefined)[] = [
    undefined,
    null,
    [],
    { customer: null },
    { customer: '' },
    { customer: 'cus_V1/../x' },
    { customer: 'cus_V1\n' },
    { customer: ['cus_V1'] },
    { customer: { id: 'cus_V1' } },
    { customer: 'xcus_V1' },
    { data: { account: { id: 1.5 } } },
  ]
  it.each(others.map((body) => [body]))('yields nothing from %j', (body) => {
    expect(readYields(tool, body)).toEqual({})
  })

  it('reads own properties only', () => {
    const odd = aTool({
      yields: { name: { path: compilePath('constructor.name'), pattern: compilePattern('.*') } },
    })
    expect(readYields(odd, {} as JsonObject)).toEqual({})
  })
})

describe('boundIdsOf', () => {
  it('takes the ids that the tool is bound to, by name, and no other', () => {
    const tool = aTool({ boundIds: ['run', 'repo'] })
    expect(Object.entries(boundIdsOf(tool, { run: '7', other: 'x', repo: 'acme/web' }))).toEqual([
      ['repo', 'acme/web'],
      ['run', '7'],
    ])
  })
})
