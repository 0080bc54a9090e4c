import { describe, expect, it } from 'vitest'
import { type Answered, answerOf } from '../../../src/admin/pages/now-words.js'
import type { Condition } from '../../../src/admin/pages/source-health.js'

type Source = Answered['sources'][number]

function source(name: string, condition: Condition): Source {
  const settings = { kind: 'github', options: {}, idNames: [], keepMs: undefined, label: undefined, self: [] }
  return { settings: { ...settings, name }, condition, lastSeenAt: 1 }
}

const fine = source('ci', { is: 'fine' })
const silent = source('payments', { is: 'silent', forMs: 1, usualMs: 1 })
const refused = source('tickets', { is: 'refused', lastAt: 1, reason: 'verification.signature_mismatch' })
const well: Answered = {
  unready: undefined,
  sources: [fine],
  waiting: 0,
  held: 0,
  died: 0,
  alerts: 0,
  stalled: 0,
}

describe('the answer to “is all well?”', () => {
  it.each<[string, Partial<Answered>, string, string]>([
    ['nothing is wrong', {}, 'good', 'Everything is arriving; nothing waits for you.'],
    ['calls wait', { waiting: 2 }, 'wait', 'Everything is arriving; 2 calls wait for you.'],
    ['one call waits', { waiting: 1 }, 'wait', 'Everything is arriving; 1 call waits for you.'],
    [
      'a write is held too',
      { waiting: 2, held: 1 },
      'bad',
      'Everything is arriving; 2 calls and 1 held write wait for you.',
    ],
    [
      'an alert stands',
      { alerts: 1 },
      'bad',
      'Everything is arriving; 1 alert stands; nothing waits for you.',
    ],
    [
      'runs died and others wait for what is away',
      { died: 3, stalled: 1 },
      'bad',
      'Everything is arriving; 3 runs died in the last day; 1 run is held up; nothing waits for you.',
    ],
    [
      'a source is silent',
      { sources: [fine, silent] },
      'wait',
      'payments is silent for longer than usual; nothing waits for you.',
    ],
    [
      'deliveries are refused',
      { sources: [refused] },
      'bad',
      'Deliveries to tickets are refused; nothing waits for you.',
    ],
    [
      'more is wrong than has room',
      { sources: [silent, refused, silent, refused] },
      'bad',
      'payments is silent for longer than usual, deliveries to tickets are refused and 2 more sources are in trouble; nothing waits for you.',
    ],
    [
      'the disk is full',
      { unready: 'the disk is full' },
      'bad',
      'Deliveries are refused now (the disk is full); nothing waits for you.',
    ],
    ['there is no source', { sources: [] }, 'none', 'No source is configured yet; nothing waits for you.'],
    [
      'nothing has come',
      { sources: [{ ...source('ci', { is: 'new' }), lastSeenAt: undefined }] },
      'none',
      'Nothing has arrived yet; nothing waits for you.',
    ],
  ])('says what there is when %s', (_case, facts, tone, text) => {
    expect(answerOf({ ...well, ...facts })).toEqual({ tone, text })
  })

  it('shows no control or direction character of a source or a reason', () => {
    const { text } = answerOf({ ...well, unready: 'a\u202eb\u001b[2J' })
    expect(text).toContain('a\\u202eb\\u001b[2J')
  })
})
