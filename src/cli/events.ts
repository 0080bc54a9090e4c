import { type EventState, eventTransitions, wakes } from '../domain/event.js'
import { eventDocument, refusalDocument } from '../runs/documents.js'
import type { StoredEvent, StoredRefusal } from '../store/records.js'
import { utcDay } from '../util/clock.js'
import {
  addExamples,
  addJsonOption,
  type Declare,
  type Invocation,
  oneOf,
  parseLimit,
  printDocument,
  sinceOf,
  usageError,
  whenOf,
} from './command.js'
import { findId, shortIds, withLedger } from './ledger.js'
import { formatTable } from './table.js'
import { count, plain } from './text.js'
import { unreadable } from './unreadable.js'

interface Options {
  readonly source?: string
  readonly type?: string
  readonly state?: string
  readonly since?: string
  readonly before?: string
  readonly limit: number
  readonly unreadable?: boolean
  readonly json?: boolean
}

export const declareEvents: Declare = (command, invocation) => {
  command
    .option('--source <name>', 'of this source')
    .option('--type <type>', 'of this type, as the source names it')
    .option('--state <state>', 'recorded, dispatched or ignored')
    .option('--since <time>', 'recorded in the last 2h, 7d, … or since an ISO 8601 time')
    .option('--before <id>', 'older than this event: the next page')
    .option('--limit <n>', 'at most this many', parseLimit, 20)
    .option('--unreadable', 'instead: verified deliveries that could not be read, of which no event came')
  addJsonOption(command)
  addExamples(command, [
    'rouse events --since 2h',
    'rouse events --source payments --state ignored',
    'rouse events --unreadable',
    'rouse events --json | jq -r ".events[].id"',
  ])
  command.action((options: Options) =>
    options.unreadable ? unreadable(invocation, onlyUnreadable(options)) : events(invocation, options),
  )
}

/** Of deliveries that could not be read there is nothing to choose by. */
function onlyUnreadable({ source, type, state, since, ...wanted }: Options): Options {
  const given = Object.entries({ source, type, state, since }).find(([, value]) => value !== undefined)
  if (given) throw usageError(`--unreadable lists all of them; it does not go with --${given[0]}`)
  return wanted
}

async function events(invocation: Invocation, options: Options): Promise<void> {
  const { io } = invocation
  const { source, type, limit } = options
  const now = io.clock.now()
  const since = options.since === undefined ? undefined : sinceOf(options.since, now)
  const states = Object.keys(eventTransitions) as EventState[]
  const state = options.state === undefined ? undefined : oneOf('--state', options.state, states)
  await withLedger(invocation, async (store) => {
    const before = options.before === undefined ? undefined : await findId(store, options.before, ['evt'])
    const found = await store.listEvents({
      limit,
      ...(source === undefined ? {} : { source }),
      ...(type === undefined ? {} : { type }),
      ...(state === undefined ? {} : { state }),
      ...(since === undefined ? {} : { since }),
      ...(before === undefined ? {} : { before }),
    })
    const refused = await store.refusals(utcDay(now))
    const next = found.length === limit ? found.at(-1)?.id : undefined
    if (options.json) {
      printDocument(invocation, {
        events: found.map(eventDocument),
        refused_today: refused.map(refusalDocument),
        next: next ?? null,
      })
      return
    }
    io.out(formatEvents(found, invocation))
    for (const line of refusalLines(refused)) io.out(io.style('yellow', line))
    if (next !== undefined) io.err(`older ones: rouse events --before ${next}`)
  })
}

const wideEnough = 120

export function formatEvents(events: readonly StoredEvent[], invocation: Invocation): string {
  const { io } = invocation
  if (events.length === 0) return 'no events'
  const when = whenOf(invocation)
  const short = shortIds(events.map(({ id }) => id))
  const rows = events.map((event) => [
    short(event.id),
    when.at(event.recordedAt),
    when.ago(event.recordedAt),
    plain(event.source),
    plain(event.type),
    plain(event.subject ?? ''),
    event.state,
    event.decisions.flatMap((decision) => (wakes(decision) ? [plain(decision.agent)] : [])).join(' '),
  ])
  const columns = [
    { title: 'ID' },
    { title: 'RECORDED' },
    { title: '' },
    { title: 'SOURCE', shrinkTo: 6 },
    { title: 'TYPE', shrinkTo: 10 },
    { title: 'SUBJECT', shrinkTo: 8, cut: 'middle' as const },
    { title: 'STATE' },
    { title: 'WOKE', shrinkTo: 4 },
  ]
  // On a narrow screen the type and the subject say more than whom it woke, which `event` tells.
  if (io.width < wideEnough) columns.pop()
  return formatTable(columns, rows, io.width, (text, _row, column) =>
    column === 2 ? io.style('dim', text) : text,
  )
}

/** Refused deliveries are no events; they are counted, and shown where events are looked for. */
export function refusalLines(refusals: readonly StoredRefusal[]): string[] {
  return refusals.map(({ source, reason, count: times, sample }) => {
    const example = sample === undefined ? '' : `, for example: ${plain(sample)}`
    return `refused today: ${count(times, 'delivery', 'deliveries')} for ${plain(source)}, ${plain(reason)}${example}`
  })
}
