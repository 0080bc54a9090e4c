import type { Journal, ToolCallRow } from '../../store/records.js'
import { plain } from '../../util/plain.js'
import type { Span } from '../ui/charts.js'
import { callTone, formatMs } from '../ui/parts.js'
import { count, spanOf } from './amounts.js'
import { approvalsOf, type Turn, turnsOf } from './run-view.js'

export interface Waterfall {
  readonly spans: readonly Span[]
  /** Waits that are drawn shorter than they were, in milliseconds. */
  readonly folded: readonly number[]
  /** Turns before those that are drawn. */
  readonly leftOut: number
  /** The time since the beginning, of a place on the axis. */
  readonly timeAt: (place: number) => number
}

interface Stretch {
  readonly from: number
  readonly to: number
}

interface Row extends Stretch {
  readonly name: string
  readonly fill: Span['fill']
  readonly href: string
  readonly detail: string
  /** When something was done in it; the rest of it was waiting. */
  readonly active: readonly Stretch[]
}

const mostRows = 32

/** What happened when. Long waits are folded, so that the turns of the model stay visible. */
export function waterfallOf(journal: Journal): Waterfall {
  const turns = turnsOf(journal)
  const isDense = turns.length + journal.calls.length > mostRows
  const shown = turns.slice(isDense ? -mostRows / 2 : 0)
  const rows = shown.flatMap((turn) => rowsOf(turn, journal, isDense))
  const begin = Math.min(...rows.map(({ from }) => from))
  const { place, timeAt, folded } = foldedAxis(
    rows.flatMap(({ active }) => active),
    { from: begin, to: Math.max(...rows.map(({ to }) => to)) },
  )
  return {
    spans: rows.map(({ name, from, to, fill, href, detail }) => ({
      ...{ name, fill, href, detail },
      from: place(from),
      to: place(to),
    })),
    folded,
    leftOut: turns.length - shown.length,
    timeAt,
  }
}

function rowsOf({ step, calls }: Turn, journal: Journal, isDense: boolean): Row[] {
  const asked = { from: step.createdAt - step.durationMs, to: step.createdAt }
  const turn: Row = {
    name: `turn ${step.turn}`,
    ...asked,
    fill: step.isUsable ? 'accent' : 'bad',
    href: `#turn-${step.turn}`,
    detail: formatMs(step.durationMs),
    active: [asked],
  }
  const rows = calls.flatMap((call) => rowsOfCall(call, journal))
  const [first] = rows
  if (!isDense || !first || calls.length === 1) return [turn, ...rows]
  const whole = { from: first.from, to: Math.max(...rows.map(({ to }) => to)) }
  const trouble = rows.find(({ fill }) => fill === 'bad' || fill === 'wait')
  const together: Row = {
    name: `\u00a0\u00a0${count(calls.length, 'call')}`,
    ...whole,
    fill: trouble?.fill ?? 'good',
    href: turn.href,
    detail: formatMs(whole.to - whole.from),
    active: rows.flatMap(({ active }) => active),
  }
  return [turn, together]
}

/** What was under way, and before it the wait for a person, where one was asked. */
function rowsOfCall(call: ToolCallRow, journal: Journal): Row[] {
  const { id, tool, state, proposedAt, lastSentAt, lookedAt, settledAt } = call
  const asked = approvalsOf(journal, call).at(-1)
  const base = { name: `\u00a0\u00a0${plain(tool)}`, href: `#${id}` }
  const decidedAt = asked && (asked.decidedAt ?? (asked.state === 'waiting' ? undefined : asked.expiresAt))
  const end = settledAt ?? lookedAt ?? lastSentAt ?? decidedAt ?? asked?.requestedAt ?? proposedAt
  const tone = callTone(state)
  const fill = tone === 'none' ? 'busy' : tone
  const row = (from: number): Row => {
    const to = Math.max(from, end)
    const isWork = to - from < longestCallMs
    const detail = `${state}, ${formatMs(to - from)}`
    return { ...base, from, to, fill, detail, active: [{ from, to: isWork ? to : from }] }
  }
  if (!asked) return [row(proposedAt)]
  if (decidedAt === undefined) return [{ ...row(proposedAt), detail: 'waits' }]
  const wait: Row = {
    ...base,
    from: asked.requestedAt,
    to: decidedAt,
    fill: 'none',
    detail: `${asked.state} after ${spanOf(decidedAt - asked.requestedAt)}`,
    active: [],
  }
  return call.sends === 0 && settledAt === undefined ? [wait] : [wait, row(decidedAt)]
}

/** Beyond this a call was not under way all the time: it was looked for, or sent again. */
const longestCallMs = 120_000
/** At least this much of a wait is drawn. */
const leastShownMs = 1000

/**
 * A time axis on which stretches where nothing was under way take no more than an eighth of what was. Pure, and growing:
 * what was later stands to the right.
 */
export function foldedAxis(active: readonly Stretch[], { from, to }: Stretch) {
  const busy = merged(active)
  const busyMs = busy.reduce((sum, stretch) => sum + stretch.to - stretch.from, 0)
  const most = Math.max(leastShownMs, busyMs / 8)
  const folded: number[] = []
  const knots: { at: number; place: number }[] = [{ at: from, place: 0 }]
  const step = (until: number, length: number) => {
    const last = knots.at(-1) ?? { at: from, place: 0 }
    if (until > last.at) knots.push({ at: until, place: last.place + length })
  }
  const idle = (since: number, until: number) => {
    if (until - since > most) folded.push(until - since)
    step(until, Math.min(most, Math.max(0, until - since)))
  }
  let at = from
  for (const stretch of busy) {
    idle(at, stretch.from)
    step(stretch.to, stretch.to - Math.max(at, stretch.from))
    at = Math.max(at, stretch.to)
  }
  idle(at, to)
  return {
    folded,
    place: (time: number) => between(time, knots, 'at', 'place'),
    timeAt: (place: number) => between(place, knots, 'place', 'at') - from,
  }
}

function between(
  value: number,
  knots: readonly { at: number; place: number }[],
  by: 'at' | 'place',
  to: 'at' | 'place',
): number {
  const next = knots.findIndex((knot) => knot[by] >= value)
  const right = knots[next < 0 ? knots.length - 1 : next]
  const left = knots[next < 0 ? knots.length - 1 : Math.max(0, next - 1)]
  if (!left || !right) return 0
  if (right[by] === left[by]) return right[to]
  return left[to] + ((value - left[by]) / (right[by] - left[by])) * (right[to] - left[to])
}

function merged(stretches: readonly Stretch[]): Stretch[] {
  const all: Stretch[] = []
  for (const stretch of [...stretches].sort((left, right) => left.from - right.from)) {
    const last = all.at(-1)
    if (last && stretch.from <= last.to)
      all[all.length - 1] = { from: last.from, to: Math.max(last.to, stretch.to) }
    else all.push(stretch)
  }
  return all
}
