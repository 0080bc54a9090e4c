import { describe, expect, it } from 'vitest'
import { compileCron } from '../../src/poller/cron.js'
import { isoTime } from '../../src/util/clock.js'

function times(pattern: string, timezone: string, from: string, count: number): string[] {
  const cron = compileCron(pattern, timezone)
  const found: string[] = []
  let at = cron.next(Date.parse(from))
  while (at !== undefined && found.length < count) {
    found.push(isoTime(at).replace(':00.000Z', 'Z'))
    at = cron.next(at)
  }
  return found
}

describe('when a cron pattern is due', () => {
  it('counts in its own time zone', () => {
    expect(times('0 7 * * 1-5', 'Europe/Berlin', '2026-11-20T05:00:00Z', 2)).toEqual([
      '2026-11-20T06:00Z',
      '2026-11-23T06:00Z',
    ])
  })

  it('is due strictly after the time that it is asked from', () => {
    expect(times('0 7 * * *', 'UTC', '2026-11-20T07:00:00.000Z', 1)).toEqual(['2026-11-21T07:00Z'])
    expect(times('0 7 * * *', 'UTC', '2026-11-20T06:59:59.999Z', 1)).toEqual(['2026-11-20T07:00Z'])
  })

  it('a time that is skipped in spring is due an hour later, once', () => {
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-03-27T23:30:00Z', 3)).toEqual([
      '2026-03-28T01:30Z',
      '2026-03-29T01:30Z',
      '2026-03-30T00:30Z',
    ])
  })

  it('a time that comes twice in autumn is due once', () => {
    expect(times('*/30 2 * * *', 'Europe/Berlin', '2026-10-24T23:50:00Z', 3)).toEqual([
      '2026-10-25T00:00Z',
      '2026-10-25T00:30Z',
      '2026-10-26T01:00Z',
    ])
  })

  it('is not due in the second of two equal hours, asked from the middle of it', () => {
    expect(times('*/30 2 * * *', 'Europe/Berlin', '2026-10-25T01:10:00Z', 1)).toEqual(['2026-10-26T01:00Z'])
  })

  it('every twenty minutes is every twenty minutes while the clocks go back', () => {
    expect(times('*/20 * * * *', 'Europe/Berlin', '2026-10-25T00:30:00Z', 6)).toEqual([
      '2026-10-25T00:40Z',
      '2026-10-25T01:00Z',
      '2026-10-25T01:20Z',
      '2026-10-25T01:40Z',
      '2026-10-25T02:00Z',
      '2026-10-25T02:20Z',
    ])
  })

  it('every hour is every hour while the clocks go forward', () => {
    expect(times('0 * * * *', 'Europe/Berlin', '2026-03-28T23:30:00Z', 3)).toEqual([
      '2026-03-29T00:00Z',
      '2026-03-29T01:00Z',
      '2026-03-29T02:00Z',
    ])
  })

  it('knows a zone whose clocks move by half an hour', () => {
    expect(times('*/30 * * * *', 'Australia/Lord_Howe', '2026-04-04T14:10:00Z', 4)).toEqual([
      '2026-04-04T14:30Z',
      '2026-04-04T15:00Z',
      '2026-04-04T15:30Z',
      '2026-04-04T16:00Z',
    ])
  })

  it('a day that never comes is never due', () => {
    expect(compileCron('0 0 30 2 *', 'UTC').next(0)).toBeUndefined()
  })
})
