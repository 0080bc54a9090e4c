import { describe, expect, it } from 'vitest'
import { foldedAxis, waterfallOf } from '../../../src/admin/pages/run-waterfall.js'
import { call, run, step } from '../../runs/journal.js'

const hour = 3_600_000

describe('the axis of a waterfall', () => {
  it('folds a wait of an hour, and keeps what was under way in proportion', () => {
    const active = [
      { from: 0, to: 8000 },
      { from: hour, to: hour + 4000 },
    ]
    const { folded, place, timeAt } = foldedAxis(active, { from: 0, to: hour + 4000 })
    expect(folded).toEqual([hour - 8000])
    expect(place(8000)).toBe(8000)
    expect(place(hour)).toBe(9500)
    expect(place(hour + 4000) - place(hour)).toBe(4000)
    expect(timeAt(place(hour + 1000))).toBeCloseTo(hour + 1000)
  })

  it('never goes back, whatever times there are', () => {
    const times = [0, 1, 1, 900, 5000, 5001, hour, 2 * hour, 2 * hour + 3]
    const active = [
      { from: 1, to: 900 },
      { from: 5000, to: 5001 },
      { from: 400, to: 950 },
      { from: hour, to: hour },
    ]
    const { place } = foldedAxis(active, { from: 0, to: 2 * hour + 3 })
    const places = times.map(place)
    expect(places).toEqual([...places].sort((left, right) => left - right))
    expect(places.every(Number.isFinite)).toBe(true)
  })
})

describe('a waterfall', () => {
  it('draws a run of 200 calls in 20 turns as one row for each turn’s calls', () => {
    const steps = Array.from({ length: 20 }, (_, n) => step(`stp_${n}`, { turn: n + 1, createdAt: n * 5000 }))
    const calls = steps.flatMap(({ id, createdAt }, n) =>
      Array.from({ length: 10 }, (_, m) =>
        call(`tcl_${n}_${m}`, { stepId: id, proposedAt: createdAt, settledAt: createdAt + 100 * m }),
      ),
    )
    const { spans, leftOut } = waterfallOf({
      run,
      steps,
      calls,
      approvals: [],
      attempts: [],
      behind: undefined,
    })
    expect(spans).toHaveLength(32)
    expect(leftOut).toBe(4)
    expect(spans.at(-1)?.name.trim()).toBe('10 calls')
  })
})
