import { describe, expect, it } from 'vitest'
import {
  conditionOf,
  dayMs,
  hourMs,
  lastDays,
  lastHours,
  longestQuietOf,
  type SourceHealth,
  sumOf,
} from '../../../src/admin/pages/source-health.js'
import type { Cursor, StoredRefusal } from '../../../src/store/records.js'
import type { Activity } from '../../../src/store/reports.js'
import { now } from '../../cli/recorded.js'

const newestHour = Math.floor(now / hourMs) * hourMs

function hour(hoursAgo: number, events: Partial<Activity['events']> = {}): Activity {
  return {
    source: 'ci',
    at: newestHour - hoursAgo * hourMs,
    deliveries: { recorded: 1, duplicate: 0, malformed: 0 },
    events: { recorded: 1, dispatched: 1, ignored: 0, echo: 0, ...events },
  }
}

/** Something came in each of these hours. */
const hoursAgo = (...all: number[]) => all.map((one) => hour(one))

function facts(given: Partial<SourceHealth>): Omit<SourceHealth, 'condition'> {
  const settings = {
    name: 'ci',
    kind: 'github',
    options: {},
    idNames: [],
    keepMs: undefined,
    label: undefined,
  }
  return {
    settings: { ...settings, self: [] },
    isPushed: true,
    lastEventAt: given.lastSeenAt,
    lastSeenAt: undefined,
    hours: [],
    refusals: [],
    cursor: undefined,
    ...given,
  }
}

function refusal(reason: string, lastAt: number, count = 3): StoredRefusal {
  return { source: 'ci', reason, day: '2026-11-21', count, lastAt, sample: undefined }
}

const cursor: Cursor = {
  ...{ fingerprint: 'f', value: null, nextAt: now + 1000, lastOkAt: now - 1000 },
  ...{ lastError: undefined, failures: 0 },
}
/** Every four hours, the last time five hours ago. */
const regular = hoursAgo(33, 29, 25, 21, 17, 13, 9, 5)

describe('a source that receives deliveries', () => {
  it('is fine while it is not quiet for much longer than it ever was', () => {
    const seen = { hours: regular, lastSeenAt: now - 5 * hourMs }
    expect(conditionOf(facts(seen), now).is).toBe('fine')
    expect(conditionOf(facts(seen), now + 2 * hourMs)).toEqual({
      is: 'silent',
      forMs: 7 * hourMs,
      usualMs: 4 * hourMs,
    })
  })

  it('may be quiet over a weekend as it was over the last one', () => {
    const week = hoursAgo(...[170, 169, 168, 167, 166, 165, 105, 104, 103, 60])
    expect(conditionOf(facts({ hours: week, lastSeenAt: now - 60 * hourMs }), now).is).toBe('fine')
  })

  it('has nothing usual while little has come, and is silent after two weeks without anything', () => {
    expect(longestQuietOf([1, 2, 3])).toBeUndefined()
    expect(conditionOf(facts({ hours: hoursAgo(50), lastSeenAt: now - 50 * hourMs }), now).is).toBe('fine')
    expect(conditionOf(facts({ lastSeenAt: now - 15 * dayMs }), now)).toMatchObject({ is: 'silent' })
  })

  it('is new until anything came', () => {
    expect(conditionOf(facts({}), now)).toEqual({ is: 'new' })
  })

  it('is refused when the last that came in the sender’s way did not verify', () => {
    const seen = { hours: regular, lastSeenAt: now - hourMs }
    const wrong = refusal('verification.signature_mismatch', now - 1000)
    expect(conditionOf(facts({ ...seen, refusals: [wrong] }), now)).toMatchObject({ is: 'refused' })
    const once = refusal('verification.signature_mismatch', now - 1000, 1)
    expect(conditionOf(facts({ ...seen, refusals: [once] }), now).is).toBe('fine')
    const before = refusal('verification.signature_mismatch', now - 2 * hourMs)
    expect(conditionOf(facts({ ...seen, refusals: [before] }), now).is).toBe('fine')
  })

  it('is not in trouble because a stranger was refused, unless nothing else comes any more', () => {
    const stranger = refusal('verification.missing_header', now - 1000)
    const seen = { hours: regular, lastSeenAt: now - hourMs, refusals: [stranger] }
    expect(conditionOf(facts(seen), now).is).toBe('fine')
    expect(conditionOf(facts({ ...seen, lastSeenAt: now - 20 * hourMs }), now).is).toBe('refused')
    expect(conditionOf(facts({ refusals: [stranger] }), now).is).toBe('refused')
  })
})

describe('a source that goes by the clock', () => {
  const clocked = (given: Partial<Cursor>) =>
    conditionOf(facts({ isPushed: false, cursor: { ...cursor, ...given } }), now)

  it('is fine, however long nothing new was there', () => {
    const quiet = facts({ isPushed: false, cursor, hours: regular, lastSeenAt: now - 90 * dayMs })
    expect(conditionOf(quiet, now).is).toBe('fine')
  })

  it('is failing, overdue, or may have missed something', () => {
    expect(clocked({ failures: 2, lastError: 'poll.status: 503' })).toEqual({
      ...{ is: 'failing', failures: 2, error: 'poll.status: 503' },
    })
    expect(clocked({ nextAt: now - 6 * 60_000 })).toEqual({ is: 'overdue', since: now - 6 * 60_000 })
    expect(clocked({ lastError: 'poll.gap: the cursor is gone' }).is).toBe('gap')
    expect(conditionOf(facts({ isPushed: false }), now).is).toBe('new')
  })
})

describe('what came', () => {
  it('is by hours and by UTC days, also those in which nothing did', () => {
    const of = [hour(30), hour(2), hour(0, { recorded: 4, dispatched: 1, ignored: 2 })]
    expect(lastHours(of, 24, now).map((one) => one?.events.recorded ?? 0)).toEqual([
      ...Array.from({ length: 21 }, () => 0),
      ...[1, 0, 4],
    ])
    expect(lastDays(of, 3, now).map(({ events }) => events)).toEqual([0, 1, 5])
    expect(sumOf(of)).toMatchObject({ events: 6, dispatched: 3, ignored: 2, deliveries: 3 })
  })
})
