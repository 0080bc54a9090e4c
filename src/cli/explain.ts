import { AppError } from '../domain/errors.js'
import { deliveryDocument, eventDocument, journalDocument } from '../runs/documents.js'
import type { StoredDelivery } from '../store/records.js'
import type { Store } from '../store/store.js'
import { isoTime } from '../util/clock.js'
import type { JsonObject } from '../util/json.js'
import {
  addExamples,
  addJsonOption,
  type Declare,
  type Invocation,
  printDocument,
  whenOf,
} from './command.js'
import { requireEvent } from './event.js'
import { findId, withLedger } from './ledger.js'
import { requireJournal } from './run.js'
import { sayEvent } from './say.js'
import { seenBy } from './seen-events.js'
import { sinceThen } from './since-then.js'
import { arrivalStory, type EventRecord, eventStory } from './story.js'
import type { StoryLine } from './story-line.js'
import { formatStory } from './story-text.js'

export const declareExplain: Declare = (command, invocation) => {
  addJsonOption(command)
  addExamples(command, ['rouse explain evt_0193b6f1e4c27d0a', 'rouse explain run_0193b6f1e4c27d0a'])
  command.action((id: string, options: { json?: boolean }) => explain(invocation, id, options.json ?? false))
}

interface Explained {
  /** A delivery that brought no event, or none that is still there. */
  readonly delivery: StoredDelivery | undefined
  readonly events: readonly EventRecord[]
}

async function explain(invocation: Invocation, text: string, isJson: boolean): Promise<void> {
  await withLedger(invocation, async (store) => {
    const found = await lookUp(store, await findId(store, text, ['evt', 'dlv', 'run']))
    if (isJson) printDocument(invocation, explanationDocument(found, invocation))
    else invocation.io.out(formatExplanation(found, invocation))
  })
}

async function lookUp(store: Store, id: string): Promise<Explained> {
  if (id.startsWith('dlv_')) {
    const delivery = await store.delivery(id)
    if (!delivery) throw new AppError('store.not_found', `there is no delivery ${id} in this ledger`)
    const there = await Promise.all(delivery.eventIds.map((eventId) => store.event(eventId)))
    const kept = there.filter((event) => event !== undefined)
    const events = await Promise.all(kept.map((event) => recordOf(store, event.id)))
    return { delivery: events.length === 0 ? delivery : undefined, events }
  }
  if (id.startsWith('run_')) {
    const { run } = await requireJournal(store, id)
    // Of several events the one that it is about may be gone, being old, while the run is still there for another.
    const seen = await store.eventsOf(id, 0)
    const event = seen.find((one) => one.id === run.eventId) ?? seen.at(-1)
    return { delivery: undefined, events: [await recordOf(store, event?.id ?? run.eventId, id)] }
  }
  return { delivery: undefined, events: [await recordOf(store, id)] }
}

/** Everything recorded of an event; of its runs only `runId` where that is given. */
export async function recordOf(store: Store, eventId: string, runId?: string): Promise<EventRecord> {
  const event = await requireEvent(store, eventId)
  const deliveries = await store.deliveriesOf(eventId)
  const runs = (await store.runsOf(eventId)).filter(({ id }) => runId === undefined || id === runId)
  const journals = await Promise.all(runs.map(({ id }) => store.journal(id)))
  const later = await Promise.all(journals.map((journal) => sinceThen(store, journal)))
  return {
    event,
    deliveries,
    runs: journals,
    seen: await seenBy(store, runs),
    later: new Map(later.flatMap((found) => [...found])),
  }
}

export function formatExplanation({ delivery, events }: Explained, invocation: Invocation): string {
  const when = whenOf(invocation)
  const { io } = invocation
  const parts = events.map((record) => {
    const title = io.style('bold', sayEvent(record.event))
    return `${title}, ${record.event.state}, recorded ${when.both(record.event.recordedAt)}\n\n${formatStory(eventStory(record, when), when, io)}`
  })
  if (delivery) parts.push(formatStory(arrivalStory(delivery), when, io))
  if (delivery && delivery.eventIds.length > 0) {
    parts.push(`It was about ${delivery.eventIds.join(', ')}, which is old and no longer in the ledger.`)
  }
  return parts.join('\n\n')
}

function explanationDocument({ delivery, events }: Explained, invocation: Invocation): JsonObject {
  const when = whenOf(invocation)
  return {
    delivery: delivery ? deliveryDocument(delivery) : null,
    events: events.map((record) => ({
      ...eventDocument(record.event),
      deliveries: record.deliveries.map(deliveryDocument),
      runs: record.runs.map((journal) => journalDocument(journal, record.seen?.get(journal.run.id))),
      story: eventStory(record, when).map(lineDocument),
    })),
  }
}

function lineDocument({ at, verb, text }: StoryLine): JsonObject {
  return { at: at === undefined ? null : isoTime(at), verb, text }
}
