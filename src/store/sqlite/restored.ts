import type { Database } from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'
import { isoTime } from '../../util/clock.js'
import type { Diagnosis } from '../records.js'

/** When the backup was taken that this ledger is, epoch milliseconds; undefined for one that is none. Any schema. */
export function backupTakenAt(db: Database): number | undefined {
  return hasFacts(db) ? fact(db, 'backup_taken_at') : undefined
}

/** A ledger that is a backup does not know what happened after it was taken. Throws `store.restored`; nothing is changed. */
export function refuseBackup(db: Database, file: string): void {
  const takenAt = backupTakenAt(db)
  if (takenAt !== undefined) throw restoredError(db, file, takenAt)
}

/**
 * A person has said that it is to go on, whatever tells that it is a backup: some copies carry no mark. What is
 * unfinished is marked: it may have gone further than is known, and so may what its events will wake, where nothing was
 * decided on them yet.
 */
export function acceptBackup(db: Database, now: number): void {
  const set = db.prepare(
    'INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  )
  const unset = db.prepare('DELETE FROM facts WHERE name = ?')
  const undecided = db.prepare<[], { position: number | null }>(
    `SELECT max(position) AS position FROM events WHERE state = 'recorded'`,
  )
  const unfinished = 'run_id IN (SELECT id FROM runs WHERE finished_at IS NULL)'
  // What a person had said of it may have been done already, after the backup was taken.
  const doubtAgain = db.prepare(`
    UPDATE tool_calls SET state = 'unknown',
      note = coalesce(note || '; ', '') || 'the ledger is a backup; it may have been sent again after that was taken'
    WHERE state = 'prepared' AND (sends > 0 OR note IS NOT NULL) AND ${unfinished}`)
  // It may have been sent since it was not found.
  const lookAgain = db.prepare(
    `UPDATE tool_calls SET looks = 0, looked_at = NULL WHERE looks > 0 AND state = 'unknown' AND ${unfinished}`,
  )
  db.transaction(() => {
    const takenAt = backupTakenAt(db)
    db.prepare('UPDATE runs SET is_restored = 1 WHERE finished_at IS NULL').run()
    doubtAgain.run()
    lookAgain.run()
    const to = undecided.get()?.position ?? undefined
    if (to !== undefined) set.run('restored_to', String(to))
    set.run('restored_at', String(now))
    if (takenAt === undefined) unset.run('restored_from')
    else set.run('restored_from', String(takenAt))
    unset.run('backup_taken_at')
  }).immediate()
}

export interface RestoredMarker {
  mark(runId: string, eventId: string): void
  /** Once all such events are decided on there is nothing left to mark: their positions are used again after retention. */
  decided(): void
}

/** Marks the runs of events on which nothing was decided when the backup was taken. Undefined where there are none. */
export function restoredMarker(db: Database): RestoredMarker | undefined {
  if (fact(db, 'restored_to') === undefined) return undefined
  const to = `(SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'restored_to')`
  const mark = db.prepare(`
    UPDATE runs SET is_restored = 1
    WHERE id = ? AND finished_at IS NULL AND (SELECT position FROM events WHERE id = ?) <= ${to}`)
  const forget = db.prepare(`
    DELETE FROM facts WHERE name = 'restored_to'
      AND NOT EXISTS (SELECT 1 FROM events WHERE state = 'recorded' AND position <= ${to})`)
  return { mark: (runId, eventId) => void mark.run(runId, eventId), decided: () => void forget.run() }
}

/** What the ledger knows of where it comes from. */
export function originOf(db: Database): Pick<Diagnosis, 'backupTakenAt' | 'restored'> {
  const at = fact(db, 'restored_at')
  return {
    backupTakenAt: fact(db, 'backup_taken_at'),
    restored: at === undefined ? undefined : { at, takenAt: fact(db, 'restored_from') },
  }
}

function hasFacts(db: Database): boolean {
  return db.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'facts'`).get() !== undefined
}

function fact(db: Database, name: string): number | undefined {
  const row = db.prepare<[string], { value: string }>('SELECT value FROM facts WHERE name = ?').get(name)
  return row && Number(row.value)
}

const mostTools = 5

function restoredError(db: Database, file: string, takenAt: number): StoreError {
  const count = (sql: string) => db.prepare<[], { n: number }>(`SELECT count(*) AS n ${sql}`).get()?.n ?? 0
  const unfinished = 'run_id IN (SELECT id FROM runs WHERE finished_at IS NULL)'
  const isOpen = `(effect IS NULL OR effect <> 'read') AND ${unfinished}
    AND state IN ('proposed', 'waiting', 'approved', 'prepared', 'sent', 'unknown')`
  const runs = count('FROM runs WHERE finished_at IS NULL')
  const writes = count(`FROM tool_calls WHERE ${isOpen}`)
  const events = count(`FROM events WHERE state = 'recorded'`)
  const tools = db
    .prepare<[], string>(`SELECT DISTINCT tool FROM tool_calls WHERE ${isOpen} LIMIT ${mostTools + 1}`)
    .pluck()
    .all()
  const named = tools.length > mostTools ? [...tools.slice(0, mostTools), '…'] : tools
  const message = [
    `${file} is a backup, taken ${isoTime(takenAt)}; what happened since is not in it.`,
    `Unfinished in it: ${runs} runs, ${writes} calls that write${named.length > 0 ? ` (${named.join(', ')})` : ''}, ${events} events that had woken nobody yet.`,
    'What these did since may be done a second time only by a tool that has neither an idempotency key nor a probe, and such a write is held for a person.',
    'Deliveries since then come again only where their senders repeat them.',
    'See `rouse runs`, `rouse cancel` what is not to go on, then type: rouse start --restored',
  ].join(' ')
  return new StoreError('store.restored', message, {
    details: { taken_at: isoTime(takenAt), unfinished_runs: runs, open_writes: writes, open_events: events },
  })
}
