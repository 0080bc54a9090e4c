import type { Database } from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'
import { isoTime } from '../../util/clock.js'

/**
 * A ledger that is a backup does not know what happened after it was taken. Throws `store.restored` unless a person has
 * said that it is to go on (`accepted`); then every run that is unfinished in it is marked: what it is about to write
 * may have been written already.
 */
export function checkRestored(db: Database, file: string, accepted: boolean): void {
  const takenAt = backupTakenAt(db)
  if (takenAt === undefined) return
  if (!accepted) throw restoredError(db, file, takenAt)
  db.transaction(() => {
    db.prepare('UPDATE runs SET is_restored = 1 WHERE finished_at IS NULL').run()
    db.prepare(`DELETE FROM facts WHERE name = 'backup_taken_at'`).run()
  }).immediate()
}

/** When the backup was taken that this ledger is, epoch milliseconds; undefined for one that was not restored. */
export function backupTakenAt(db: Database): number | undefined {
  const row = db
    .prepare<[], { value: string }>(`SELECT value FROM facts WHERE name = 'backup_taken_at'`)
    .get()
  return row && Number(row.value)
}

function restoredError(db: Database, file: string, takenAt: number): StoreError {
  const count = (sql: string) => db.prepare<[], { n: number }>(sql).get()?.n ?? 0
  const runs = count('SELECT count(*) AS n FROM runs WHERE finished_at IS NULL')
  const writes =
    count(`SELECT count(*) AS n FROM tool_calls WHERE state IN ('approved', 'prepared', 'sent', 'unknown')
    AND run_id IN (SELECT id FROM runs WHERE finished_at IS NULL)`)
  return new StoreError(
    'store.restored',
    `${file} is a backup of ${isoTime(takenAt)}; what happened since is not in it. ${runs} runs were unfinished then, with ${writes} writes under way. They go on so that nothing is done twice: under the same idempotency key, after a probe, or when a person has said what became of it. Deliveries since then come again only where their senders repeat them. If that is what you want: \`rouse start --restored\``,
    { details: { taken_at: takenAt, unfinished_runs: runs, open_writes: writes } },
  )
}
