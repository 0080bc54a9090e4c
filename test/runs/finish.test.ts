import { describe, expect, it } from 'vitest'
import {
  AppError,
  type ErrorCode,
  ModelError,
  type Retry,
  StoreError,
  ToolError,
} from '../../src/domain/errors.js'
import { outcomeOfFailure } from '../../src/runs/finish.js'
import type { Attempt } from '../../src/store/records.js'

const now = Date.parse('2026-11-21T07:00:00Z')
const minute = 60_000

function attempt(code: string | undefined, endedAt: number | undefined = now): Attempt {
  const error = code === undefined ? undefined : { code, message: 'x' }
  return { number: 1, node: 'n', startedAt: now, endedAt, outcome: 'parked', error }
}

function outcomeOf(error: unknown, options: { attempts?: number; history?: readonly Attempt[] } = {}) {
  return outcomeOfFailure({ error, attempts: 0, maxAttempts: 3, history: [], now, ...options })
}

function waitOf(error: unknown, options: { attempts?: number; history?: readonly Attempt[] } = {}): number {
  const outcome = outcomeOf(error, options)
  if (outcome.state === 'parked') return (outcome.until ?? Number.NaN) - now
  if (outcome.state === 'failed') return outcome.nextAt - now
  throw new Error(`it is ${outcome.state}`)
}

const away = (code: ErrorCode, retry: Retry = 'later') => new ModelError(code, 'x', { retry })

describe('a model that is away', () => {
  it.each<ErrorCode>([
    'model.unreachable',
    'model.timeout',
    'model.rate_limited',
    'model.unavailable',
    'model.unauthorized',
  ])('parks the run, however often it failed before: %s', (code) => {
    for (const retry of ['later', 'never'] as const) {
      expect(outcomeOf(away(code, retry), { attempts: 99 })).toMatchObject({
        state: 'parked',
        on: 'model',
        error: { code, message: 'x' },
      })
    }
  })

  it('is asked at growing intervals, up to ten minutes', () => {
    const waits = [0, 1, 2, 5, 9, 40].map((count) =>
      waitOf(away('model.unavailable'), { history: Array(count).fill(attempt('model.unavailable')) }),
    )
    const most = [1000, 2000, 4000, 32_000, 512_000, 10 * minute]
    for (const [at, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual((most[at] ?? 0) / 2)
      expect(wait).toBeLessThanOrEqual(most[at] ?? 0)
    }
  })

  it('is asked soon again once there was an answer between', () => {
    const history = [...Array(20).fill(attempt('model.timeout')), attempt(undefined)]
    expect(waitOf(away('model.timeout'), { history })).toBeLessThanOrEqual(1000)
  })

  it('counts no stretch that has not ended', () => {
    const history = [attempt('model.timeout'), { ...attempt(undefined), endedAt: undefined }]
    expect(waitOf(away('model.timeout'), { history })).toBeGreaterThanOrEqual(1000)
  })

  it('is asked no earlier than it said', () => {
    const asked = away('model.rate_limited', { afterMs: 7 * minute })
    expect(waitOf(asked)).toBe(7 * minute)
    expect(waitOf(asked, { history: Array(20).fill(attempt('model.rate_limited')) })).toBe(7 * minute)
    const atOnce = waitOf(away('model.rate_limited', { afterMs: 0 }))
    expect(atOnce).toBeGreaterThan(0)
    expect(atOnce).toBeLessThanOrEqual(1000)
  })
})

describe('a ledger that cannot be written', () => {
  it('is waited for, however often the run failed before, at growing intervals', () => {
    const fault = new StoreError('store.unavailable', 'x', { retry: 'later' })
    expect(outcomeOf(fault, { attempts: 99 })).toMatchObject({
      state: 'parked',
      on: 'time',
      error: { code: fault.code },
    })
    expect(waitOf(fault)).toBeLessThanOrEqual(1000)
    const history = Array(40).fill(attempt('store.unavailable'))
    expect(waitOf(fault, { history })).toBeGreaterThanOrEqual(5 * minute)
  })
})

describe('a fault', () => {
  it.each<[string, unknown]>([
    ['model.rejected', new ModelError('model.rejected', 'x')],
    ['policy.scope', new AppError('policy.scope', 'x')],
    ['model.unavailable', new AppError('model.unavailable', 'not of a model')],
  ])('that will not pass is the end: %s', (code, error) => {
    expect(outcomeOf(error)).toMatchObject({ state: 'dead', error: { code } })
  })

  it.each<[string, unknown]>([
    ['model.truncated', away('model.truncated')],
    ['model.malformed', away('model.malformed')],
    ['internal.unexpected', new TypeError('x is undefined')],
    ['internal.unexpected', 'a text'],
  ])('that may pass is tried again: %s', (code, error) => {
    expect(outcomeOf(error)).toMatchObject({ state: 'failed', error: { code } })
  })

  it('is tried again later each time, and no more than it may be', () => {
    const fault = new AppError('internal.unexpected', 'too slow', { retry: 'later' })
    expect(waitOf(fault)).toBeLessThanOrEqual(1000)
    expect(waitOf(fault, { attempts: 1 })).toBeGreaterThanOrEqual(1000)
    expect(outcomeOf(fault, { attempts: 2 })).toEqual({
      state: 'dead',
      error: { code: 'limit.attempts', message: 'failed 3 times, last with internal.unexpected: too slow' },
    })
  })

  it('of an API that is away parks the run, a number of times in a row, and then counts as a failed try', () => {
    const fault = new ToolError('tool.timeout', 'x', { retry: 'later' })
    const waits = (count: number) => Array.from({ length: count }, () => attempt('tool.timeout'))
    expect(outcomeOf(fault)).toMatchObject({ state: 'parked', on: 'api', error: { code: 'tool.timeout' } })
    expect(outcomeOf(fault, { history: waits(19) })).toMatchObject({ state: 'parked' })
    expect(outcomeOf(fault, { history: waits(20) })).toMatchObject({ state: 'failed' })
  })

  it('is waited for an hour at most, and half a second at least, whatever the API asks', () => {
    const asking = (afterMs: number) => waitOf(new ToolError('tool.status', 'x', { retry: { afterMs } }))
    expect(asking(999_999_999_000)).toBe(60 * minute)
    expect(asking(0)).toBeGreaterThanOrEqual(500)
  })

  it('is tried again within an hour, also when it was waited for so often that it counts as failed', () => {
    const error = new ToolError('tool.status', 'x', { retry: { afterMs: 999_999_999_000 } })
    const history = Array(20).fill(attempt('tool.status'))
    expect(outcomeOf(error, { history }).state).toBe('failed')
    expect(waitOf(error, { history })).toBe(60 * minute)
  })

  it('is tried again no earlier than it says', () => {
    expect(waitOf(new ToolError('tool.status', 'x', { retry: { afterMs: 45 * minute } }))).toBe(45 * minute)
  })

  it('of the configuration parks the run, which is not at fault', () => {
    const error = new AppError('config.unavailable', 'x', { retry: { afterMs: minute } })
    expect(outcomeOf(error, { attempts: 99 })).toMatchObject({
      state: 'parked',
      on: 'time',
      error: { code: error.code },
    })
    expect(waitOf(error)).toBe(minute)
  })
})
