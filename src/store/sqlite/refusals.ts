import type { Refusal } from '../records.js'
import type { Store } from '../store.js'
import type { Reader } from './reader.js'
import type { Writer } from './writer.js'

interface RefusalRow {
  readonly source: string
  readonly reason: string
  readonly day: string
  readonly count: number
  readonly last_at: number
  readonly sample: string | null
}

/** Deliveries that were refused: counted by day, never kept one by one. */
export function refusals(writer: Writer, reader: Reader): Pick<Store, 'countRefusals' | 'refusals'> {
  const add = writer.db.prepare(`
    INSERT INTO refusals (source, reason, day, count, last_at, sample) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (day, source, reason) DO UPDATE SET count = count + excluded.count,
      last_at = max(last_at, excluded.last_at), sample = coalesce(excluded.sample, sample)`)
  const since = reader.db.prepare<[string], RefusalRow>(
    'SELECT source, reason, day, count, last_at, sample FROM refusals WHERE day >= ? ORDER BY day, source, reason',
  )
  return {
    countRefusals: (refused) =>
      writer.write(() => {
        for (const { source, reason, day, count, lastAt, sample = null } of refused) {
          add.run(source, reason, day, count, lastAt, sample)
        }
      }),

    refusals: (sinceDay) =>
      reader.read(() =>
        since.all(sinceDay).map(({ last_at, sample, ...rest }): Refusal => {
          return { ...rest, lastAt: last_at, sample: sample ?? undefined }
        }),
      ),
  }
}
