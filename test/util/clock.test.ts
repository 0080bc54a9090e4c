import { describe, expect, it } from 'vitest'
import { isoTime, nextUtcDay, sleep, systemClock, timeoutSignal, utcDay } from '../../src/util/clock.js'

describe('the system clock', () => {
  it('is the time, and a clock that never goes back', () => {
    const [now, monotonic] = [systemClock.now(), systemClock.monotonic()]
    expect(new Date(now).getTime()).toBe(now)
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(monotonic)
  })
})

describe('sleep', () => {
  it('resolves', async () => {
    await expect(sleep(1)).resolves.toBeUndefined()
    await expect(sleep(1, new AbortController().signal)).resolves.toBeUndefined()
  })

  it('rejects at once with the reason of a signal that has aborted', async () => {
    const reason = new Error('stopping')
    await expect(sleep(2 ** 30, AbortSignal.abort(reason))).rejects.toBe(reason)
  })

  it('rejects with the reason when the signal aborts', async () => {
    const stop = new AbortController()
    const slept = sleep(2 ** 30, stop.signal)
    const reason = new Error('stopping')
    stop.abort(reason)
    await expect(slept).rejects.toBe(reason)
  })

  it('lets go of the signal when it is over', async () => {
    const { signal } = new AbortController()
    const listeners: string[] = []
    const add = signal.addEventListener.bind(signal)
    signal.addEventListener = (type: string, listener: () => void) => {
      listeners.push(`+${type}`)
      add(type, listener)
    }
    signal.removeEventListener = (type: string) => {
      listeners.push(`-${type}`)
    }
    await sleep(1, signal)
    expect(listeners).toEqual(['+abort', '-abort'])
  })
})

describe('timeoutSignal', () => {
  it.each([0, -5, 0.4])('of %d ms aborts with a TimeoutError', async (ms) => {
    const signal = timeoutSignal(ms)
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' })
  })

  it('takes any length without firing early', async () => {
    const signal = timeoutSignal(Number.MAX_SAFE_INTEGER)
    await sleep(5)
    expect(signal.aborted).toBe(false)
  })
})

describe('days and times', () => {
  it.each([
    ['2026-11-21T00:00:00.000Z', '2026-11-21', '2026-11-22T00:00:00.000Z'],
    ['2026-11-21T23:59:59.999Z', '2026-11-21', '2026-11-22T00:00:00.000Z'],
    ['2026-12-31T12:00:00.000Z', '2026-12-31', '2027-01-01T00:00:00.000Z'],
    ['2028-02-28T12:00:00.000Z', '2028-02-28', '2028-02-29T00:00:00.000Z'],
    ['1970-01-01T00:00:00.000Z', '1970-01-01', '1970-01-02T00:00:00.000Z'],
  ])('%s is on %s and before %s, in UTC', (time, day, next) => {
    const ms = Date.parse(time)
    expect([isoTime(ms), utcDay(ms), isoTime(nextUtcDay(ms))]).toEqual([time, day, next])
  })
})
