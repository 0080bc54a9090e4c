import { Cron } from 'croner'

/** When a cron pattern is due in a time zone. */
export interface CronTimes {
  /** The first time strictly after `after`; undefined when there is none. Epoch milliseconds. */
  next(after: number): number | undefined
}

/**
 * Throws an Error with croner's reason when pattern or zone is wrong. Five fields, or six with seconds first.
 *
 * What happens when clocks change: a time of day that is skipped in spring is due an hour later, one that
 * comes twice in autumn is due the first time only. A pattern for every hour goes through both hours: croner
 * alone counts by the wall clock and would be silent for the second of them.
 */
export function compileCron(pattern: string, timezone: string): CronTimes {
  const zoned = new Cron(pattern, { timezone, paused: true, mode: '5-or-6-parts' })
  const fields = pattern.trim().split(/\s+/)
  const isHourly = /^\*(\/1)?$/.test(fields.at(-4) ?? '')
  const offsets = new Intl.DateTimeFormat('en-US', { timeZone: timezone, timeZoneName: 'longOffset' })
  const nextAtOffset = (after: number, minutes: number) =>
    new Cron(pattern, { utcOffset: minutes, paused: true, mode: '5-or-6-parts' })
      .nextRun(new Date(after))
      ?.getTime()

  return {
    next(after) {
      const before = offsetMinutes(offsets, after)
      const later = offsetMinutes(offsets, after + hourMs)
      if (isHourly && (later < before || isSecondPass(offsets, after))) {
        for (const offset of [before, later]) {
          const candidate = nextAtOffset(after, offset)
          if (candidate !== undefined && offsetMinutes(offsets, candidate) === offset) return candidate
        }
      }
      return nextZoned(zoned, after)
    },
  }
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** Whether the wall clock was set back within the last hour, so that it shows times that it showed before. */
function isSecondPass(offsets: Intl.DateTimeFormat, at: number): boolean {
  return offsetMinutes(offsets, at) < offsetMinutes(offsets, at - hourMs)
}

/**
 * Around a change of clocks croner may answer with a time that is not after `after` (the first of two equal
 * wall clock times). Asking again from the end of each later minute passes over the repeated hour.
 */
function nextZoned(cron: Cron, after: number): number | undefined {
  const minute = Math.floor(after / minuteMs) * minuteMs
  for (let from = after, tries = 1; tries <= 180; from = minute + tries++ * minuteMs - 1000) {
    const next = cron.nextRun(new Date(from))?.getTime()
    if (next === undefined || next > after) return next
  }
  return undefined
}

function offsetMinutes(format: Intl.DateTimeFormat, at: number): number {
  const name = format.formatToParts(at).find((part) => part.type === 'timeZoneName')?.value ?? ''
  const found = /([+-])(\d{2}):(\d{2})/.exec(name)
  if (!found) return 0
  return (found[1] === '-' ? -1 : 1) * (Number(found[2]) * 60 + Number(found[3]))
}
