import type { Telling } from '../../domain/alerting.js'
import type { ErrorCode } from '../../domain/errors.js'
import type { Store } from '../store.js'
import type { Reader } from './reader.js'
import type { Writer } from './writer.js'

interface TellingRow {
  readonly target: string
  readonly cause: string
  readonly code: ErrorCode
  readonly raised_at: number
  readonly told_at: number | null
  readonly times: number
}

/** What whom was told of alerts. */
export function tellings(
  writer: Writer,
  reader: Reader,
): Pick<Store, 'tellings' | 'recordTelling' | 'forgetTelling'> {
  const list = reader.db.prepare<[], TellingRow>('SELECT * FROM tellings ORDER BY target, cause')
  const record = writer.db.prepare(`
    INSERT INTO tellings (target, cause, code, raised_at, told_at, times)
    VALUES (@target, @cause, @code, @raisedAt, @toldAt, @times)
    ON CONFLICT DO UPDATE SET code = excluded.code, raised_at = excluded.raised_at, told_at = excluded.told_at,
      times = excluded.times`)
  const forget = writer.db.prepare('DELETE FROM tellings WHERE target = ? AND cause = ?')
  return {
    tellings: () => reader.read(() => list.all().map(tellingOf)),
    recordTelling: (telling) =>
      writer.write(() => {
        record.run({ ...telling, toldAt: telling.toldAt ?? null })
      }),
    forgetTelling: (target, cause) =>
      writer.write(() => {
        forget.run(target, cause)
      }),
  }
}

function tellingOf({ target, cause, code, times, ...row }: TellingRow): Telling {
  return { target, cause, code, times, raisedAt: row.raised_at, toldAt: row.told_at ?? undefined }
}
