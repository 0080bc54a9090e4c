import { type ParkedOn, parkedOns, type Run, type RunState, runTransitions } from '../domain/run.js'
import { alertDocument, runDocument } from '../runs/documents.js'
import type { RunFilter } from '../store/records.js'
import type { RunSearch, RunsFound } from '../store/reports.js'
import type { Store } from '../store/store.js'
import { formatAlerts, standingAlerts } from './alerts.js'
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
import { formatParked } from './parked.js'
import { shortRunState, toneColours, toneOfRun } from './say.js'
import { formatTable } from './table.js'
import { plain } from './text.js'

interface Options {
  readonly agent?: string
  readonly state?: string
  readonly parkedOn?: string
  readonly replayed?: string
  readonly since?: string
  readonly before?: string
  readonly limit: number
  readonly json?: boolean
}

export const declareRuns: Declare = (command, invocation) => {
  command
    .option('--agent <name>', 'of this agent')
    .option('--state <state>', Object.keys(runTransitions).join(', '))
    .option('--parked-on <what>', `only parked ones, on ${parkedOns.join(', ')}`)
    .option('--replayed <answer>', 'only dead ones: yes, those replayed since; no, those that still wait')
    .option('--since <time>', 'made in the last 2h, 7d, … or since an ISO 8601 time')
    .option('--before <id>', 'older than this run: the next page')
    .option('--limit <n>', 'at most this many', parseLimit, 20)
  addJsonOption(command)
  addExamples(command, [
    'rouse runs --state parked',
    'rouse runs --agent ci-doctor --since 1d',
    'rouse runs --replayed no',
  ])
  command.action((options: Options) => runs(invocation, options))
}

async function runs(invocation: Invocation, options: Options): Promise<void> {
  const { io } = invocation
  const { agent, limit } = options
  const since = options.since === undefined ? undefined : sinceOf(options.since, io.clock.now())
  const parkedOn =
    options.parkedOn === undefined ? undefined : oneOf('--parked-on', options.parkedOn, parkedOns)
  const isReplayed =
    options.replayed === undefined
      ? undefined
      : oneOf('--replayed', options.replayed, ['yes', 'no']) === 'yes'
  const state = stateOf(options, parkedOn, isReplayed)
  await withLedger(invocation, async (store) => {
    const before = options.before === undefined ? undefined : await findId(store, options.before, ['run'])
    const search = {
      limit,
      ...(agent === undefined ? {} : { agent }),
      ...(state === undefined ? {} : { state }),
      ...(parkedOn === undefined ? {} : { parkedOn }),
      ...(since === undefined ? {} : { since }),
      ...(before === undefined ? {} : { before }),
    }
    const { runs: found, next } =
      isReplayed === undefined
        ? await listed(store, search)
        : await searched(store, { ...search, isReplayed })
    const alerts = state === 'parked' ? await standingAlerts(store) : undefined
    if (options.json) {
      const told = alerts && { alerts: alerts.map(alertDocument) }
      printDocument(invocation, { runs: found.map(runDocument), next: next ?? null, ...told })
      return
    }
    if (alerts && alerts.length > 0) io.out(`${formatAlerts(alerts, invocation)}\n`)
    io.out(state === 'parked' ? formatParked(found, invocation) : formatRuns(found, invocation))
    if (state === 'dead' && !isReplayed && found.length > 0) io.err(howToReplay(found, io.clock.now(), agent))
    if (next !== undefined) io.err(`older ones: rouse runs --before ${next}`)
  })
}

/** What is asked of parked or dead runs only says the state too. */
function stateOf(
  { state }: Options,
  parkedOn: ParkedOn | undefined,
  isReplayed: boolean | undefined,
): RunState | undefined {
  const states = Object.keys(runTransitions) as RunState[]
  const given = state === undefined ? undefined : oneOf('--state', state, states)
  if (isReplayed === undefined) return given ?? (parkedOn === undefined ? undefined : 'parked')
  if (parkedOn !== undefined || (given ?? 'dead') !== 'dead') {
    throw usageError('--replayed is of dead runs: it goes with no other --state, and not with --parked-on')
  }
  return 'dead'
}

type Page = Pick<RunsFound, 'runs' | 'next'>

async function listed(store: Store, filter: RunFilter): Promise<Page> {
  const runs = await store.listRuns(filter)
  return { runs, next: runs.length === filter.limit ? runs.at(-1)?.id : undefined }
}

/** A whole page, however many runs lie between these. */
async function searched(store: Store, search: RunSearch): Promise<Page> {
  const runs: Run[] = []
  let next = search.before
  do {
    const limit = search.limit - runs.length
    const found = await store.findRuns({ ...search, limit, ...(next && { before: next }) })
    runs.push(...found.runs)
    next = found.next
  } while (next !== undefined && runs.length < search.limit)
  return { runs, next }
}

/** What to type to see which of them would be run again, and what that would do a second time. */
function howToReplay(dead: readonly Run[], now: number, agent: string | undefined): string {
  const oldest = Math.min(...dead.map(({ createdAt }) => createdAt))
  const hours = Math.max(1, Math.ceil((now - oldest) / 3_600_000) + 1)
  const since = hours > 48 ? `${Math.ceil(hours / 24)}d` : `${hours}h`
  const ofAgent = agent === undefined ? '' : ` --agent ${plain(agent)}`
  return `to run them again: rouse replay --failed --since ${since}${ofAgent} --dry-run`
}

export function formatRuns(runs: readonly Run[], invocation: Invocation): string {
  const { io } = invocation
  if (runs.length === 0) return 'no runs'
  const when = whenOf(invocation)
  const short = shortIds(runs.map(({ id }) => id))
  // Nothing follows on a dead run; why it died is what is asked for.
  const isDead = runs.every(({ state }) => state === 'dead')
  const rows = runs.map((run) => [
    short(run.id),
    when.at(run.createdAt),
    when.ago(run.createdAt),
    plain(run.agent),
    plain(run.subject),
    shortRunState(run),
    isDead ? (run.error?.code ?? '') : run.nextAt === undefined ? '' : when.ago(run.nextAt),
    run.usage.turns === 0 ? '' : (run.usage.costUsd?.toFixed(4) ?? '?'),
  ])
  const columns = [
    { title: 'ID' },
    { title: 'MADE' },
    { title: '' },
    { title: 'AGENT', shrinkTo: 8 },
    { title: 'SUBJECT', shrinkTo: 8, cut: 'middle' as const },
    { title: 'STATE' },
    { title: isDead ? 'CAUSE' : 'NEXT' },
    { title: 'USD', align: 'right' as const },
  ]
  return formatTable(columns, rows, io.width, (text, row, column) => {
    const run = runs[row]
    if (column === 2) return io.style('dim', text)
    const colour = run && column === 5 ? toneColours[toneOfRun(run.state)] : undefined
    return colour === undefined ? text : io.style(colour, text)
  })
}
