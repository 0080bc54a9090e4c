import type { Database } from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'
import { toStoreError } from './faults.js'

/** The connection that reads. It sees what is committed when it begins, and holds nothing open between two reads. */
export class Reader {
  constructor(
    readonly db: Database,
    private readonly file: string,
  ) {}

  async read<T>(operation: () => T): Promise<T> {
    if (!this.db.open) throw new StoreError('store.unavailable', `${this.file} was closed`)
    try {
      return operation()
    } catch (cause) {
      throw toStoreError(cause, this.file)
    }
  }
}
