import { describe, expect, it } from 'vitest'
import { RefusedShare } from '../../src/runs/refused-share.js'
import type { SourceTotals } from '../../src/store/reports.js'

const hour = 3_600_000
const minute = 60_000

class Counts {
  readonly share = new RefusedShare()
  verified = 0
  refused = 0
  at = 0

  look(passedMs: number): this {
    this.at += passedMs
    const events = { recorded: 0, dispatched: 0, ignored: 0, echo: 0 }
    const deliveries = { recorded: this.verified, duplicate: 0, malformed: 0 }
    const totals: SourceTotals = {
      ...{ source: 'ci', events, deliveries, lastEventAt: undefined, lastDeliveryAt: undefined },
    }
    const refusal = { source: 'ci', reason: 'verification.signature_mismatch', count: this.refused }
    const refusals = [{ ...refusal, day: '2026-11-21', lastAt: 0, sample: undefined }]
    this.share.sample([totals], refusals, this.at, hour)
    return this
  }

  get over() {
    return this.share.over('ci', 0.5)
  }
}

describe('the share of refused deliveries', () => {
  it('counts nothing from before the first look', () => {
    const counts = new Counts()
    counts.refused = 1000
    expect(counts.look(0).over).toBeUndefined()
  })

  it('is over the bound where half of at least ten are refused, and says why', () => {
    const counts = new Counts().look(0)
    counts.refused = 9
    expect(counts.look(minute).over).toBeUndefined()
    counts.refused = 10
    counts.verified = 10
    expect(counts.look(minute).over).toEqual({
      ...{ refused: 10, all: 20, reason: 'verification.signature_mismatch' },
    })
    counts.verified = 11
    expect(counts.look(minute).over).toBeUndefined()
  })

  it('forgets what is older than its time, however often it looks', () => {
    const counts = new Counts().look(0)
    counts.refused = 100
    counts.look(1000)
    for (let at = 0; at < hour - 2 * minute; at += 5000) expect(counts.look(5000).over).toBeDefined()
    for (let at = 0; at < 5 * minute; at += 5000) counts.look(5000)
    expect(counts.over).toBeUndefined()
  })
})
