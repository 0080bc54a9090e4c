import { AppError } from '../domain/errors.js'
import { wakes } from '../domain/event.js'
import { match } from '../ingest/match.js'
import type { StoredEvent } from '../store/records.js'
import type { Store } from '../store/store.js'
import { failure, type Invocation, sinceOf, usageError } from './command.js'
import { loadWhole } from './configuration.js'
import { requireEvent } from './event.js'
import { findId } from './ledger.js'
import { type LeftOut, type Plan, type Planned, planOf, type Wish } from './replay-plan.js'
import { plain } from './text.js'

/** Which events and agents a person asks for. Times are as they were typed. */
export interface Choice {
  readonly agent?: string
  readonly source?: string
  readonly type?: string
  readonly since?: string
  readonly until?: string
  readonly failed?: boolean
  readonly ifNoRuns?: boolean
  readonly replayedBefore?: string
  readonly evenIfHeld?: boolean
}

const maxPlanned = 10_000
const maxLookedAt = 100_000

export function requireOneChoice(ids: readonly string[], choice: Choice): void {
  const { since, until, source, type, failed, ifNoRuns } = choice
  if (ids.length === 0 && since === undefined) throw usageError('name events, or give --since')
  if (ids.length > 0 && [since, until, source, type].some((given) => given !== undefined)) {
    throw usageError('name events or choose them by --since, --until, --source and --type, not both')
  }
  if (failed && ifNoRuns)
    throw usageError('--failed is about runs and --if-no-runs about none; give one of them')
}

/** What is to be replayed, and what is left out of it. Throws where an event or the agent is not there. */
export async function makePlan(
  invocation: Invocation,
  store: Store,
  ids: readonly string[],
  choice: Choice,
): Promise<Plan> {
  const now = invocation.io.clock.now()
  const { agent, replayedBefore } = choice
  const wish: Wish = {
    agent,
    isFailedOnly: choice.failed === true,
    wouldWake: choice.ifNoRuns ? await wakingToday(invocation, agent) : undefined,
    isNamed: ids.length > 0,
    isBulk: ids.length !== 1,
    replayedBefore:
      replayedBefore === undefined ? undefined : sinceOf(replayedBefore, now, '--replayed-before'),
    isEvenIfHeld: choice.evenIfHeld === true,
  }
  if (ids.length === 0) return planOfChosen(invocation, store, wish, choice)
  const planned: Planned[] = []
  const leftOut: LeftOut[] = []
  for (const id of new Set(await Promise.all(ids.map((text) => findId(store, text, ['evt']))))) {
    const event = await requireEvent(store, id)
    if (agent !== undefined && !choice.ifNoRuns) await requireKnown(store, event, agent)
    const one = await planOf(store, event, wish)
    planned.push(...one.planned)
    leftOut.push(...one.leftOut)
    const isNothing = one.planned.length === 0 && one.leftOut.length === 0
    if (isNothing && !choice.failed && !choice.ifNoRuns) {
      throw failure(`${event.id} woke no agent; name one with --agent`)
    }
  }
  return { planned, leftOut }
}

/** Page by page, so that no more events than one page are in memory with their data. */
async function planOfChosen(
  { io }: Invocation,
  store: Store,
  wish: Wish,
  { since = '', until, source, type }: Choice,
): Promise<Plan> {
  const now = io.clock.now()
  const filter = {
    since: sinceOf(since, now),
    limit: 200,
    ...(source === undefined ? {} : { source }),
    ...(type === undefined ? {} : { type }),
  }
  const end = until === undefined ? Number.POSITIVE_INFINITY : sinceOf(until, now, '--until')
  const planned: Planned[] = []
  const leftOut: LeftOut[] = []
  let seen = 0
  for (let before: string | undefined; ; ) {
    const page = await store.listEvents({ ...filter, ...(before === undefined ? {} : { before }) })
    for (const event of page) {
      if (event.recordedAt > end) continue
      const one = await planOf(store, event, wish)
      planned.push(...one.planned)
      leftOut.push(...one.leftOut)
    }
    before = page.at(-1)?.id
    seen += page.length
    if (page.length < filter.limit) break
    if (planned.length > maxPlanned || seen > maxLookedAt) {
      const most = `${maxPlanned.toLocaleString('en-US')} runs, or ${maxLookedAt.toLocaleString('en-US')} events`
      throw failure(`more than ${most}, at once; narrow it down with --agent, --source, --type or --since`)
    }
  }
  // In the order in which they were recorded, so that a subject's runs come in that order again.
  return { planned: planned.reverse(), leftOut: leftOut.reverse() }
}

/** Which agents of the configuration of now an event would wake. */
async function wakingToday(
  invocation: Invocation,
  agent: string | undefined,
): Promise<(event: StoredEvent) => readonly string[]> {
  const { agents } = await loadWhole(invocation)
  if (agent !== undefined && !agents.has(agent)) {
    const list = [...agents.keys()].join(', ') || 'none'
    throw new AppError('store.not_found', `no agent "${plain(agent)}" is declared; there are: ${list}`)
  }
  return (event) => {
    const decisions = match(event, agents.values())
    return decisions.filter(wakes).map((decision) => decision.agent)
  }
}

async function requireKnown(store: Store, event: StoredEvent, agent: string): Promise<void> {
  const known = new Set([
    ...(await store.runsOf(event.id)).map((run) => run.agent),
    ...event.decisions.map((decision) => decision.agent),
  ])
  if (known.has(agent)) return
  const list = [...known].map(plain).join(', ') || 'none'
  throw new AppError(
    'store.not_found',
    `no agent "${plain(agent)}" was declared when ${event.id} was matched; there were: ${list}. For one that was added later: --if-no-runs`,
  )
}
