import { describe, expect, it } from 'vitest'
import { schedule, scheduleOptions } from '../../src/sources/schedule.js'

function message(options: unknown): string | undefined {
  return scheduleOptions.safeParse(options).error?.issues[0]?.message
}

describe('schedule', () => {
  it('takes five fields, or six with seconds first, in a time zone', () => {
    expect(scheduleOptions.parse({ cron: '0 7 * * 1-5', timezone: 'Europe/Berlin' })).toEqual({
      cron: '0 7 * * 1-5',
      timezone: 'Europe/Berlin',
      type: 'schedule',
      data: {},
    })
    expect(message({ cron: '*/10 * * * * *' })).toBeUndefined()
  })

  it('says what is wrong with a pattern or a zone', () => {
    expect(message({ cron: '61 * * * *' })).toContain('is not a cron pattern')
    expect(message({ cron: '0 7 * *' })).toContain('is not five fields')
    expect(message({ cron: '2026-01-01T00:00:00' })).toContain('is not five fields')
    expect(message({ cron: '0 7 30 2 *' })).toContain('never comes')
    expect(message({ cron: '0 7 * * *', timezone: 'Berlin' })).toContain('is not a time zone')
    expect(message({ cron: '0 7 * * *', every: '1m' })).toContain('every')
  })

  it('receives nothing and has no ids', () => {
    expect(schedule.open).toBeUndefined()
    expect(schedule.idNames({})).toEqual([])
  })
})
