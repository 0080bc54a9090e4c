import type { Database } from 'better-sqlite3'
import type { EventDraft } from '../../domain/event.js'
import { sha256 } from '../../util/signature.js'
import type { Arrival, RecordedEvent } from '../records.js'

type KeyKind = 'id' | 'semantic' | 'body' | 'malformed'

/** Digest over kind, source and value. A NUL parts them: no name of a source holds one. */
export function dedupeKey(kind: KeyKind, source: string, value: string | Uint8Array): Buffer {
  return sha256(`${kind}\0${source}\0`, value).subarray(0, 20)
}

/** What the sender itself calls the event. */
export function ownKeys(
  source: string,
  { sourceEventId, semanticKey }: Pick<EventDraft, 'sourceEventId' | 'semanticKey'>,
): Buffer[] {
  const keys: Buffer[] = []
  if (sourceEventId !== undefined) keys.push(dedupeKey('id', source, sourceEventId))
  if (semanticKey !== undefined) keys.push(dedupeKey('semantic', source, semanticKey))
  return keys
}

/** Where a sender's id is outside the signature, the same body under a new id is a duplicate too. */
export function keysOfArrival(
  { source, bodyDigest, events }: Arrival,
  draft: EventDraft,
  index: number,
): Buffer[] {
  const keys = ownKeys(source, draft)
  if (draft.isIdAuthentic === true && draft.sourceEventId !== undefined) return keys
  if (events.length === 1) keys.push(dedupeKey('body', source, bodyDigest))
  else if (keys.length === 0) {
    keys.push(dedupeKey('body', source, Buffer.concat([bodyDigest, Buffer.from(`#${index}`)])))
  }
  return keys
}

export interface DedupeKeys {
  /**
   * Takes all keys for the event `id`, or, when any of them is taken, gives the others to the event that has
   * it, so that a twin that came by another way is known by all its names from then on.
   */
  claim(id: string, keys: readonly Buffer[], now: number): RecordedEvent
  /** Remembers a key without an event; false when it is there already. */
  prime(key: Buffer, now: number): boolean
}

/** The unique index that makes two deliveries one event. For use inside the recording transaction. */
export function dedupeKeys(db: Database): DedupeKeys {
  const insert = db.prepare(
    'INSERT INTO dedupe_keys (key, event, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const owner = db.prepare<[Buffer], { event: Buffer | null }>('SELECT event FROM dedupe_keys WHERE key = ?')
  const assign = db.prepare('UPDATE dedupe_keys SET event = ? WHERE key = ?')
  return {
    claim(id, keys, now) {
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
    prime: (key, now) => insert.run(key, null, now).changes === 1,
  }
}

/** What becomes of the keys of what is deleted: they stay, and say for how long. For use inside the deleting transaction. */
export interface KeyReleaser {
  /** Nobody can say how far back an API will be read again: a key without an event is never forgotten. */
  polled(event: KeyedRow): void
  /** From now on its key is that of something which is gone, as those of events are, and is forgotten when they are. */
  malformed(deliveryId: string, source: string, bodyDigest: Uint8Array): void
}

interface KeyedRow {
  readonly source: string
  readonly source_event_id: string | null
  readonly semantic_key: string | null
}

export function keyReleaser(db: Database): KeyReleaser {
  const name = db.prepare('UPDATE dedupe_keys SET event = ? WHERE key = ?')
  return {
    polled({ source, source_event_id: id, semantic_key: semantic }) {
      const keys = ownKeys(source, { sourceEventId: id ?? undefined, semanticKey: semantic ?? undefined })
      for (const key of keys) name.run(null, key)
    },
    malformed(deliveryId, source, bodyDigest) {
      name.run(Buffer.from(deliveryId.slice(4), 'hex'), dedupeKey('malformed', source, bodyDigest))
    },
  }
}

export interface ForgettableKeys {
  look(
    before: number,
    limit: number,
    after?: Uint8Array,
  ): { readonly old: readonly Uint8Array[]; readonly next: Uint8Array | undefined }
  forget(keys: readonly Uint8Array[]): void
}

/**
 * Keys from before a time whose event is gone. Looked for in the order of the keys, which is by chance: an index by
 * time would be one more page for every delivery to write.
 */
export function forgettableKeys(reading: Database, writing: Database): ForgettableKeys {
  const slice = reading.prepare<
    [Uint8Array, number],
    { key: Buffer; event: Buffer | null; created_at: number }
  >('SELECT key, event, created_at FROM dedupe_keys WHERE key > ? ORDER BY key LIMIT ?')
  const hasEvent = reading.prepare<[string], unknown>('SELECT 1 FROM events WHERE id = ?')
  const forget = writing.prepare('DELETE FROM dedupe_keys WHERE key = ?')
  return {
    look(before, limit, after = Buffer.alloc(0)) {
      const keys = slice.all(after, limit)
      const old = keys.filter(
        ({ event, created_at: createdAt }) =>
          event !== null && createdAt < before && !hasEvent.get(`evt_${event.toString('hex')}`),
      )
      return {
        old: old.map(({ key }) => key),
        next: keys.length < limit ? undefined : keys.at(-1)?.key,
      }
    },
    forget(keys) {
      for (const key of keys) forget.run(key)
    },
  }
}
