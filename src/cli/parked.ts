import type { Run } from '../domain/run.js'
import { type Invocation, whenOf } from './command.js'
import { shortIds } from './ledger.js'
import { sayWait } from './say.js'
import { formatTable } from './table.js'
import { count, plain } from './text.js'

/** What each waits on, until when and why; then how many wait on what. */
export function formatParked(runs: readonly Run[], invocation: Invocation): string {
  const { io } = invocation
  if (runs.length === 0) return 'no runs'
  const when = whenOf(invocation)
  const short = shortIds(runs.map(({ id }) => id))
  const rows = runs.map((run) => [
    short(run.id),
    plain(run.agent),
    plain(run.subject),
    run.parkedOn ?? '',
    run.nextAt === undefined ? goesOnWhen(run) : `${when.at(run.nextAt)} ${when.ago(run.nextAt)}`,
    plain(run.error?.message ?? sayWait(run)),
  ])
  const columns = [
    { title: 'ID' },
    { title: 'AGENT', shrinkTo: 8 },
    { title: 'SUBJECT', shrinkTo: 8, cut: 'middle' as const },
    { title: 'WAITS ON' },
    { title: 'UNTIL' },
    { title: 'WHY', shrinkTo: 24 },
  ]
  const table = formatTable(columns, rows, io.width, (text, _row, column) =>
    column === 3 ? io.style('yellow', text) : text,
  )
  const by = new Map<string, number>()
  for (const { parkedOn = 'time' } of runs) by.set(parkedOn, (by.get(parkedOn) ?? 0) + 1)
  const sums = [...by].sort(([, left], [, right]) => right - left).map(([on, amount]) => `${amount} on ${on}`)
  const isPerson = by.has('approval') || by.has('person')
  const hint = isPerson ? '; what people have to decide: rouse approvals' : ''
  return `${table}\n\n${count(runs.length, 'run')} shown: ${sums.join(', ')}${hint}`
}

/** Where there is no time: who or what lets it go on. */
function goesOnWhen({ parkedOn }: Run): string {
  switch (parkedOn) {
    case 'approval':
      return 'decided'
    case 'person':
      return 'settled'
    case 'agent':
      return 'it is on'
    case 'disk':
      return 'there is room'
    default:
      return ''
  }
}
