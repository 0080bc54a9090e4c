import { StoreError } from '../../domain/errors.js'
import type { Run } from '../../domain/run.js'
import type { Journal, StoredDelivery, StoredEvent } from '../../store/records.js'
import type { Caller } from '../callers.js'
import type { PageOptions } from './page.js'

/** An event as its page shows it. */
export interface EventView {
  readonly event: StoredEvent
  /** The first and the redeliveries, oldest first. */
  readonly deliveries: readonly StoredDelivery[]
  /** All that see it, oldest first. */
  readonly runs: readonly Run[]
  /** Of the newest of them. */
  readonly journals: readonly Journal[]
  /** Events of its subject that were recorded after it, newest first. */
  readonly later: readonly StoredEvent[]
  /** Whether there are more than those. */
  readonly hasMoreLater: boolean
  readonly now: number
  readonly caller: Caller
}

const mostJournals = 12
export const mostLater = 20

export async function viewOf(id: string, caller: Caller, { store, clock }: PageOptions): Promise<EventView> {
  const event = await store.event(id)
  if (!event) throw new StoreError('store.not_found', `there is no event ${id} in this ledger`)
  const { source, subject, recordedAt } = event
  const runs = await store.runsOf(id)
  const journals: Journal[] = []
  for (const run of runs.slice(-mostJournals)) journals.push(await store.journal(run.id))
  const since =
    subject === undefined
      ? []
      : await store.listEvents({ source, subject, since: recordedAt, limit: mostLater + 2 })
  // Those of one delivery have one time; ids grow.
  const after = since.filter((one) => one.id !== id && (one.recordedAt > recordedAt || one.id > id))
  return {
    event,
    deliveries: await store.deliveriesOf(id),
    runs,
    journals,
    later: after.slice(0, mostLater),
    hasMoreLater: after.length > mostLater,
    now: clock.now(),
    caller,
  }
}
