import type { Run } from '../domain/run.js'
import type { ToolCallState } from '../domain/tool-call.js'
import {
  type EarlierWrite,
  isUnclear,
  type LeftOut,
  type LeftOutReason,
  type Plan,
  type Planned,
} from '../runs/replay-plan.js'
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
    return [`${plain(first.tool)}: ${first.state}${times}${effectOf(first.state)}`]
  })
}

function effectOf(state: ToolCallState): string {
  if (state === 'confirmed') return '; may be made again, under a new key'
  if (state === 'simulated') return '; it was not sent'
  if (state === 'rejected') return '; it did nothing, and may be tried again under a new key'
  if (isUnclear({ state }))
    return '; it may have happened, and may then be made a second time, under a new key'
  return '; it was not sent'
}

const reasons: Readonly<Record<LeftOutReason, string>> = {
  undispatched: 'the daemon has not yet decided whom they wake; nothing is to be replayed',
  unfinished: 'their run is not at an end and goes on by itself or waits; `rouse cancel <run>` first',
  cancelled: 'their run was cancelled, which is not failed; name their events to replay them',
  coalesced: 'their run is about a newer event and saw them too; name them for runs of their own',
  replayed: 'they were replayed already; --replayed-before <time> takes those again that were made before it',
  held: 'what a write of theirs did is not known; say so first, or add --even-if-held',
  changed: 'they are no longer as they were when the plan was made; see the plan again',
}

function formatLeftOut(leftOut: readonly LeftOut[]): string {
  const groups = new Map<LeftOutReason, LeftOut[]>()
  for (const one of leftOut) groups.set(one.reason, [...(groups.get(one.reason) ?? []), one])
  return [...groups]
    .map(([reason, group]) => {
      const lines = [`left out, ${count(group.length, 'time')}: ${reasons[reason]}`]
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
  return [...kinds].map((reason) => reasons[reason]).join('; ')
}
