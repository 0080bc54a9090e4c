import { faultPoint } from '../../util/fault-point.js'
import { newId } from '../../util/id.js'
import { stringifyJson } from '../../util/json.js'
import type { Cursor } from '../records.js'
import type { Store } from '../store.js'
import { arrivalRows } from './arrival-rows.js'
import { dedupeKeys, ownKeys } from './dedupe-keys.js'
import type { Reader } from './reader.js'
import { readJson } from './stored-json.js'
import type { Writer } from './writer.js'

interface CursorRow {
  readonly fingerprint: string
  readonly value: string
  readonly next_at: number
  readonly last_ok_at: number | null
  readonly last_error: string | null
  readonly failures: number
}

/** What comes by the clock. */
export function ticks(writer: Writer, reader: Reader): Pick<Store, 'recordTick' | 'cursor'> {
  const keys = dedupeKeys(writer.db)
  const rows = arrivalRows(writer.db)
  const save = writer.db.prepare(`
    INSERT INTO cursors (source, fingerprint, value, next_at, last_ok_at, last_error, failures)
      VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (source) DO UPDATE SET fingerprint = excluded.fingerprint, value = excluded.value,
      next_at = excluded.next_at, last_ok_at = excluded.last_ok_at, last_error = excluded.last_error,
      failures = excluded.failures`)
  const read = reader.db.prepare<[string], CursorRow>('SELECT * FROM cursors WHERE source = ?')

  return {
    recordTick: ({ source, via, now, events, primed, cursor }) => {
      const drafts = events.map((draft) => ({ draft, id: newId('evt'), keys: ownKeys(source, draft) }))
      const primedKeys = primed.flatMap((seen) => ownKeys(source, seen))
      const { fingerprint, nextAt, lastOkAt = null, lastError = null, failures } = cursor
      const value = stringifyJson(cursor.value)
      return writer.write(() => {
        const recorded = drafts.map(({ draft, id, keys: draftKeys }) => {
          const claimed = keys.claim(id, draftKeys, now)
          // No delivery has its data, so it must have its own.
          const whole = { ...draft, data: draft.data ?? null }
          if (claimed.isNew) {
            rows.insertEvent(whole, { id, source, recordedAt: now, via, deliveryId: null })
            writer.countArrival(source, now, 'events_recorded')
          }
          return claimed
        })
        for (const key of primedKeys) keys.prime(key, now)
        faultPoint('K20')
        save.run(source, fingerprint, value, nextAt, lastOkAt, lastError, failures)
        return { events: recorded }
      })
    },

    cursor: (source) =>
      reader.read((): Cursor | undefined => {
        const row = read.get(source)
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
  }
}
