import { describe, expect, it } from 'vitest'
import type { Tool } from '../../src/domain/tool.js'
import { nextMove } from '../../src/policy/unknown.js'
import { aTool } from '../tools/tools.js'

const key = { header: 'Idempotency-Key', ttlMs: 100_000 }
const probe = { tool: 'list', found: undefined, settleMs: 5000 }
const since = 1_000_000
const fresh = {
  sends: 1,
  lastSentAt: since as number | undefined,
  looks: 0,
  lookedAt: undefined as number | undefined,
  idempotencyKey: 'rouse_1' as string | undefined,
  status: undefined as number | undefined,
}
const never = { ...fresh, sends: 0, lastSentAt: undefined }
const once = { ...fresh, looks: 1, lookedAt: since + 5000 }
const twice = { ...fresh, looks: 2, lookedAt: since + 10_000 }
const failing = { ...fresh, sends: 4, status: 500 }

type Call = typeof fresh

/** `send`, `look`, `hold`, or `wait` with the milliseconds after the first send. */
function moveOf(changes: Partial<Tool>, call: Call, afterMs: number): string {
  const next = nextMove(aTool({ timeoutMs: 10_000, ...changes }), call, since, since + afterMs)
  return next.move === 'wait' ? `wait ${next.until - since}` : next.move
}

const hold = { onUnknown: 'hold', idempotency: key, probe } as const
const keyed = { onUnknown: 'retry', idempotency: key } as const
const probed = { onUnknown: 'probe', probe } as const
const both = { onUnknown: 'retry', idempotency: key, probe } as const

describe('what is done about a write of unknown outcome', () => {
  it.each<[string, Partial<Tool>, Call, number, string]>([
    ['on_unknown: hold, whatever else is there', hold, fresh, 0, 'hold'],
    ['on_unknown: hold, looked for already', hold, twice, 20_000, 'hold'],

    ['a key that lives', keyed, fresh, 0, 'send'],
    ['a key that lives just long enough', keyed, fresh, 89_999, 'send'],
    ['a key that would be gone before the answer', keyed, fresh, 90_000, 'hold'],
    ['a key that is gone', keyed, fresh, 1_000_000, 'hold'],
    ['a key, thirty times sent', keyed, { ...fresh, sends: 30 }, 0, 'hold'],
    ['a key, twenty-nine times sent', keyed, { ...fresh, sends: 29 }, 0, 'send'],
    ['a key, the same 500 again and again', keyed, failing, 0, 'send'],
    ['retry without a key at the API', { ...keyed, idempotency: undefined }, fresh, 0, 'hold'],
    ['retry of a call without a key', keyed, { ...fresh, idempotencyKey: undefined }, 0, 'hold'],
    ['a key, never sent by this ledger', keyed, never, 0, 'send'],
    ['a key, the clock a little back', keyed, fresh, -500, 'send'],
    ['a key, the clock back by more than a minute', keyed, fresh, -60_001, 'hold'],
    ['a key, a time that is no number', keyed, fresh, Number.NaN, 'hold'],

    ['a probe, just sent', probed, fresh, 0, 'wait 5000'],
    ['a probe, not settled', probed, fresh, 4999, 'wait 5000'],
    ['a probe, settled', probed, fresh, 5000, 'look'],
    ['a probe, long after', probed, fresh, 9_000_000, 'look'],
    ['a probe that looked once', probed, once, 5001, 'wait 10000'],
    ['a probe that looked once, settled again', probed, once, 10_000, 'look'],
    ['a probe that looked twice', probed, twice, 10_001, 'send'],
    ['a probe that looked twice, twelve times sent', probed, { ...twice, sends: 12 }, 20_000, 'hold'],
    ['a probe, sent again', probed, { ...fresh, sends: 2, lastSentAt: since + 11_000 }, 12_000, 'wait 16000'],
    ['a probe, never sent by this ledger', probed, never, 5000, 'look'],
    ['a probe, the clock back by more than a minute', probed, fresh, -60_001, 'hold'],
    ['a probe, last sent in the future', probed, { ...fresh, lastSentAt: since + 90_000 }, 0, 'hold'],
    ['a probe that is not declared', { onUnknown: 'probe', probe: undefined }, fresh, 0, 'hold'],

    ['key and probe, the key lives', both, fresh, 6000, 'send'],
    ['key and probe, the same 500 three times after the first', both, failing, 6000, 'look'],
    [
      'key and probe, an answer that is lost each time',
      both,
      { ...failing, status: undefined },
      6000,
      'send',
    ],
    ['key and probe, the key is gone', both, fresh, 95_000, 'look'],
    ['key and probe, the key is gone, not found twice', both, twice, 95_000, 'send'],
    ['key and probe, not found twice, twelve times sent', both, { ...twice, sends: 12 }, 95_000, 'hold'],
  ])('%s', (_name, tool, call, afterMs, expected) => {
    expect(moveOf(tool, call, afterMs)).toBe(expected)
  })

  it('never sends while nothing but time has passed, without a key that lives or two looks in vain', () => {
    for (const onUnknown of ['hold', 'probe', 'retry'] as const) {
      for (const idempotency of [undefined, key]) {
        for (const own of [undefined, probe]) {
          for (const call of [fresh, never, once, failing, { ...once, sends: 5 }]) {
            for (const afterMs of [-100_000, 0, 4999, 5000, 60_000, 90_000, 1e9, Number.NaN]) {
              const mayUseKey = onUnknown === 'retry' && idempotency !== undefined && afterMs < 90_000
              const move = moveOf({ onUnknown, idempotency, probe: own }, call, afterMs)
              if (!mayUseKey) expect(move, `${onUnknown} ${afterMs}`).not.toBe('send')
            }
          }
        }
      }
    }
  })

  it('tells the person why', () => {
    const reasonOf = (tool: Partial<Tool>, call: Call, afterMs: number) => {
      const next = nextMove(aTool(tool), call, since, since + afterMs)
      return next.move === 'hold' ? next.reason : next.move
    }
    expect(reasonOf(hold, fresh, 0)).toContain('nothing is declared')
    expect(reasonOf(keyed, fresh, 1e9)).toContain('forgotten')
    expect(reasonOf(keyed, { ...fresh, sends: 30 }, 0)).toContain('30 times')
    expect(reasonOf(probed, { ...twice, sends: 12 }, 1e6)).toContain('finds it nowhere')
    expect(reasonOf(probed, fresh, -1e6)).toContain('clock')
  })
})
