import type { Config } from '../config/config.js'
import type { Agent } from '../domain/agent.js'
import type { Reach, ToolReach } from '../policy/reach.js'
import {
  deciders,
  sayChoices,
  sayMoney,
  sayMost,
  sayObjects,
  sayOrigins,
  sayReadables,
  sayRuns,
  sayTexts,
} from '../runs/reach-words.js'
import type { Io } from './io.js'
import { formatFields, formatTable } from './table.js'
import { indentBy, plain, wrap } from './text.js'

/** At most so many columns, so that it can be read in a terminal of the usual size. */
const readableWidth = 80

/** What an agent can do at worst in a day, for a person who is to say yes to it. */
export function formatReach(
  reach: Reach,
  agent: Agent,
  config: Config,
  io: Pick<Io, 'width' | 'style'>,
): string {
  const width = Math.min(readableWidth, io.width)
  const indent = '    '
  const valueWidth = width - indent.length - 10
  const wrapped = (lines: readonly string[]) => lines.map((line) => wrap(line, valueWidth, '  ')).join('\n')
  const fields: [string, string | undefined][] = [
    ['runs', wrapped([sayRuns(reach, agent)])],
    ['model', wrapped([sayMoney(reach, agent, config)])],
    ['on', wrapped(sayObjects(reach))],
    ['reads', wrapped(sayReadables(reach))],
    ['says', wrapped(sayTexts(reach))],
    ['hosts', wrapped(sayOrigins(reach, agent, config))],
    ['choices', wrapped([sayChoices(reach)])],
  ]
  const writes = reach.tools.filter(({ tool }) => tool.effect !== 'read')
  const parts = [formatFields(fields.slice(0, 2), indent)]
  if (writes.length === 0) parts.push(`${indent}writes   none`)
  else
    parts.push(
      indentBy(writesTable(writes, width - indent.length, io), indent),
      ...sharing(writes, indent),
      ...narrowed(writes, indent),
    )
  parts.push(formatFields(fields.slice(2), indent))
  return `${indent.slice(2)}${io.style('bold', 'At worst, in a day')}\n${parts.join('\n')}`
}

function writesTable(writes: readonly ToolReach[], width: number, io: Pick<Io, 'style'>): string {
  const columns = [
    { title: 'WRITES', shrinkTo: 16, cut: 'middle' as const },
    { title: 'ASKED' },
    { title: 'A RUN', align: 'right' as const },
    { title: 'A SUBJECT', align: 'right' as const },
    { title: 'A DAY', align: 'right' as const },
  ]
  const rows = writes.flatMap(({ tool, gate, calls, sums }) => [
    [plain(tool.name), deciders[gate], ...sayMost(calls)],
    ...sums.map((sum) => [`  ${plain(sum.arg)}, added up`, '', ...sayMost(sum)]),
  ])
  return formatTable(columns, rows, width, (text, _row, column) => {
    if (text.trim() === 'no bound') return io.style(column === 4 ? 'red' : 'yellow', text)
    return column === 1 && text.trim() === 'nobody' ? io.style('yellow', text) : text
  })
}

function sharing(writes: readonly ToolReach[], indent: string): string[] {
  return writes.flatMap(({ tool, grant, sharedWith }) => {
    const isBounded = [...grant.max, ...grant.sum].some(({ per }) => per !== 'run')
    if (sharedWith.length === 0 || !isBounded) return []
    return [
      `${indent}(${plain(tool.name)}: a subject and a day count together with ${sharedWith.map(plain).join(', ')})`,
    ]
  })
}

function narrowed(writes: readonly ToolReach[], indent: string): string[] {
  const names = writes.filter(({ grant }) => grant.condition).map(({ tool }) => plain(tool.name))
  if (names.length === 0) return []
  return [`${indent}(the condition of ${names.join(', ')} narrows that, and is not counted here)`]
}
