import { toolCallDocument } from '../runs/documents.js'
import { lookAfter, type Simulated, type Sum, sumUp } from '../runs/simulated.js'
import { isoTime } from '../util/clock.js'
import type { JsonObject } from '../util/json.js'
import {
  addExamples,
  addJsonOption,
  type Declare,
  type Invocation,
  parseLimit,
  printDocument,
  sinceOf,
  whenOf,
} from './command.js'
import { withLedger } from './ledger.js'
import { sayEvent } from './say.js'
import { type LaterEvent, sayLater } from './since-then.js'
import { formatFields, formatTable } from './table.js'
import { count, cutTo, indentBy, plain, wrap } from './text.js'

interface Options {
  readonly agent?: string
  readonly since: string
  readonly limit: number
  readonly json?: boolean
}

export const declareShadow: Declare = (command, invocation) => {
  command
    .option('--agent <name>', 'of this agent')
    .option('--since <time>', 'simulated in the last 2h, 7d, … or since an ISO 8601 time', '7d')
    .option('--limit <n>', 'at most this many', parseLimit, 100)
  addJsonOption(command)
  addExamples(command, ['rouse shadow', 'rouse shadow --agent disputes --since 14d'])
  command.action((options: Options) => shadow(invocation, options))
}

async function shadow(invocation: Invocation, options: Options): Promise<void> {
  const { io } = invocation
  const { agent, limit } = options
  const since = sinceOf(options.since, io.clock.now())
  await withLedger(invocation, async (store) => {
    const calls = await store.listSimulated({ since, limit, ...(agent === undefined ? {} : { agent }) })
    const found: Simulated[] = []
    for (const call of calls) found.push(await lookAfter(store, call))
    if (options.json) {
      printDocument(invocation, {
        writes: found.map(simulatedDocument),
        tools: sumUp(found).map(sumDocument),
      })
      return
    }
    if (found.length === 0) {
      io.out(
        'no write was simulated in that time; an agent’s mode: shadow, or a grant’s gate: shadow, does that',
      )
      return
    }
    io.out(
      [...found.map((one) => formatSimulated(one, invocation)), formatSums(found, io.width)].join('\n\n'),
    )
    if (found.length === limit)
      io.err(`only the newest ${count(limit, 'write')}, also in the counts; see --limit`)
  })
}

const shownLater = 8

function formatSimulated({ call, run, event, later }: Simulated, invocation: Invocation): string {
  const { io } = invocation
  const when = whenOf(invocation)
  const at = call.settledAt ?? call.proposedAt
  const width = io.width - 16
  const { request } = call
  const would = request
    ? `${plain(request.method)} ${plain(request.url)}\n${cutTo(plain(call.editedArguments ?? call.argumentsText), width)}`
    : cutTo(plain(call.argumentsText), width)
  const fields: [string, string | undefined][] = [
    ['agent', run ? `${plain(run.agent)}, ${run.id}` : call.runId],
    ['event', event ? sayEvent(event) : 'old, and no longer in the ledger'],
    ['would send', would],
    ['then', sayThen(later, at, width)],
  ]
  return `${io.style('bold', plain(call.tool))}  ${call.id}, ${when.both(at)}\n${formatFields(fields, '  ')}`
}

function sayThen(later: readonly LaterEvent[] | undefined, at: number, width: number): string {
  if (later === undefined) return 'not known: the event has no subject that later ones could share'
  if (later.length === 0) return 'no later event of the subject has come'
  const lines = later.slice(0, shownLater).map((one) => wrap(sayLater(one, at), width, '  '))
  if (later.length > shownLater) lines.push(`and ${count(later.length - shownLater, 'more event')}`)
  return lines.join('\n')
}

function formatSums(found: readonly Simulated[], width: number): string {
  const columns = [
    { title: 'WOULD HAVE MADE' },
    { title: 'WRITES', align: 'right' as const },
    { title: 'WITH A LATER EVENT', align: 'right' as const },
    { title: 'THAT LOOKS THE SAME', align: 'right' as const },
  ]
  const rows = sumUp(found).map(({ tool, proposed, withLater, alike }) => [
    plain(tool),
    ...[proposed, withLater, alike].map((amount) => amount.toLocaleString('en-US')),
  ])
  const caution =
    'What looks the same does so by the words in its type: it may be another deed, of another amount. No later event may mean that nobody did anything, or that the sender does not tell of it.'
  return `${formatTable(columns, rows, width)}\n\n${indentBy(wrap(caution, Math.min(width, 80)), '')}`
}

function simulatedDocument({ call, run, event, later }: Simulated): JsonObject {
  return {
    tool_call: toolCallDocument(call),
    agent: run?.agent ?? null,
    event_id: event?.id ?? null,
    source: event?.source ?? null,
    subject: event?.subject ?? null,
    later:
      later?.map(({ event: one, alike }) => ({
        event_id: one.id,
        type: one.type,
        actor: one.actor ?? null,
        recorded_at: isoTime(one.recordedAt),
        echo_of: one.echoOf ?? null,
        alike: [...alike],
      })) ?? null,
  }
}

function sumDocument({ tool, proposed, withLater, alike }: Sum): JsonObject {
  return { tool, proposed, with_later_event: withLater, alike }
}
