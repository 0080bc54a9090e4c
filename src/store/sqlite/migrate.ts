import type { Database } from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'
import { faultPoint } from '../../util/fault-point.js'
import { initial } from './migrations/0001-initial.js'
import { faults } from './migrations/0002-faults.js'
import { secrets } from './migrations/0003-secrets.js'
import { policy } from './migrations/0004-policy.js'
import { begun } from './migrations/0005-begun.js'
import { tallies } from './migrations/0006-tallies.js'
import { tellings } from './migrations/0007-tellings.js'

/** In order; the n-th brings the ledger to version n. Only ever appended to. */
const migrations: readonly string[] = [initial, faults, secrets, policy, begun, tallies, tellings]

export const schemaVersion = migrations.length

/** `PRAGMA application_id` of every ledger, "rous": tells one from any other SQLite file. */
export const applicationId = 0x726f7573

/** What a file is, before anything in it is changed. Throws `store.invalid` and `store.newer`. */
export function ledgerVersion(db: Database, file: string): number {
  const id = db.pragma('application_id', { simple: true })
  const version = Number(db.pragma('user_version', { simple: true }))
  if (id !== applicationId) {
    const objects = db.prepare<[], { count: number }>('SELECT count(*) AS count FROM sqlite_schema').get()
    if (id === 0 && version === 0 && objects?.count === 0) return 0
    throw new StoreError(
      'store.invalid',
      `${file} is an SQLite file of another program; nothing in it was changed. Give \`store:\` another file.`,
    )
  }
  if (version > schemaVersion) {
    throw new StoreError(
      'store.newer',
      `${file} has schema version ${version}, this rouse knows up to ${schemaVersion}. Start the version that wrote it, or restore a backup.`,
    )
  }
  return version
}

/** Brings the ledger to `target`, one transaction for each migration together with its version: a crash leaves one or the other. */
export function migrate(db: Database, file: string, target: number = schemaVersion): void {
  for (let version = ledgerVersion(db, file); version < target; version++) {
    const sql = migrations[version]
    if (sql === undefined)
      throw new StoreError('store.newer', `there is no migration to version ${version + 1}`)
    db.exec('BEGIN IMMEDIATE')
    try {
      db.exec(sql)
      faultPoint('K21')
      db.pragma(`application_id = ${applicationId}`)
      db.pragma(`user_version = ${version + 1}`)
      db.exec('COMMIT')
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK')
      throw error
    }
  }
}
