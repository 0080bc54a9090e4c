import { describe, expect, it } from 'vitest'
import { ownFile, readAttacks } from './format.js'
import { bodyHandlers } from './receiver/bodies.js'
import { handlerOf } from './receiver/by-words.js'
import { framingHandlers } from './receiver/framing.js'
import { pageHandlers } from './receiver/pages.js'
import { requestHandlers } from './receiver/requests.js'
import { signatureHandlers } from './receiver/signatures.js'
import { visitHandlers } from './receiver/visits.js'
import { playOf } from './scenarios/by-words.js'
import { refusedByWords } from './scenarios/configs.js'
import { changedObject, changedPolicy, expired, otherRun, replayed } from './scenarios/gates.js'
import { formOf } from './setting.js'
import { turnsOf } from './turns.js'
import { argOf, quotasOf, quotaText, sumsOf } from './world-words.js'

describe('the words of a world', () => {
  it.each([
    ['int 1..5', { type: 'integer', min: 1, max: 5 }],
    ['int 1..facts.amount', { type: 'integer', min: 1 }],
    ['int >= 1', { type: 'integer', min: 1 }],
    ['number 0.5..50', { type: 'number', min: 0.5, max: 50 }],
    ['decimal', { type: 'number' }],
    ['bool', { type: 'boolean' }],
    ['enum a|b c', { enum: ['a', 'b c'] }],
    ['enum a, b', { enum: ['a', 'b'] }],
    ['text<=100', { type: 'text', max_length: 100 }],
    ['text <= 100?', { type: 'text', max_length: 100, optional: true }],
    ['optional text 1..100', { type: 'text', max_length: 100, optional: true }],
    ['pattern ^[A-Z]{3}-[0-9]+$', { pattern: '^[A-Z]{3}-[0-9]+$' }],
    ['list<=3 of a|b', { type: 'list', enum: ['a', 'b'], max_items: 3 }],
    ['a word that nobody knows', { type: 'text', max_length: 200 }],
  ])('are an argument: %s', (words, entry) => {
    expect(argOf(words).entry).toEqual(entry)
  })

  it.each([
    ['stripe charge.dispute.created evt_1', { charge: 'ch_1', customer: 'cus_1' }, 'stripe'],
    ['stripe invoice.paid evt_1', { invoice: 'in_1' }, 'described'],
    ['github issues.opened, public repo', { repo: 'a/b', issue: 1 }, 'github'],
    ['github release.published', { repo: 'a/b', release: 1 }, 'described'],
    ['gitlab merge_request.open', { project: 1 }, 'described'],
  ] as const)('are a sender whose deliveries can be made: %s', (event, scope, form) => {
    expect(formOf({ event, scope })).toBe(form)
  })

  it('name the fact that an argument is bound by', () => {
    expect(argOf('int facts.least..facts.most')).toMatchObject({ least: 'least', most: 'most' })
  })

  it.each([
    ['1 per charge', ['1/subject']],
    ['2 per run', ['2/run']],
    ['1 per run+attempt', ['1/subject']],
    ['once per ticket', ['1/subject']],
    ['20/day', ['20/day']],
    ['5 per hour', ['5/day']],
    ['1 per charge; 20 per day', ['1/subject', '20/day']],
    ['1 per charge and 20 per day', ['1/subject', '20/day']],
  ])('are a budget: %s', (max, quotas) => {
    expect(quotasOf({ max }).map(quotaText)).toEqual(quotas)
  })

  it.each([
    ['amount <= 20000 per day', [{ arg: 'amount', limit: 20_000, per: 'day' }]],
    ['20,000 per day', [{ arg: 'amount', limit: 20_000, per: 'day' }]],
    ['sum of amount: 500 per order', [{ arg: 'amount', limit: 500, per: 'subject' }]],
    ['amount<=100/run', [{ arg: 'amount', limit: 100, per: 'run' }]],
  ])('are a sum: %s', (sum, sums) => {
    expect(sumsOf({ sum, args: { note: 'text<=10', amount: 'int 1..9' } })).toEqual(sums)
  })
})

describe('the items of a model', () => {
  const { world } = readAttacks(ownFile)
  const call = { tool: 'get_issue', args: {} }
  const turn = { calls: [call] }

  it.each([
    [{ ...call, finish_reason: 'length' }, [{ ...turn, finish: 'length' }]],
    [{ parallel: [call], finish_reason: 'content_filter' }, [{ ...turn, finish: 'content_filter' }]],
    [{ ...call, '@repeat': 2 }, [turn, turn]],
    [{ parallel: [{ '@repeat': 2, call }] }, [{ calls: [call, call] }]],
    [{ tool_calls: [{ name: 'get_issue', arguments: {} }] }, [turn]],
    [{ reasoning: { tool: 'close_issue' } }, [{ calls: [], text: '{"tool":"close_issue"}' }]],
    [
      { stream: ['{"amount":50', '00,"reason":"dup', '<reset>'] },
      [{ calls: [{ tool: 'refund_charge', raw: '{"amount":5000,"reason":"dup' }], isCut: true }],
    ],
  ])('are answers: %j', (item, turns) => {
    expect(turnsOf([item], world)).toEqual(turns)
  })
})

describe('what is given of a case', () => {
  const model = [{ tool: 'close_issue', args: {} }]
  const given = (text: string) =>
    playOf({ id: 'X1', layer: 'enforcement', name: '', agent: 'triage', given: text, model, expect: 'hold' })

  it.each([
    ['the approval is used twice', replayed],
    ['approved 30 h later', expired],
    ['approval of run A used in run B', otherRun],
    ['policy edited between approval and execution', changedPolicy],
    ['a person closed the issue in between, after the approval', changedObject],
  ])('is played: %s', (text, play) => {
    expect(given(text)).toBe(play)
  })

  it('is a configuration that does not load, where that is expected', () => {
    const attack = { id: 'X1', layer: 'enforcement', name: '', agent: 'ops', model: [] }
    const given = 'credential used at another origin'
    expect(playOf({ ...attack, given, expect: 'config error at load' })).toBe(refusedByWords)
  })

  it.each(['', 'ticket text: "hello"', 'agent in shadow', 'the issue is in Spanish'])(
    'needs nothing: "%s"',
    (text) => {
      expect(given(text)).toBeUndefined()
    },
  )
})

describe('what a raw request is', () => {
  const all = {
    ...{ ...signatureHandlers, ...bodyHandlers, ...requestHandlers },
    ...{ ...pageHandlers, ...framingHandlers, ...visitHandlers },
  }
  const byWords = (name: string, send = '') =>
    handlerOf({ id: 'X1', layer: 'receiver', name, send, expect: '' })

  it.each([
    ['smuggling with CL and TE', 'both'],
    ['two different lengths', 'lengths', 'Content-Length twice'],
    ['clickjacking', 'headers'],
    ['session cookie', 'cookie', 'HttpOnly; SameSite'],
    ['form POST from elsewhere', 'foreign', 'CSRF'],
    ['a header is folded', 'headers2', 'obs-fold'],
    ['the same bytes after a restart', 'R017 restart'],
  ])('is known by its words: %s', (name, id, send = '') => {
    const wanted = id === 'headers' ? visitHandlers['headers'] : all[id as keyof typeof all]
    expect(byWords(name, send)).toBe(id === 'headers2' ? framingHandlers['headers'] : wanted)
  })

  it('is known for nearly all that we send ourselves, were they called otherwise', () => {
    const { receiver } = readAttacks(ownFile)
    const unknown = receiver.filter((wanted) => handlerOf({ ...wanted, id: 'X1' }) === undefined)
    expect(unknown.map(({ id }) => id)).toEqual([])
  })

  it('is unknown where it says nothing', () => {
    expect(byWords('something quite different', 'a song')).toBeUndefined()
  })
})
