import type { Database, Statement } from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'
import { toStoreError } from './faults.js'

/** Most operations in one commit, so that no promise waits long for its neighbours. */
const groupLimit = 256

interface Pending {
  readonly operation: () => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  result: unknown
  error: unknown
  isFailed: boolean
}

/**
 * The one connection that writes. Operations that arrive while a commit is under way share the next one: an
 * fsync costs as much for two hundred deliveries as for one. Each has a savepoint, so one that fails takes
 * no neighbour with it; nobody hears of success before COMMIT returned.
 */
export class Writer {
  #queue: Pending[] = []
  #isScheduled = false
  #isClosed = false
  readonly #begin: Statement
  readonly #commit: Statement
  readonly #rollback: Statement
  readonly #savepoint: Statement
  readonly #release: Statement
  readonly #undo: Statement

  constructor(
    readonly db: Database,
    private readonly file: string,
    /** Called after a commit when nothing waits. */
    private readonly onIdle: () => void,
  ) {
    this.#begin = db.prepare('BEGIN IMMEDIATE')
    this.#commit = db.prepare('COMMIT')
    this.#rollback = db.prepare('ROLLBACK')
    this.#savepoint = db.prepare('SAVEPOINT operation')
    this.#release = db.prepare('RELEASE operation')
    this.#undo = db.prepare('ROLLBACK TO operation')
  }

  /** Runs `operation` in a transaction; resolves with its result when that is on the disk. It must not be async. */
  write<T>(operation: () => T): Promise<T> {
    if (this.#isClosed) {
      return Promise.reject(
        new StoreError('store.unavailable', `${this.file} was closed; nothing was written`),
      )
    }
    return new Promise<T>((resolve, reject) => {
      const pending = { operation, reject, result: undefined, error: undefined, isFailed: false }
      this.#queue.push({ ...pending, resolve: resolve as (value: unknown) => void })
      this.#schedule()
    })
  }

  /** Commits what waits. After it, `write` rejects. */
  close(): void {
    this.#isClosed = true
    while (this.#queue.length > 0) this.#flush()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      if (this.#queue.length > 0) this.#flush()
      if (this.#queue.length > 0) this.#schedule()
    })
  }

  #flush(): void {
    const group = this.#queue.splice(0, groupLimit)
    try {
      this.#begin.run()
      for (const pending of group) this.#perform(pending)
      this.#commit.run()
    } catch (cause) {
      this.#abandon(group, cause)
      return
    }
    for (const { isFailed, error, result, resolve, reject } of group) {
      if (isFailed) reject(error)
      else resolve(result)
    }
    if (this.#queue.length === 0) this.onIdle()
  }

  #perform(pending: Pending): void {
    this.#savepoint.run()
    try {
      pending.result = pending.operation()
    } catch (cause) {
      // A full disk or a failed read may have ended the whole transaction already.
      if (!this.db.inTransaction) throw cause
      this.#undo.run()
      pending.isFailed = true
      pending.error = toStoreError(cause, this.file)
    }
    this.#release.run()
  }

  #abandon(group: readonly Pending[], cause: unknown): void {
    const error = toStoreError(cause, this.file)
    for (const pending of group) pending.reject(pending.isFailed ? pending.error : error)
    if (this.db.inTransaction) this.#rollback.run()
  }
}
