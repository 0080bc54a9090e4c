import { describe, expect, it } from 'vitest'
import { classifyWrite, type SendHistory, type WriteOutcome } from '../../src/policy/outcome.js'

const statuses = Array.from({ length: 500 }, (_none, at) => at + 100)
const first: SendHistory = { earlier: 'none', hasKey: true, refusals: [] }
const again: SendHistory = { ...first, earlier: 'same_bytes' }
const restored: SendHistory = { ...first, earlier: 'perhaps_other_bytes' }
const outcomeOf = (status: number, history: SendHistory) =>
  classifyWrite({ kind: 'answered', status }, history)
const withOutcome = (outcome: WriteOutcome, history: SendHistory) =>
  statuses.filter((status) => outcomeOf(status, history) === outcome)
const successes = statuses.filter((status) => status >= 200 && status < 300)

describe('classifyWrite, of a first send', () => {
  it('confirms on every 2xx and nothing else', () => {
    expect(withOutcome('confirmed', first)).toEqual(successes)
  })

  it('rejects on definite refusals only; everything else is unknown', () => {
    expect(withOutcome('rejected', first)).toEqual([400, 401, 403, 404, 422])
    for (const status of [301, 302, 304, 307, 405, 408, 409, 410, 429, 500, 502, 503, 504]) {
      expect(outcomeOf(status, first)).toBe('unknown')
    }
  })

  it('believes the refusals that the tool declares, and asks later where the API is only busy', () => {
    const told: SendHistory = { ...first, refusals: [409, 410, 429] }
    expect(withOutcome('rejected', told)).toEqual([400, 401, 403, 404, 409, 410, 422])
    expect(withOutcome('later', told)).toEqual([429])
    expect(withOutcome('later', first)).toEqual([])
  })

  it('knows that what was not sent did not happen, and nothing where no answer came', () => {
    expect(classifyWrite({ kind: 'not_sent' }, first)).toBe('not_sent')
    expect(classifyWrite({ kind: 'no_answer' }, first)).toBe('unknown')
  })
})

describe('classifyWrite, of a request that may have gone out before', () => {
  it('never lets a failed resend speak for a send whose outcome is unknown', () => {
    for (const history of [again, restored, { ...again, hasKey: false }]) {
      expect(classifyWrite({ kind: 'not_sent' }, history)).toBe('unknown')
      expect(classifyWrite({ kind: 'no_answer' }, history)).toBe('unknown')
      expect(withOutcome('confirmed', history)).toEqual(successes)
      const told = { ...history, refusals: [401, 403, 404, 409, 410, 429] }
      for (const status of [401, 403, 404, 409, 410, 429]) expect(outcomeOf(status, told)).toBe('unknown')
    }
  })

  it('rejects on 400 only, which speaks of bytes that were the same', () => {
    expect(withOutcome('rejected', again)).toEqual([400])
    // Without a key it may say, as 422 may, that the object is there already.
    expect(withOutcome('rejected', { ...again, hasKey: false })).toEqual([])
    expect(withOutcome('rejected', restored)).toEqual([])
  })

  it('waits for the first while it is still under way: 409 is not an answer', () => {
    expect(outcomeOf(409, again)).toBe('unknown')
  })

  it('stops where the key belongs to other bytes', () => {
    expect(withOutcome('clash', again)).toEqual([422])
    // Some APIs say 400 to that. Where the bytes were the same it means what it says.
    expect(withOutcome('clash', restored)).toEqual([400, 422])
    // Without a key, 422 may say that the object is there already: it has to be looked for.
    expect(withOutcome('clash', { ...again, hasKey: false })).toEqual([])
    expect(outcomeOf(422, { ...again, hasKey: false })).toBe('unknown')
  })
})
