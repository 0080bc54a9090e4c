import type { Activity } from '../../store/reports.js'
import { isoTime } from '../../util/clock.js'
import { plain } from '../../util/plain.js'
import { type Bar, Bars } from '../ui/charts.js'
import { count } from './amounts.js'
import { dayMs, hourMs, lastHours, type Sums, sumOf } from './source-health.js'

/** What the colours of arrivals stand for. */
export const arrivalLegend = [
  ['accent', 'woke an agent'],
  ['none', 'ignored'],
  ['busy', 'not decided yet'],
  ['wait', 'duplicates'],
  ['bad', 'unreadable'],
] as const

const hours = 24

/** The last 24 hours of a source. */
export function HourBars({
  name,
  of,
  now,
  isLow = false,
}: {
  readonly name: string
  readonly of: readonly Activity[]
  readonly now: number
  readonly isLow?: boolean
}) {
  const newest = Math.floor(now / hourMs) * hourMs
  const bars = lastHours(of, hours, now).map((hour, index) => {
    const at = newest - (hours - 1 - index) * hourMs
    return barOf(`${isoTime(at).slice(11, 16)} UTC`, sumOf([hour]))
  })
  const sums = sumOf(lastHours(of, hours, now))
  return (
    <Bars
      of={bars}
      label={`${plain(name)}, the last 24 hours: ${saySums(sums)}`}
      {...(isLow ? {} : { from: '24 h ago', to: 'now' })}
      isLow={isLow}
    />
  )
}

export function DayBars({
  name,
  of,
  now,
}: {
  readonly name: string
  /** Oldest first, up to today. */
  readonly of: readonly Sums[]
  readonly now: number
}) {
  const bars = of.map((day, index) => barOf(dayAt(now, of.length - 1 - index), day))
  return (
    <Bars
      of={bars}
      label={`${plain(name)}, by day: ${of.map(({ events }) => events).join(', ')} events`}
      from={dayAt(now, of.length - 1)}
      to="today, UTC"
    />
  )
}

/** The UTC day that many days ago, `11-21`. */
export function dayAt(now: number, daysAgo: number): string {
  return isoTime(now - daysAgo * dayMs).slice(5, 10)
}

function barOf(when: string, sums: Sums): Bar {
  const undecided = sums.events - sums.dispatched - sums.ignored
  return {
    title: `${when}: ${saySums(sums)}`,
    parts: [
      { value: sums.dispatched, fill: 'accent' },
      { value: sums.ignored, fill: 'none' },
      { value: undecided, fill: 'busy' },
      { value: sums.duplicates, fill: 'wait' },
      { value: sums.malformed, fill: 'bad' },
    ],
  }
}

/** `12 events, 8 woke an agent, 1 duplicate`. */
export function saySums({ events, dispatched, duplicates, malformed, echoes }: Sums): string {
  return [
    count(events, 'event'),
    ...(dispatched === 0 ? [] : [`${dispatched.toLocaleString('en')} woke an agent`]),
    ...(echoes === 0 ? [] : [`${count(echoes, 'echo', 'echoes')} of our own writes`]),
    ...(duplicates === 0 ? [] : [count(duplicates, 'duplicate')]),
    ...(malformed === 0 ? [] : [`${malformed.toLocaleString('en')} unreadable`]),
  ].join(', ')
}
