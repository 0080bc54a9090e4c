import type { Database } from 'better-sqlite3'
import type { DeliveryState } from '../../domain/delivery.js'
import type { EventDraft, Via } from '../../domain/event.js'
import { stringifyJson } from '../../util/json.js'
import type { Arrival } from '../records.js'

export interface DeliveryParts {
  readonly state: DeliveryState
  readonly reason: string | null
  readonly body: Uint8Array | null
}

export interface EventParts {
  readonly id: string
  readonly source: string
  readonly recordedAt: number
  readonly via: Via
  readonly deliveryId: string | null
}

export interface ArrivalRows {
  insertDelivery(arrival: Omit<Arrival, 'events'>, parts: DeliveryParts): void
  insertEvent(draft: EventDraft, parts: EventParts): void
  /** Another delivery of an event that is there; saying it twice changes nothing. */
  insertRedelivery(eventId: string, deliveryId: string): void
}

/** Values are bound by position: by name costs the hot path a lookup for each. */
export function arrivalRows(db: Database): ArrivalRows {
  const delivery = db.prepare(`
    INSERT INTO deliveries (id, source, state, received_at, url, headers, secret_index, remote_address, reason,
      body_bytes, body_digest, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const event = db.prepare(`
    INSERT INTO events (id, source, source_event_id, semantic_key, type, subject, time_at, recorded_at, via,
      delivery_id, state, ids, actor, is_public, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'recorded', ?, ?, ?, ?)`)
  const redelivery = db.prepare(
    'INSERT INTO redeliveries (event_id, delivery_id) VALUES (?, ?) ON CONFLICT DO NOTHING',
  )
  return {
    insertDelivery(arrival, { state, reason, body }) {
      const { deliveryId, source, receivedAt, url, secretIndex, remoteAddress = null, bodyDigest } = arrival
      const headers = JSON.stringify(arrival.headers)
      const bytes = arrival.body.length
      delivery.run(
        deliveryId,
        source,
        state,
        receivedAt,
        url,
        headers,
        secretIndex,
        remoteAddress,
        reason,
        bytes,
        bodyDigest,
        body,
      )
    },
    insertEvent(draft, { id, source, recordedAt, via, deliveryId }) {
      const { sourceEventId = null, semanticKey = null, type, subject = null, actor = null } = draft
      const time = Number.isFinite(draft.time) ? Math.trunc(draft.time) : recordedAt
      const ids = JSON.stringify(draft.ids)
      const data = draft.data === undefined ? null : stringifyJson(draft.data)
      event.run(
        id,
        source,
        sourceEventId,
        semanticKey,
        type,
        subject,
        time,
        recordedAt,
        via,
        deliveryId,
        ids,
        actor,
        draft.isPublic ? 1 : 0,
        data,
      )
    },
    insertRedelivery(eventId, deliveryId) {
      redelivery.run(eventId, deliveryId)
    },
  }
}
