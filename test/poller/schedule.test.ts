import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ScheduleSource, scheduleTick } from '../../src/poller/schedule.js'
import { scheduleOptions } from '../../src/sources/schedule.js'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import type { Store } from '../../src/store/store.js'
import { FakeClock } from '../support/fake-clock.js'
import { silent } from './polled.js'

const at = Date.parse
const hour = 3_600_000

describe('a schedule', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rouse-schedule-'))
  let store: Store
  let clock: FakeClock
  let files = 0
  beforeEach(async () => {
    store = await openSqliteStore({ file: join(directory, `${files++}.db`), exclusive: true })
    clock = new FakeClock(at('2026-11-20T05:30:00Z'))
  })
  afterEach(() => store.close())
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  const morning = (options: Record<string, unknown> = {}): ScheduleSource => ({
    name: 'morning',
    options: scheduleOptions.parse({ cron: '0 7 * * *', timezone: 'Europe/Berlin', ...options }),
  })
  const tick = (source = morning()) => scheduleTick(source, { store, clock, log: silent })
  const events = async () => (await store.listEvents({ limit: 100 })).reverse()

  it('is not due at once, and once at its time', async () => {
    const { nextAt, eventIds } = await tick()
    expect([nextAt, eventIds]).toEqual([at('2026-11-20T06:00:00Z'), []])
    clock.set(nextAt + 40)
    expect((await tick()).nextAt).toBe(at('2026-11-21T06:00:00Z'))
    await tick()
    const [event, ...more] = await events()
    expect(more).toEqual([])
    expect(event).toMatchObject({
      source: 'morning',
      sourceEventId: 'morning:2026-11-20T06:00:00.000Z',
      type: 'schedule',
      via: 'schedule',
      time: at('2026-11-20T06:00:00Z'),
      data: { scheduled_at: '2026-11-20T06:00:00.000Z', missed: 0 },
    })
  })

  it('has the type and the data that it is given', async () => {
    const source = morning({ type: 'report.due', data: { region: 'emea' } })
    await tick(source)
    clock.advance(hour)
    await tick(source)
    expect((await events())[0]).toMatchObject({ type: 'report.due', data: { region: 'emea', missed: 0 } })
  })

  it('after a night in which it did not run only the last missed time wakes, and says how many there were', async () => {
    const source = morning({ cron: '0 * * * *' })
    await tick(source)
    clock.advance(5 * hour)
    await tick(source)
    expect((await events()).map(({ time, data }) => [time, data])).toEqual([
      [at('2026-11-20T10:00:00Z'), { scheduled_at: '2026-11-20T10:00:00.000Z', missed: 4 }],
    ])
  })

  it('a time from more than a day ago wakes nobody', async () => {
    const source = morning({ cron: '0 7 * * 5' })
    await tick(source)
    clock.advance(30 * hour)
    const { nextAt } = await tick(source)
    expect(await events()).toEqual([])
    expect(nextAt).toBe(at('2026-11-27T06:00:00Z'))
  })

  it('a changed schedule begins now', async () => {
    await tick()
    clock.advance(3 * hour)
    const changed = morning({ cron: '0 6 * * *' })
    expect((await tick(changed)).nextAt).toBe(at('2026-11-21T05:00:00Z'))
    expect(await events()).toEqual([])
  })

  it('a clock that goes back doubles nothing', async () => {
    const { nextAt } = await tick()
    clock.set(nextAt)
    await tick()
    clock.set(nextAt - 2 * hour)
    await tick()
    clock.set(nextAt + 1)
    await tick()
    expect(await events()).toHaveLength(1)
  })

  it('a clock that was a year ahead for a moment does not silence it for a year', async () => {
    await tick()
    clock.advance(365 * 24 * hour)
    await tick()
    clock.set(at('2026-11-20T05:30:00Z'))
    await tick()
    clock.set(at('2026-11-20T06:00:00Z'))
    await tick()
    expect((await events()).map(({ time }) => time)).toContain(at('2026-11-20T06:00:00Z'))
  })

  it('goes on after a restart where it was', async () => {
    await tick()
    const file = join(directory, `${files - 1}.db`)
    await store.close()
    store = await openSqliteStore({ file, exclusive: true })
    clock.advance(hour)
    await tick()
    expect(await events()).toHaveLength(1)
  })
})
