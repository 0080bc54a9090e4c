import { newId } from '../../util/id.js'
import type { Arrival, MalformedArrival, Recorded } from '../records.js'
import type { Store } from '../store.js'
import { arrivalRows } from './arrival-rows.js'
import { dedupeKey, dedupeKeys, keysOfArrival } from './dedupe-keys.js'
import type { Writer } from './writer.js'

/** What comes in by HTTP: the hot path of the daemon. */
export function arrivals(writer: Writer): Pick<Store, 'record' | 'recordMalformed'> {
  const keys = dedupeKeys(writer.db)
  const rows = arrivalRows(writer.db)

  return {
    record: (arrival: Arrival) => {
      const { source, deliveryId, receivedAt: recordedAt } = arrival
      // Digests and ids are made before the transaction, so that the lock is held for writing only.
      const drafts = arrival.events.map((draft, index) => {
        return { draft, id: newId('evt'), keys: keysOfArrival(arrival, draft, index) }
      })
      return writer.write((): Recorded => {
        const events = drafts.map((draft) => keys.claim(draft.id, draft.keys, recordedAt))
        const state = events.some(({ isNew }) => isNew) ? 'recorded' : 'duplicate'
        rows.insertDelivery(arrival, {
          state,
          reason: null,
          body: state === 'recorded' ? arrival.body : null,
        })
        for (const [index, { id, isNew }] of events.entries()) {
          const draft = drafts[index]?.draft
          if (id === undefined || draft === undefined) continue
          if (isNew) {
            rows.insertEvent(draft, { id, source, recordedAt, via: 'webhook', deliveryId })
            writer.countArrival(source, recordedAt, 'events_recorded')
          } else rows.insertRedelivery(id, deliveryId)
        }
        writer.count(`deliveries.${state}`)
        writer.countArrival(source, recordedAt, `deliveries_${state}`)
        return { deliveryId, state, events }
      })
    },

    recordMalformed: (arrival: MalformedArrival) => {
      const key = dedupeKey('malformed', arrival.source, arrival.bodyDigest)
      return writer.write(() => {
        if (!keys.prime(key, arrival.receivedAt)) return
        rows.insertDelivery(arrival, { state: 'malformed', reason: arrival.reason, body: arrival.body })
        writer.count('deliveries.malformed')
        writer.countArrival(arrival.source, arrival.receivedAt, 'deliveries_malformed')
      })
    },
  }
}
