import type { Run } from '../domain/run.js'
import {
  type EarlierWrite,
  isUnclear,
  type LeftOut,
  type LeftOutReason,
  type Plan,
  type Planned,
} from '../runs/replay-plan.js'
import { leftOutReasons, sayEarlierWrite } from '../runs/replay-words.js'
import { sayDecision, sayEvent, shortRunState } from './say.js'
import { count, plain } from './text.js'

const warning = `A replay is a new run of the same event. Its writes get new idempotency keys and markers, so no API
knows them again: what an earlier run has done already may be done again. Limits per subject and
per day still count.`

/** More than these are counted, not printed; `--json` has all. */
const maxShown = 200
const maxExamples = 5

/** What would be done, what it may do a second time, and what is left out. */
export function formatPlan({ planned, leftOut }: Plan): string {
  const parts: string[] = []
  const shown = planned.slice(0, maxShown).map(formatPlanned)
  if (planned.length > maxShown)
    shown.push(`… and ${count(planned.length - maxShown, 'more run')}; --json has all`)
  if (shown.length > 0) parts.push(shown.join('\n'))
  if (leftOut.length > 0) parts.push(formatLeftOut(leftOut))
  if (planned.length === 0) return ['nothing to replay', ...parts].join('\n\n')
  return [...parts, warning, `${sayTotals(planned)}.`].join('\n\n')
}

/** `12 new runs; 5 of them had confirmed writes that may be made again: 3 comment, 2 refund`. */
export function sayTotals(planned: readonly Planned[]): string {
  const total = count(planned.length, 'new run')
  const confirmed = planned.map(({ writes }) => writes.filter(({ state }) => state === 'confirmed'))
  const repeating = confirmed.filter((writes) => writes.length > 0)
  const risky = planned.filter(({ writes }) => writes.some(isUnclear)).length
  const again =
    repeating.length === 0
      ? 'none of them had a confirmed write'
      : `${count(repeating.length, 'of them', 'of them')} had confirmed writes that may be made again: ${sayTools(repeating.flat())}`
  const unclear = risky === 0 ? '' : `; ${risky} had writes that may have happened`
  return `${total}; ${again}${unclear}`
}

function sayTools(writes: readonly EarlierWrite[]): string {
  const amounts = new Map<string, number>()
  for (const { tool } of writes) amounts.set(tool, (amounts.get(tool) ?? 0) + 1)
  return [...amounts]
    .sort(([, left], [, right]) => right - left)
    .map(([tool, amount]) => `${amount.toLocaleString('en-US')} ${plain(tool)}`)
    .join(', ')
}

function formatPlanned({ event, agent, why, decision, last, writes }: Planned): string {
  const lines = [`${event.id}  ${sayEvent(event)}`]
  if (last === undefined) {
    const then = decision === undefined ? 'it was not declared' : sayDecision(decision)
    const today = why === 'would_wake' ? ', and it would be woken today' : ''
    lines.push(`    ${plain(agent)} for the first time; when the event came: ${then}${today}`)
    return lines.join('\n')
  }
  lines.push(`    ${plain(agent)} again, after ${sayRun(last)}`)
  if (last.eventCount > 1) {
    lines.push(`      it saw ${count(last.eventCount, 'event')}; the new run is about this one alone`)
  }
  lines.push(...sayWrites(writes).map((line) => `      ${line}`))
  return lines.join('\n')
}

function sayRun(run: Run): string {
  const cause = run.error === undefined ? '' : `: ${run.error.code}`
  const replay = run.replay === 0 ? '' : `, replay ${run.replay}`
  return `${run.id} (${run.state}${cause}${replay})`
}

/** Each tool's writes by their state, with what a new run means for them. */
function sayWrites(writes: readonly EarlierWrite[]): string[] {
  if (writes.length === 0) return ['no write was asked for']
  const groups = new Map<string, EarlierWrite[]>()
  for (const write of writes) {
    const key = `${write.tool} ${write.state}`
    groups.set(key, [...(groups.get(key) ?? []), write])
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const times = group.length === 1 ? '' : `, ${count(group.length, 'time')}`
    return [`${plain(first.tool)}: ${first.state}${times}; ${sayEarlierWrite(first.state)}`]
  })
}

/** What to do about it, where there is something. */
const ways: Readonly<Record<LeftOutReason, string>> = {
  undispatched: '',
  unfinished: '; `rouse cancel <run>` first',
  cancelled: '; name the event to replay it',
  coalesced: '; name the event for a run of its own',
  replayed: '; --replayed-before <time> takes those again that were made before it',
  held: ', or add --even-if-held',
  changed: '; see the plan again',
}

function sayReason(reason: LeftOutReason): string {
  return leftOutReasons[reason] + ways[reason]
}

function formatLeftOut(leftOut: readonly LeftOut[]): string {
  const groups = new Map<LeftOutReason, LeftOut[]>()
  for (const one of leftOut) groups.set(one.reason, [...(groups.get(one.reason) ?? []), one])
  return [...groups]
    .map(([reason, group]) => {
      const lines = [`left out, ${count(group.length, 'time')}: ${sayReason(reason)}`]
      for (const one of group.slice(0, maxExamples)) lines.push(...formatOneLeftOut(one))
      if (group.length > maxExamples) lines.push(`    … and ${count(group.length - maxExamples, 'more')}`)
      return lines.join('\n')
    })
    .join('\n')
}

function formatOneLeftOut({ event, agent, last, writes }: LeftOut): string[] {
  const run = last === undefined ? '' : `: ${last.id}, ${shortRunState(last)}`
  const lines = [`    ${event.id}${agent === undefined ? '' : `, ${plain(agent)}`}${run}`]
  for (const { id, tool, state } of writes) {
    lines.push(
      `      ${plain(tool)}: ${state}; resolve it first: rouse approve ${id} --happened, or --not-happened`,
    )
  }
  return lines
}

/** Why not one of the events that a person named is replayed. */
export function sayNothing(leftOut: readonly LeftOut[]): string {
  const kinds = new Set(leftOut.map(({ reason }) => reason))
  return [...kinds].map(sayReason).join('; ')
}
