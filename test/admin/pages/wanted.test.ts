import { describe, expect, it } from 'vitest'
import { eventsWanted } from '../../../src/admin/pages/events-wanted.js'
import { runsWanted } from '../../../src/admin/pages/runs-wanted.js'
import { hrefOf, readWords, timeOf } from '../../../src/admin/pages/wanted.js'

const now = Date.parse('2026-11-21T07:00:00Z')
const names = ['source', 'subject', 'state']

describe('what a person types to find something', () => {
  it.each([
    ['source:ci rate limit', { source: 'ci' }, 'rate limit'],
    ['subject:"acme/web 42" state:ignored', { subject: 'acme/web 42', state: 'ignored' }, ''],
    ['"two words" source:', {}, 'two words'],
    ['source:ci source:web', { source: 'web' }, ''],
    ['zen:event-type:ticket', {}, 'zen:event-type:ticket'],
    ['subject:"open', { subject: 'open' }, ''],
    ['__proto__:x constructor:y', {}, '__proto__:x constructor:y'],
    ['', {}, ''],
  ])('%j is fields and words', (typed, fields, text) => {
    const words = readWords(typed, names)
    expect([Object.fromEntries(words.fields), words.text]).toEqual([fields, text])
  })

  it('is read in time however long it is', () => {
    const long = 'a:'.repeat(100_000) + '"'.repeat(100_000)
    expect(readWords(long, names).text.length).toBeLessThanOrEqual(500)
  })

  it.each([
    ['2h', now - 7_200_000],
    ['2026-11-20', Date.parse('2026-11-20T00:00:00Z')],
    ['2026-11-20T06:00', Date.parse('2026-11-20T06:00:00Z')],
    ['2026-11-20T06:00:00+02:00', Date.parse('2026-11-20T04:00:00Z')],
    ['yesterday', undefined],
    ['2026-13-45', undefined],
  ])('%j is a time, or none', (typed, at) => {
    expect(timeOf(typed, now)).toBe(at)
  })

  it('of the fields of the form counts before what was typed', () => {
    const query = new URLSearchParams({ q: 'source:ci type:issues.* deploy', source: 'payments', state: '' })
    expect(eventsWanted(query, now).search).toMatchObject({
      source: 'payments',
      type: 'issues.*',
      text: 'deploy',
      state: undefined,
    })
  })

  it('is told back where it is not understood', () => {
    const { problems } = eventsWanted(
      new URLSearchParams({ q: 'state:lost since:soon via:fax id:run_1' }),
      now,
    )
    expect(problems).toEqual([
      'id:run_1 is not understood; it begins with evt_ or dlv_',
      'state:lost is not understood; it is one of recorded, dispatched, ignored',
      'via:fax is not understood; it is one of webhook, poll, schedule',
      'since:soon is not understood; write 2h, 7d, or 2026-11-21T07:00:00Z',
    ])
  })

  it.each([
    ['limit.turns', { errorCode: 'limit.turns' }],
    ['run_0193b6', { id: 'run_0193b6' }],
    [`evt_${'0'.repeat(32)}`, { eventId: `evt_${'0'.repeat(32)}` }],
    ['acme/web#42', { subject: 'acme/web#42' }],
    ['on:model state:parked', { parkedOn: 'model', state: 'parked' }],
  ])('%j finds runs by what it looks like', (q, search) => {
    expect(runsWanted(new URLSearchParams({ q }), now).search).toMatchObject(search)
  })
})

describe('a link to another page of a list', () => {
  it('keeps the filters and nothing that ends an attribute or adds a parameter', () => {
    const query = new URLSearchParams({ q: '"><a &before=x', before: 'evt_1', state: '' })
    const href = hrefOf('/events', query, { before: 'evt_2' })
    expect(href).toBe('/events?q=%22%3E%3Ca+%26before%3Dx&before=evt_2')
  })
})
