import type { Approval } from '../../domain/approval.js'
import type { ParkedOn, Run } from '../../domain/run.js'
import { parkedOns } from '../../domain/run.js'
import type { ToolCall } from '../../domain/tool-call.js'
import type { Alert, Counts, StoredEvent } from '../../store/records.js'
import type { Stuck } from '../../store/reports.js'
import { type AgentToday, limitsToday } from './limits-today.js'
import { type Answer, answerOf } from './now-words.js'
import type { PageOptions } from './page.js'
import { type SourceHealth, sourcesHealth } from './source-health.js'

export interface NowView {
  readonly now: number
  readonly answer: Answer
  readonly sources: readonly SourceHealth[]
  readonly counts: Counts
  readonly stuck: Stuck
  /** Those that expire soonest first, with what their run is about. */
  readonly approvals: readonly WaitingCall[]
  readonly held: readonly ToolCall[]
  readonly running: readonly Run[]
  readonly alerts: readonly Alert[]
  readonly today: readonly AgentToday[]
  readonly events: readonly StoredEvent[]
  /** Nothing has ever come. */
  readonly isFresh: boolean
}

export interface WaitingCall {
  readonly approval: Approval
  readonly subject: string | undefined
}

export const shownOnNow = { approvals: 6, held: 6, running: 8, events: 10 } as const
/** More causes than this do not stand at once. */
const mostAlerts = 100

/** What a run waits on that nobody decides: something is away, full or off. */
const stalledOn: ReadonlySet<ParkedOn> = new Set(['model', 'api', 'disk', 'budget'])

/** All that the page says, each part bounded, whatever stands in the ledger. */
export async function viewNow(options: PageOptions): Promise<NowView> {
  const { store, clock, config } = options
  const now = clock.now()
  const [sources, counts, stuck, approvals, held, running, alerts, today, { events }] = await Promise.all([
    sourcesHealth(options),
    store.counts(),
    store.stuck(now),
    waitingCalls(store),
    store.listHeld(shownOnNow.held),
    store.listRuns({ state: 'running', limit: shownOnNow.running }),
    store.listAlerts(mostAlerts),
    limitsToday(store, config(), [...config().agents.values()], now),
    store.findEvents({ limit: shownOnNow.events }),
  ])
  const standing = alerts.filter(({ resolvedAt }) => resolvedAt === undefined)
  const answer = answerOf({
    unready: options.unready(),
    sources,
    waiting: counts.approvalsWaiting,
    held: counts.held,
    died: stuck.dead.reduce((sum, { lately }) => sum + lately, 0),
    alerts: standing.length,
    stalled: stuck.parked.reduce((sum, { on, count }) => sum + (stalledOn.has(on) ? count : 0), 0),
  })
  const isFresh = events.length === 0 && sources.every(({ lastSeenAt }) => lastSeenAt === undefined)
  return {
    now,
    answer,
    sources,
    counts,
    stuck,
    approvals,
    held,
    running,
    alerts: standing,
    today,
    events,
    isFresh,
  }
}

async function waitingCalls(store: PageOptions['store']): Promise<WaitingCall[]> {
  const found: WaitingCall[] = []
  for (const approval of await store.listApprovals({ state: 'waiting', limit: shownOnNow.approvals })) {
    found.push({ approval, subject: (await store.run(approval.runId))?.subject })
  }
  return found.sort((left, right) => left.approval.expiresAt - right.approval.expiresAt)
}

/** Those of the causes that are shown, in the order in which they are declared. */
export function parkedInOrder({ parked }: Stuck): Stuck['parked'] {
  return [...parked].sort((left, right) => parkedOns.indexOf(left.on) - parkedOns.indexOf(right.on))
}
