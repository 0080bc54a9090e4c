import { describe, expect, it } from 'vitest'
import { dueTellings, type StandingAlert, settleMs, type Telling } from '../../src/domain/alerting.js'

const hour = 3_600_000
const alert: StandingAlert = { cause: 'disk', code: 'store.disk_low', message: 'Make room.', raisedAt: 1000 }
const telling: Telling = {
  ...{ target: 't', cause: 'disk', code: 'store.disk_low', raisedAt: 1000 },
  ...{ toldAt: 1000, times: 1 },
}

function due(standing: StandingAlert[], told: Telling[], now: number, overSince?: number) {
  const tellings = new Map(told.map((one) => [one.cause, one]))
  const over = new Map(overSince === undefined ? [] : [['disk', overSince]])
  const found = dueTellings(standing, tellings, over, { target: 't', repeatMs: 4 * hour, now })
  return found.map(({ state }) => state)
}

describe('a target', () => {
  it('is told once when a cause begins', () => {
    expect(due([alert], [], 1000)).toEqual(['raised'])
    expect(due([alert], [telling], 2000)).toEqual([])
  })

  it('is told again after the time of repeats, while it stands', () => {
    expect(due([alert], [telling], 1000 + 4 * hour - 1)).toEqual([])
    expect(due([alert], [telling], 1000 + 4 * hour)).toEqual(['standing'])
  })

  it('is told once when it is over, and not before it has stayed over', () => {
    expect(due([], [telling], 5000 + settleMs - 1, 5000)).toEqual([])
    expect(due([], [telling], 5000 + settleMs, 5000)).toEqual(['over'])
    expect(due([], [], 5000 + settleMs, 5000)).toEqual([])
  })

  it('is not told anew of a cause that was gone for a moment', () => {
    expect(due([{ ...alert, raisedAt: 9000 }], [telling], 9000)).toEqual([])
  })

  it('that could not be told before is told while the cause stands, and of its end where that came first', () => {
    const owed = { ...telling, toldAt: undefined, times: 0 }
    expect(due([alert], [owed], 2000)).toEqual(['raised'])
    expect(due([], [owed], 5000 + settleMs, 5000)).toEqual(['over'])
  })

  it('is told again where the clock was set back', () => {
    expect(due([alert], [{ ...telling, toldAt: 100 * hour }], 2000)).toEqual(['standing'])
  })
})
