import type { Run } from '../../domain/run.js'
import type { Alert, Counts, StoredDelivery, StoredEvent, ToolCallRow } from '../../store/records.js'
import type { Stuck } from '../../store/reports.js'
import type { Caller } from '../callers.js'
import type { PageOptions } from './page.js'

/** A write that was sent and whose outcome nobody knows. */
export interface HeldWrite {
  readonly call: ToolCallRow
  readonly run: Run
  readonly event: StoredEvent | undefined
}

/** What does not go on, by its cause. */
export interface ParkedView {
  readonly stuck: Stuck
  readonly held: readonly HeldWrite[]
  readonly counts: Counts
  /** The newest deliveries that could not be read. */
  readonly unreadable: readonly StoredDelivery[]
  /** Those that stand. */
  readonly alerts: readonly Alert[]
  readonly now: number
  readonly caller: Caller
}

const mostHeld = 20
const mostAlerts = 50
const mostUnreadable = 5

export async function parkedView(caller: Caller, { store, clock }: PageOptions): Promise<ParkedView> {
  const now = clock.now()
  const held: HeldWrite[] = []
  for (const { id, runId } of await store.listHeld(mostHeld)) {
    const { run, calls } = await store.journal(runId)
    const call = calls.find((one) => one.id === id)
    if (call)
      held.push({ call, run, event: (await store.findEvents({ id: run.eventId, limit: 1 })).events[0] })
  }
  const alerts = await store.listAlerts(mostAlerts)
  return {
    stuck: await store.stuck(now),
    held,
    counts: await store.counts(),
    unreadable: (await store.findMalformed({ limit: mostUnreadable })).deliveries,
    alerts: alerts.filter(({ resolvedAt }) => resolvedAt === undefined),
    now,
    caller,
  }
}
