import type { Result } from './run.js'

interface Row {
  sender: string
  vectors: number
  accepted: number
  answered: number
  refused: number
  wrong: number
  excepted: number
  notRun: number
}

/** A table of senders and, below it, each vector of which more is to be said. */
export function reportOf(results: readonly Result[]): string {
  const rows = new Map<string, Row>()
  for (const result of results) {
    const sender = result.vector.provider
    const row = rows.get(sender) ?? emptyRow(sender)
    rows.set(sender, row)
    row.vectors++
    if (result.outcome === 'not_run') row.notRun++
    else if (result.outcome === 'wrong') row.wrong++
    else if (result.outcome === 'excepted') row.excepted++
    else if (result.answer === 'answered') row.answered++
    else if (result.answer === 'refused') row.refused++
    else row.accepted++
  }
  const sorted = [...rows.values()].sort((left, right) => left.sender.localeCompare(right.sender))
  const total = sorted.reduce(added, emptyRow('all'))
  return [
    table([...sorted, total]),
    list('Wrong', ofOutcome(results, 'wrong')),
    list('Excepted', ofOutcome(results, 'excepted')),
    list('Not run', ofOutcome(results, 'not_run')),
    list(
      'Right, but not as it stands in the file',
      ofOutcome(results, 'right').filter(({ reasons }) => reasons.length > 0),
    ),
    closing(results),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

export function ofOutcome(results: readonly Result[], outcome: Result['outcome']): Result[] {
  return results.filter((result) => result.outcome === outcome)
}

function emptyRow(sender: string): Row {
  return { sender, vectors: 0, accepted: 0, answered: 0, refused: 0, wrong: 0, excepted: 0, notRun: 0 }
}

function added(left: Row, right: Row): Row {
  return {
    sender: left.sender,
    vectors: left.vectors + right.vectors,
    accepted: left.accepted + right.accepted,
    answered: left.answered + right.answered,
    refused: left.refused + right.refused,
    wrong: left.wrong + right.wrong,
    excepted: left.excepted + right.excepted,
    notRun: left.notRun + right.notRun,
  }
}

const columns: readonly [string, keyof Row][] = [
  ['sender', 'sender'],
  ['vectors', 'vectors'],
  ['valid accepted', 'accepted'],
  ['handshakes answered', 'answered'],
  ['invalid refused', 'refused'],
  ['wrong', 'wrong'],
  ['excepted', 'excepted'],
  ['not run', 'notRun'],
]

function table(rows: readonly Row[]): string {
  const cells = [
    columns.map(([title]) => title),
    ...rows.map((row) => columns.map(([, key]) => shown(row[key]))),
  ]
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)))
  return cells
    .map((line) =>
      line
        .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function shown(value: string | number): string {
  return value === 0 ? '·' : String(value)
}

function list(title: string, results: readonly Result[]): string {
  if (results.length === 0) return ''
  const lines = results.map(
    ({ vector, kind, reasons }) =>
      `  ${vector.id} (${[kind ?? vector.provider, vector.scheme].join(', ')}): ${reasons.join('; ')}`,
  )
  return [`${title}:`, ...lines].join('\n')
}

function closing(results: readonly Result[]): string {
  const amount = (outcome: Result['outcome']) => ofOutcome(results, outcome).length
  return `${results.length} vectors: ${amount('right')} right, ${amount('wrong')} wrong, ${amount('excepted')} excepted, ${amount('not_run')} not run`
}
