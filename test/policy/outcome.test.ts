import { describe, expect, it } from 'vitest'
import { classifyWrite, whatToDoWithUnknown } from '../../src/policy/outcome.js'
import { aTool } from '../tools/tools.js'

const statuses = Array.from({ length: 500 }, (_none, at) => at + 100)
const withOutcome = (outcome: string, isResend: boolean) =>
  statuses.filter((status) => classifyWrite({ kind: 'answered', status }, { isResend }) === outcome)

describe('classifyWrite', () => {
  it('confirms on every 2xx and nothing else', () => {
    expect(withOutcome('confirmed', false)).toEqual(
      statuses.filter((status) => status >= 200 && status < 300),
    )
  })

  it('rejects on definite refusals only; everything else is unknown', () => {
    expect(withOutcome('rejected', false)).toEqual([400, 401, 403, 404, 422])
    for (const status of [301, 302, 304, 307, 405, 408, 409, 410, 429, 500, 502, 503, 504]) {
      expect(classifyWrite({ kind: 'answered', status })).toBe('unknown')
    }
  })

  it('knows that what was not sent did not happen, and nothing where no answer came', () => {
    expect(classifyWrite({ kind: 'not_sent' })).toBe('not_sent')
    expect(classifyWrite({ kind: 'no_answer' })).toBe('unknown')
  })

  it('never lets a failed resend speak for a send whose outcome is unknown', () => {
    expect(classifyWrite({ kind: 'not_sent' }, { isResend: true })).toBe('unknown')
    expect(classifyWrite({ kind: 'no_answer' }, { isResend: true })).toBe('unknown')
    expect(withOutcome('rejected', true)).toEqual([400, 422])
    expect(withOutcome('confirmed', true)).toEqual(withOutcome('confirmed', false))
  })
})

describe('whatToDoWithUnknown', () => {
  const tool = aTool({
    onUnknown: 'retry',
    idempotency: { header: 'Idempotency-Key', ttlMs: 100_000 },
    timeoutMs: 10_000,
  })
  const call = { firstSentAt: 1_000_000, sends: 1, idempotencyKey: 'rouse_1' }
  const sentSince = (ms: number) => call.firstSentAt + ms

  it('sends again while the key lives', () => {
    expect(whatToDoWithUnknown(tool, call, sentSince(0))).toBe('retry')
    expect(whatToDoWithUnknown(tool, call, sentSince(89_999))).toBe('retry')
  })

  it.each([
    ['the key would be gone before the answer came', tool, call, sentSince(90_000)],
    ['the key is gone', tool, call, sentSince(1_000_000)],
    ['it was sent thirty times', tool, { ...call, sends: 30 }, sentSince(0)],
    ['the tool says so', { ...tool, onUnknown: 'hold' as const }, call, sentSince(0)],
    ['the tool has no key', { ...tool, idempotency: undefined }, call, sentSince(0)],
    ['the call has no key', tool, { ...call, idempotencyKey: undefined }, sentSince(0)],
    ['nobody knows when it was sent', tool, { ...call, firstSentAt: undefined }, sentSince(0)],
    ['the clock was set back by more than a minute', tool, call, sentSince(-60_000)],
    ['the time is not a number', tool, call, Number.NaN],
  ])('holds when %s', (_name, used, given, now) => {
    expect(whatToDoWithUnknown(used, given, now)).toBe('hold')
  })

  it('is not put off by a clock that was corrected a little', () => {
    expect(whatToDoWithUnknown(tool, call, sentSince(-500))).toBe('retry')
  })
})
