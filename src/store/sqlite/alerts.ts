import type { ErrorCode } from '../../domain/errors.js'
import type { Alert } from '../records.js'
import type { Store } from '../store.js'
import { alertPrefix } from './changes.js'
import type { Reader } from './reader.js'
import type { Writer } from './writer.js'

interface AlertRow {
  readonly cause: string
  readonly code: ErrorCode
  readonly message: string
  readonly raised_at: number
  readonly last_at: number
  readonly count: number
  readonly resolved_at: number | null
}

/** What a person should know of, once for each cause. */
export function alerts(
  writer: Writer,
  reader: Reader,
): Pick<Store, 'raiseAlert' | 'resolveAlert' | 'listAlerts' | 'pruneAlerts'> {
  const isStanding = writer.db.prepare<[string], unknown>(
    'SELECT 1 FROM alerts WHERE cause = ? AND resolved_at IS NULL',
  )
  const raise = writer.db.prepare(`
    INSERT INTO alerts (cause, code, message, raised_at, last_at, count) VALUES (@cause, @code, @message, @now, @now, 1)
    ON CONFLICT (cause) DO UPDATE SET code = excluded.code, message = excluded.message, last_at = excluded.last_at,
      raised_at = iif(resolved_at IS NULL, raised_at, excluded.raised_at),
      count = iif(resolved_at IS NULL, count + 1, 1), resolved_at = NULL`)
  const resolve = writer.db.prepare(
    'UPDATE alerts SET resolved_at = ? WHERE cause = ? AND resolved_at IS NULL',
  )
  const changed = writer.db.prepare(
    `INSERT INTO changes (id, run_id, state) VALUES ('${alertPrefix}' || ?, '', ?)`,
  )
  const list = reader.db.prepare<[number], AlertRow>(
    'SELECT * FROM alerts ORDER BY resolved_at IS NOT NULL, raised_at DESC, cause LIMIT ?',
  )
  const isOver = reader.db.prepare<[number], unknown>('SELECT 1 FROM alerts WHERE resolved_at < ? LIMIT 1')
  const forget = writer.db.prepare(
    'DELETE FROM alerts WHERE cause IN (SELECT cause FROM alerts WHERE resolved_at < ? LIMIT ?)',
  )
  return {
    raiseAlert: ({ cause, code, message }, now) =>
      writer.write(() => {
        const isNew = !isStanding.get(cause)
        raise.run({ cause, code, message, now })
        if (isNew) changed.run(cause, 'raised')
        return isNew
      }),
    resolveAlert: (cause, now) =>
      writer.write(() => {
        const wasStanding = resolve.run(now, cause).changes > 0
        if (wasStanding) changed.run(cause, 'resolved')
        return wasStanding
      }),
    listAlerts: (limit) => reader.read(() => list.all(limit).map(alertOf)),
    pruneAlerts: async (before, limit) => {
      // A transaction that changes nothing costs a commit all the same.
      if ((await reader.read(() => isOver.get(before))) === undefined) return 0
      return writer.write(() => forget.run(before, limit).changes)
    },
  }
}

function alertOf(row: AlertRow): Alert {
  const { cause, code, message, count, raised_at: raisedAt, last_at: lastAt } = row
  return { cause, code, message, count, raisedAt, lastAt, resolvedAt: row.resolved_at ?? undefined }
}
