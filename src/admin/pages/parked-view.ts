import type { Run } from '../../domain/run.js'
import type { Alert, Counts, StoredEvent, ToolCallRow } from '../../store/records.js'
import type { Stuck } from '../../store/reports.js'
import type { Caller } from '../callers.js'
import type { PageOptions } from './page.js'

/** A write that was sent and whose outcome nobody knows. */
export interface HeldWrite {
  readonly call: ToolCallRow
  readonly run: Run
  readonly event: StoredEvent | undefined
}

export type DeadCause = Stuck['dead'][number] & {
  /** Of the newest `looked` of them, how many another run of the same event came after. */
  readonly replayed: number
  readonly looked: number
}

/** What does not go on, by its cause. */
export interface ParkedView {
  readonly stuck: Stuck
  /** By the code of the error; those that were replayed are left out of what needs a person. */
  readonly dead: readonly DeadCause[]
  readonly held: readonly HeldWrite[]
  readonly counts: Counts
  /** Those that stand. */
  readonly alerts: readonly Alert[]
  readonly now: number
  readonly caller: Caller
}

/** A dead run stays dead when it is replayed, so each is looked after; older ones are not. */
const mostLookedAt = 25
const mostCauses = 20
const mostHeld = 20
const mostAlerts = 50

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
  const stuck = await store.stuck(now)
  const dead: DeadCause[] = []
  for (const cause of stuck.dead.slice(0, mostCauses)) dead.push(await lookedAfter(cause, store))
  return {
    stuck,
    dead,
    held,
    counts: await store.counts(),
    alerts: alerts.filter(({ resolvedAt }) => resolvedAt === undefined),
    now,
    caller,
  }
}

async function lookedAfter(cause: Stuck['dead'][number], store: PageOptions['store']): Promise<DeadCause> {
  const { runs } = await store.findRuns({ state: 'dead', errorCode: cause.code, limit: mostLookedAt })
  let replayed = 0
  for (const run of runs) {
    const all = await store.runsOf(run.eventId)
    if (all.some(({ agent, createdAt }) => agent === run.agent && createdAt > run.createdAt)) replayed++
  }
  return { ...cause, replayed, looked: runs.length }
}

/** How many still need a person, as far as they were looked at. */
export function openOf({ count, replayed }: DeadCause): number {
  return Math.max(0, count - replayed)
}
