import type { Database } from 'better-sqlite3'
import type { EventDraft, Via } from '../../domain/event.js'
import { newId } from '../../util/id.js'
import { stringifyJson } from '../../util/json.js'
import { sha256 } from '../../util/signature.js'
import type { Arrival, Cursor, MalformedArrival, RecordedEvent, Store } from '../store.js'
import type { Reader } from './reader.js'
import { readJson } from './stored-json.js'
import type { Writer } from './writer.js'

type Arrivals = Pick<Store, 'record' | 'recordMalformed' | 'recordTick' | 'cursor' | 'countRefusals'>

interface CursorRow {
  readonly fingerprint: string
  readonly value: string
  readonly next_at: number
  readonly last_ok_at: number | null
  readonly last_error: string | null
  readonly failures: number
}

/** What comes in: deliveries, ticks, refusals. The hot path of the daemon. */
export function arrivals(writer: Writer, reader: Reader): Arrivals {
  const { db } = writer
  const keys = dedupeKeys(db)
  const insertDelivery = db.prepare(`
    INSERT INTO deliveries (id, source, state, received_at, url, headers, secret_index, remote_address, reason,
      body_bytes, body_digest, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const insertEvent = db.prepare(`
    INSERT INTO events (id, source, source_event_id, semantic_key, type, subject, time_at, recorded_at, via,
      delivery_id, state, ids, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'recorded', ?, ?)`)
  const insertRedelivery = db.prepare(
    'INSERT INTO redeliveries (event_id, delivery_id) VALUES (?, ?) ON CONFLICT DO NOTHING',
  )
  const saveCursor = db.prepare(`
    INSERT INTO cursors (source, fingerprint, value, next_at, last_ok_at, last_error, failures)
      VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (source) DO UPDATE SET fingerprint = excluded.fingerprint, value = excluded.value,
      next_at = excluded.next_at, last_ok_at = excluded.last_ok_at, last_error = excluded.last_error,
      failures = excluded.failures`)
  const countRefusal = db.prepare(`
    INSERT INTO refusals (source, reason, day, count, last_at, sample) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (day, source, reason) DO UPDATE SET count = count + excluded.count,
      last_at = max(last_at, excluded.last_at), sample = coalesce(excluded.sample, sample)`)
  const readCursor = reader.db.prepare<[string], CursorRow>('SELECT * FROM cursors WHERE source = ?')

  const writeDelivery = (
    arrival: Omit<Arrival, 'events'>,
    state: string,
    reason: string | null,
    body: Uint8Array | null,
  ) => {
    const { deliveryId, source, receivedAt, url, headers, secretIndex, remoteAddress, bodyDigest } = arrival
    const shown = JSON.stringify(headers)
    const address = remoteAddress ?? null
    const size = arrival.body.length
    insertDelivery.run(
      deliveryId,
      source,
      state,
      receivedAt,
      url,
      shown,
      secretIndex,
      address,
      reason,
      size,
      bodyDigest,
      body,
    )
  }
  const writeEvent = (
    id: string,
    source: string,
    draft: EventDraft,
    now: number,
    via: Via,
    deliveryId: string | null,
  ) => {
    const { sourceEventId = null, semanticKey = null, type, subject = null, ids, data } = draft
    const time = Number.isFinite(draft.time) ? Math.trunc(draft.time) : now
    const text = data === undefined ? null : stringifyJson(data)
    insertEvent.run(
      id,
      source,
      sourceEventId,
      semanticKey,
      type,
      subject,
      time,
      now,
      via,
      deliveryId,
      JSON.stringify(ids),
      text,
    )
  }

  return {
    record: (arrival) => {
      // Digests and ids are made before the transaction, so that the lock is held for writing only.
      const { source, deliveryId, receivedAt } = arrival
      const drafts = arrival.events.map((draft, index) => ({
        draft,
        id: newId('evt'),
        keys: keysOfArrival(arrival, draft, index),
      }))
      return writer.write(() => {
        const events = drafts.map((draft) => keys.claim(draft.id, draft.keys, receivedAt))
        const isRecorded = events.some(({ isNew }) => isNew)
        writeDelivery(arrival, isRecorded ? 'recorded' : 'duplicate', null, isRecorded ? arrival.body : null)
        for (const [index, { id, isNew }] of events.entries()) {
          const draft = drafts[index]?.draft
          if (isNew && id !== undefined && draft)
            writeEvent(id, source, draft, receivedAt, 'webhook', deliveryId)
          else if (id !== undefined) insertRedelivery.run(id, deliveryId)
        }
        return { deliveryId, state: isRecorded ? 'recorded' : 'duplicate', events }
      })
    },

    recordMalformed: (arrival: MalformedArrival) => {
      const key = dedupeKey('malformed', arrival.source, arrival.bodyDigest)
      return writer.write(() => {
        if (!keys.prime(key, arrival.receivedAt)) return
        writeDelivery(arrival, 'malformed', arrival.reason, arrival.body)
      })
    },

    recordTick: ({ source, via, now, events, primed, cursor }) => {
      const drafts = events.map((draft) => ({ draft, id: newId('evt'), keys: ownKeys(source, draft) }))
      const primedKeys = primed.flatMap((seen) => ownKeys(source, seen))
      const value = stringifyJson(cursor.value)
      const { fingerprint, nextAt, lastOkAt = null, lastError = null, failures } = cursor
      return writer.write(() => {
        const recorded = drafts.map(({ draft, id, keys: draftKeys }) => {
          const claimed = keys.claim(id, draftKeys, now)
          if (claimed.isNew) writeEvent(id, source, { ...draft, data: draft.data ?? null }, now, via, null)
          return claimed
        })
        for (const key of primedKeys) keys.prime(key, now)
        saveCursor.run(source, fingerprint, value, nextAt, lastOkAt, lastError, failures)
        return { events: recorded }
      })
    },

    cursor: (source) =>
      reader.read((): Cursor | undefined => {
        const row = readCursor.get(source)
        if (!row) return undefined
        return {
          fingerprint: row.fingerprint,
          value: readJson(row.value),
          nextAt: row.next_at,
          lastOkAt: row.last_ok_at ?? undefined,
          lastError: row.last_error ?? undefined,
          failures: row.failures,
        }
      }),

    countRefusals: (refusals) =>
      writer.write(() => {
        for (const { source, reason, day, count, lastAt, sample = null } of refusals) {
          countRefusal.run(source, reason, day, count, lastAt, sample)
        }
      }),
  }
}

/** Digest over kind, source and value. A NUL parts them: no name of a source holds one. */
function dedupeKey(
  kind: 'id' | 'semantic' | 'body' | 'malformed',
  source: string,
  value: string | Uint8Array,
): Buffer {
  return sha256(`${kind}\0${source}\0`, value).subarray(0, 20)
}

function ownKeys(
  source: string,
  { sourceEventId, semanticKey }: Pick<EventDraft, 'sourceEventId' | 'semanticKey'>,
): Buffer[] {
  const keys: Buffer[] = []
  if (sourceEventId !== undefined) keys.push(dedupeKey('id', source, sourceEventId))
  if (semanticKey !== undefined) keys.push(dedupeKey('semantic', source, semanticKey))
  return keys
}

function keysOfArrival({ source, bodyDigest, events }: Arrival, draft: EventDraft, index: number): Buffer[] {
  const keys = ownKeys(source, draft)
  // A sender's delivery id may be outside the signature, so the same body under a new id is a duplicate too.
  if (events.length === 1) keys.push(dedupeKey('body', source, bodyDigest))
  else if (keys.length === 0)
    keys.push(dedupeKey('body', source, Buffer.concat([bodyDigest, Buffer.from(`#${index}`)])))
  return keys
}

interface KeyRow {
  readonly event: Buffer | null
}

/** The unique index that makes two deliveries one event. Runs inside the recording transaction. */
function dedupeKeys(db: Database) {
  const insert = db.prepare(
    'INSERT INTO dedupe_keys (key, event, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const owner = db.prepare<[Buffer], KeyRow>('SELECT event FROM dedupe_keys WHERE key = ?')
  const assign = db.prepare('UPDATE dedupe_keys SET event = ? WHERE key = ?')
  return {
    /**
     * Takes all keys for the event `id`, or, when any of them is taken, gives the others to the event that has
     * it, so that a twin that came by another way is known by all its names from then on.
     */
    claim(id: string, keys: readonly Buffer[], now: number): RecordedEvent {
      const event = Buffer.from(id.slice(4), 'hex')
      const mine: Buffer[] = []
      const taken: Buffer[] = []
      for (const key of keys) (insert.run(key, event, now).changes === 1 ? mine : taken).push(key)
      if (taken.length === 0) return { id, isNew: true }
      const owners = taken.map((key) => owner.get(key)?.event ?? null)
      const first = owners.find((found) => found !== null) ?? null
      for (const key of mine) assign.run(first, key)
      return { id: first === null ? undefined : `evt_${first.toString('hex')}`, isNew: false }
    },
    /** Remembers a key without an event; false when it is there already. */
    prime(key: Buffer, now: number): boolean {
      return insert.run(key, null, now).changes === 1
    },
  }
}
