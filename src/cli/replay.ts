import { AppError } from '../domain/errors.js'
import { isFinal, type Run } from '../domain/run.js'
import type { StoredEvent } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { JsonObject } from '../util/json.js'
import {
  addExamples,
  addJsonOption,
  type Declare,
  failure,
  type Invocation,
  printDocument,
  sinceOf,
  usageError,
} from './command.js'
import { runDocument } from './document.js'
import { requireEvent } from './event.js'
import { findId, withLedger } from './ledger.js'
import { confirm } from './person.js'
import { sayEvent } from './say.js'
import { count, plain } from './text.js'

interface Options {
  readonly agent?: string
  readonly since?: string
  readonly failed?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

/** One new run that would be made. */
interface Planned {
  readonly event: StoredEvent
  readonly agent: string
  /** Its last run, where there is one. */
  readonly last: Run | undefined
}

export const declareReplay: Declare = (command, invocation) => {
  command
    .option('--agent <name>', 'this agent only; default: the agents that the event woke')
    .option('--since <time>', 'all events of the last 2h, 7d, … or since an ISO 8601 time')
    .option('--failed', 'only where the agent’s last run is dead')
    .option('--dry-run', 'print what would be run, and stop')
    .option('--yes', 'do not ask')
  addJsonOption(command)
  addExamples(command, [
    'rouse replay evt_0193b6f1e4c27d0a --dry-run',
    'rouse replay evt_0193b6f1e4c27d0a --agent ci-doctor',
    'rouse replay --since 12h --failed',
  ])
  command.action((ids: string[], options: Options) => replay(invocation, ids, options))
}

const maxPlanned = 1000
const warning = `A replay is a new run of the same event. Its writes get new idempotency keys, so what the first
run has done already may be done again. Limits per subject and per day still count.`

async function replay(invocation: Invocation, ids: readonly string[], options: Options): Promise<void> {
  const { io } = invocation
  if (ids.length === 0 && options.since === undefined) throw usageError('name events, or give --since')
  if (ids.length > 0 && options.since !== undefined) throw usageError('name events or give --since, not both')
  await withLedger(invocation, async (store) => {
    const events = await eventsFor(invocation, store, ids, options)
    const planned: Planned[] = []
    for (const event of events) planned.push(...(await planOf(store, event, options)))
    if (planned.length > maxPlanned)
      throw failure(
        `${planned.length} runs are too many at once; narrow it down with --agent or a later --since`,
      )
    if (!options.json)
      io.out(planned.length === 0 ? 'nothing to replay' : `${formatPlan(planned)}\n\n${warning}`)
    const isAsked = planned.length > 0 && !options.dryRun
    if (
      isAsked &&
      !(await confirm(invocation, `Make ${count(planned.length, 'new run')}?`, options.yes, options.json))
    ) {
      throw failure('nothing was replayed')
    }
    const made: Run[] = []
    if (isAsked) {
      for (const { event, agent } of planned) made.push(await store.replay(event.id, agent, io.clock.now()))
    }
    if (options.json) {
      printDocument(invocation, { planned: planned.map(plannedDocument), runs: made.map(runDocument) })
    } else if (isAsked) {
      io.out('')
      for (const run of made) io.out(`${run.id}  ${plain(run.agent)}, replay ${run.replay} of ${run.eventId}`)
    }
  })
}

async function eventsFor(
  { io }: Invocation,
  store: Store,
  ids: readonly string[],
  { since }: Options,
): Promise<StoredEvent[]> {
  if (since === undefined) {
    const events = new Map<string, StoredEvent>()
    for (const text of ids) {
      const event = await requireEvent(store, await findId(store, text, ['evt']))
      events.set(event.id, event)
    }
    return [...events.values()]
  }
  const from = sinceOf(since, io.clock.now())
  const found: StoredEvent[] = []
  for (let before: string | undefined; ; ) {
    const page = await store.listEvents({
      since: from,
      limit: 200,
      ...(before === undefined ? {} : { before }),
    })
    found.push(...page)
    before = page.at(-1)?.id
    if (page.length < 200) break
    if (found.length > 20_000) throw failure('more than 20,000 events since then; give a later --since')
  }
  // In the order in which they happened, so that a subject's runs come in that order again.
  return found.reverse()
}

async function planOf(store: Store, event: StoredEvent, options: Options): Promise<Planned[]> {
  const runs = await store.runsOf(event.id)
  const woken = event.decisions.flatMap(({ agent, reason }) => (reason === 'matched' ? [agent] : []))
  const ran = new Set([...runs.map(({ agent }) => agent), ...woken])
  const { agent: wanted } = options
  if (wanted !== undefined && options.since === undefined) requireKnown(event, ran, wanted)
  const planned: Planned[] = []
  for (const agent of wanted === undefined || options.since !== undefined ? ran : [wanted]) {
    if (wanted !== undefined && agent !== wanted) continue
    const last = runs
      .filter((run) => run.agent === agent)
      .sort((left, right) => left.replay - right.replay)
      .at(-1)
    if (options.failed && last?.state !== 'dead') continue
    if (options.since !== undefined && last !== undefined && !isFinal(last.state)) continue
    planned.push({ event, agent, last })
  }
  if (planned.length === 0 && options.since === undefined && !options.failed) {
    throw failure(`${event.id} woke no agent; name one with --agent`)
  }
  return planned
}

function requireKnown(event: StoredEvent, ran: ReadonlySet<string>, agent: string): void {
  const known = new Set([...ran, ...event.decisions.map((decision) => decision.agent)])
  if (known.has(agent)) return
  const list = [...known].map(plain).join(', ') || 'none'
  throw new AppError(
    'store.not_found',
    `no agent "${plain(agent)}" was declared when ${event.id} was matched; there were: ${list}`,
  )
}

function formatPlan(planned: readonly Planned[]): string {
  return planned
    .map(({ event, agent, last }) => {
      const before = last === undefined ? 'for the first time' : `again, after ${last.id} (${last.state})`
      return `${event.id}  ${sayEvent(event)}\n    ${plain(agent)} ${before}`
    })
    .join('\n')
}

function plannedDocument({ event, agent, last }: Planned): JsonObject {
  return { event_id: event.id, agent, last_run_id: last?.id ?? null, last_state: last?.state ?? null }
}
