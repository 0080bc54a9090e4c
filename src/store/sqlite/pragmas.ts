import type { Database } from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'
import type { Diagnosis } from '../records.js'

/** Names the values that SQLite reads back as numbers. */
const settings: readonly { name: string; value: string; readsAs: string | number }[] = [
  { name: 'busy_timeout', value: '5000', readsAs: 5000 },
  { name: 'journal_mode', value: 'WAL', readsAs: 'wal' },
  // The library's build opens an existing WAL file with NORMAL: a power cut would then take acknowledged deliveries.
  { name: 'synchronous', value: 'FULL', readsAs: 2 },
  // Copies of pages for a rollback stay in memory: in a temporary file they made a delivery a third slower.
  { name: 'temp_store', value: 'MEMORY', readsAs: 2 },
  { name: 'foreign_keys', value: 'ON', readsAs: 1 },
  { name: 'trusted_schema', value: 'OFF', readsAs: 0 },
  { name: 'cell_size_check', value: 'ON', readsAs: 1 },
  { name: 'journal_size_limit', value: '67108864', readsAs: 67108864 },
]

/** Sets what every connection needs and reads it back. Throws `store.invalid` when one does not stick. */
export function applyPragmas(db: Database, file: string): void {
  for (const { name, value } of settings) db.pragma(`${name} = ${value}`)
  for (const { name, value, expected } of readPragmas(db, '')) {
    if (value !== expected) {
      throw new StoreError(
        'store.invalid',
        `${file}: SQLite keeps ${name} at ${value}, rouse needs ${expected}. The ledger must be on a local file system that supports locks and shared memory.`,
      )
    }
  }
}

/** As the connection has them now. */
export function readPragmas(db: Database, connection: string): Diagnosis['settings'] {
  return settings.map(({ name, value: expected, readsAs }) => {
    const found = db.pragma(name, { simple: true })
    return { connection, name, value: found === readsAs ? expected : String(found), expected }
  })
}
