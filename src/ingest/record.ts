import { type Delivery, shownHeaders, shownUrl } from '../domain/delivery.js'
import type { Event, EventDraft } from '../domain/event.js'
import type { Arrival, MalformedArrival, Recorded } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { JsonValue } from '../util/json.js'
import { sha256 } from '../util/signature.js'

export interface RecordedArrival extends Recorded {
  /** The events that are new, as the ledger has them. */
  readonly newEvents: readonly Event[]
}

/** Hands a verified delivery and its events to the ledger. Resolves after the commit. */
export async function record(
  store: Store,
  delivery: Delivery,
  secretIndex: number,
  drafts: readonly EventDraft[],
  wholeBody: () => JsonValue,
): Promise<RecordedArrival> {
  const arrival: Arrival = { ...arrivalOf(delivery, secretIndex), events: drafts }
  const recorded = await store.record(arrival)
  const newEvents: Event[] = []
  for (const [at, { id, isNew }] of recorded.events.entries()) {
    const draft = drafts[at]
    if (!isNew || id === undefined || draft === undefined) continue
    newEvents.push({
      id,
      source: delivery.source,
      type: draft.type,
      subject: draft.subject,
      time: draft.time,
      recordedAt: delivery.receivedAt,
      via: 'webhook',
      ids: draft.ids,
      actor: draft.actor,
      isPublic: draft.isPublic ?? false,
      echoOf: undefined,
      chain: 0,
      data: draft.data ?? wholeBody(),
    })
  }
  return { ...recorded, newEvents }
}

/** Keeps the bytes of a delivery whose sender is known but whose body cannot be read. */
export async function recordMalformed(
  store: Store,
  delivery: Delivery,
  secretIndex: number,
  reason: string,
): Promise<void> {
  const arrival: MalformedArrival = { ...arrivalOf(delivery, secretIndex), reason }
  await store.recordMalformed(arrival)
}

function arrivalOf(delivery: Delivery, secretIndex: number) {
  return {
    deliveryId: delivery.id,
    source: delivery.source,
    receivedAt: delivery.receivedAt,
    url: shownUrl(delivery.url),
    headers: shownHeaders(delivery.rawHeaders),
    body: delivery.body,
    bodyDigest: sha256(delivery.body),
    secretIndex,
    ...(delivery.remoteAddress === undefined ? {} : { remoteAddress: delivery.remoteAddress }),
  }
}
