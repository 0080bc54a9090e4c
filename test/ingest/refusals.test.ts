import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StoreError } from '../../src/domain/errors.js'
import { RefusalCounter } from '../../src/ingest/refusals.js'
import type { Store } from '../../src/store/store.js'
import { makeLedger } from '../store/ledger.js'
import { FakeClock } from '../support/fake-clock.js'
import { keepLog } from './setting.js'

const mismatch = 'verification.signature_mismatch'

let ledger: Awaited<ReturnType<typeof makeLedger>>
let clock: FakeClock

beforeEach(async () => {
  ledger = await makeLedger()
  clock = new FakeClock()
})

afterEach(() => ledger.close())

function counterOn(store: Store) {
  const { log, lines } = keepLog()
  return { counter: new RefusalCounter(store, clock, log), lines }
}

describe('the counter of refusals', () => {
  it('writes one row for each source, reason and day, however many there were', async () => {
    const { counter } = counterOn(ledger.store)
    for (let at = 0; at < 5000; at++) counter.count('ci', mismatch, `no ${at}`)
    counter.count('ci', 'verification.stale_timestamp', 'old')
    counter.count('crm', mismatch, 'other')
    clock.advance(86_400_000)
    counter.count('ci', mismatch, 'tomorrow')
    await counter.flush()
    const rows = await ledger.store.refusals('2026-11-01')
    expect(rows.map(({ day, source, reason, count }) => [day, source, reason, count])).toEqual([
      ['2026-11-21', 'ci', mismatch, 5000],
      ['2026-11-21', 'ci', 'verification.stale_timestamp', 1],
      ['2026-11-21', 'crm', mismatch, 1],
      ['2026-11-22', 'ci', mismatch, 1],
    ])
  })

  it('logs and keeps one sample a minute of each source and reason', async () => {
    const { counter, lines } = counterOn(ledger.store)
    for (let second = 0; second < 120; second++) {
      counter.count('ci', mismatch, `at ${second}`)
      clock.advance(1000)
    }
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
      'refused a delivery: at 0',
      'refused a delivery: at 60',
    ])
    await counter.flush()
    expect(await ledger.store.refusals('2026-11-21')).toMatchObject([{ count: 120, sample: 'at 60' }])
  })

  it('adds to what is in the ledger, and writes nothing where there is nothing', async () => {
    let writes = 0
    const { counter } = counterOn({
      ...ledger.store,
      countRefusals: (refused) => {
        writes++
        return ledger.store.countRefusals(refused)
      },
    })
    await counter.flush()
    counter.count('ci', mismatch, 'first')
    await counter.flush()
    await counter.flush()
    counter.count('ci', mismatch, 'second')
    await counter.flush()
    expect(writes).toBe(2)
    expect(await ledger.store.refusals('2026-11-21')).toMatchObject([{ count: 2, sample: 'first' }])
  })

  it('keeps counts and samples while the ledger is away, with what is counted meanwhile', async () => {
    let isAway = true
    let counted = () => {}
    const { counter } = counterOn({
      ...ledger.store,
      countRefusals: async (refused) => {
        counted()
        if (isAway) throw new StoreError('store.unavailable', 'the disk is full', { retry: 'later' })
        await ledger.store.countRefusals(refused)
      },
    })
    counter.count('ci', mismatch, 'the sample')
    counter.count('crm', mismatch, 'other')
    counted = () => {
      counted = () => {}
      for (let at = 0; at < 3; at++) counter.count('ci', mismatch, 'within the minute')
    }
    await counter.flush()
    await counter.flush()
    expect(await ledger.store.refusals('2026-11-21')).toEqual([])
    isAway = false
    await counter.flush()
    const rows = await ledger.store.refusals('2026-11-21')
    expect(rows.map(({ source, count, sample }) => [source, count, sample])).toEqual([
      ['ci', 4, 'the sample'],
      ['crm', 1, 'other'],
    ])
  })
})
