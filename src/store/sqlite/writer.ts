import type { Database, Statement } from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'
import { isBusyFault, isIoFault, toStoreError } from './faults.js'
import { committedLogBytes, rewriteLog } from './log-rewrite.js'
import { type ArrivalCount, type Arrived, arrivalCounter } from './tallies.js'
import type { Total } from './totals.js'

/** Most operations in one commit, so that no promise waits long for its neighbours. */
const groupLimit = 256

/** Longest wait of an operation that nobody waits for, for a commit that it can share. */
const shareWithinMs = 5
/** A group of this size says that there is load, so that another commit will come at once. */
const busyGroup = 8

/** How long a commit waits for another program, milliseconds: nothing else happens in this process meanwhile. */
const patienceMs = 5000
/** Once it is known that somebody holds the ledger, so that what is refused is refused at once. */
const shortPatienceMs = 50

interface Pending {
  readonly operation: () => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  result: unknown
  error: unknown
}

/**
 * The one connection that writes. Operations that arrive while a commit is under way share the next one: an
 * fsync costs as much for two hundred deliveries as for one. Nobody hears of success before COMMIT returned,
 * and an operation that fails takes no neighbour with it.
 */
export class Writer {
  #queue: Pending[] = []
  #counted: string[] = []
  #arrived: ArrivalCount[] = []
  #isScheduled = false
  #shareTimer: NodeJS.Timeout | undefined
  #isBusy = false
  #isClosed = false
  #isLogTrusted = true
  #isHeldUp = false
  readonly #begin: Statement
  readonly #commit: Statement
  readonly #rollback: Statement
  readonly #savepoint: Statement
  readonly #release: Statement
  readonly #undo: Statement
  readonly #addTotal: Statement
  readonly #addArrivals: (counted: readonly ArrivalCount[]) => void

  constructor(
    readonly db: Database,
    private readonly file: string,
    /** Called after each commit. */
    private readonly onCommit: () => void,
  ) {
    this.#begin = db.prepare('BEGIN IMMEDIATE')
    this.#commit = db.prepare('COMMIT')
    this.#rollback = db.prepare('ROLLBACK')
    this.#savepoint = db.prepare('SAVEPOINT operation')
    this.#release = db.prepare('RELEASE operation')
    this.#undo = db.prepare('ROLLBACK TO operation')
    this.#addTotal = db.prepare(`
      INSERT INTO totals (name, count) VALUES (?, ?)
      ON CONFLICT (name) DO UPDATE SET count = count + excluded.count`)
    this.#addArrivals = arrivalCounter(db)
  }

  /**
   * Runs `operation` in a transaction; resolves with its result when that is on the disk. It is synchronous and
   * changes nothing but the database: it may be run again after a rollback.
   */
  write<T>(operation: () => T): Promise<T> {
    return this.#enqueue(operation, () => this.#schedule())
  }

  /**
   * The same for an operation that no sender waits for: under load it goes with the next commit instead of
   * making one of its own, which would hold up the deliveries behind it for an fsync.
   */
  writeAlong<T>(operation: () => T): Promise<T> {
    return this.#enqueue(operation, () => {
      if (this.#isBusy) this.#shareTimer ??= setTimeout(() => this.#schedule(), shareWithinMs)
      else this.#schedule()
    })
  }

  #enqueue<T>(operation: () => T, schedule: () => void): Promise<T> {
    if (this.#isClosed) {
      return Promise.reject(
        new StoreError('store.unavailable', `${this.file} was closed; nothing was written`),
      )
    }
    return new Promise<T>((resolve, reject) => {
      const settle = { resolve: resolve as (value: unknown) => void, reject }
      this.#queue.push({ operation, ...settle, result: undefined, error: undefined })
      schedule()
    })
  }

  /**
   * For operations: one more row is in a state that it never leaves. Written once for a whole group, because
   * counting five million rows when somebody asks would stop the daemon for a tenth of a second.
   */
  count(total: Total): void {
    this.#counted.push(total)
  }

  /** For operations: adds to what is counted of a source in the hour of `at`. Written like the totals. */
  countArrival(source: string, at: number, what: Arrived): void {
    this.#arrived.push({ source, at, what })
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
    clearTimeout(this.#shareTimer)
    this.#shareTimer = undefined
    const group = this.#queue.splice(0, groupLimit)
    this.#isBusy = group.length >= busyGroup
    try {
      if (!this.#tryTogether(group)) this.#commitApart(group)
    } catch (cause) {
      if (isIoFault(cause)) this.#isLogTrusted = false
      if (isBusyFault(cause)) this.#setHeldUp(true)
      const error = toStoreError(cause, this.file)
      for (const { reject } of group) reject(error)
      this.#endTransaction()
      return
    }
    this.#setHeldUp(false)
    for (const { error, result, resolve, reject } of group) {
      if (error === undefined) resolve(result)
      else reject(error)
    }
    this.onCommit()
  }

  /**
   * The usual case, without savepoints: each would copy every page that its operation touches, which costs
   * a delivery as much as writing it. False when an operation failed; then nothing is written yet.
   */
  #tryTogether(group: readonly Pending[]): boolean {
    this.#counted = []
    this.#arrived = []
    this.#beginGroup()
    try {
      for (const pending of group) pending.result = pending.operation()
    } catch {
      this.#endTransaction()
      return false
    }
    this.#finish()
    return true
  }

  /** The same with a savepoint around each, so that the one that fails rolls back alone. */
  #commitApart(group: readonly Pending[]): void {
    this.#counted = []
    this.#arrived = []
    this.#beginGroup()
    for (const pending of group) {
      const [counted, arrived] = [this.#counted.length, this.#arrived.length]
      this.#savepoint.run()
      try {
        pending.result = pending.operation()
      } catch (cause) {
        // A full disk or a failed read may have ended the whole transaction.
        if (!this.db.inTransaction) throw cause
        this.#undo.run()
        this.#counted.length = counted
        this.#arrived.length = arrived
        pending.error = toStoreError(cause, this.file)
      }
      this.#release.run()
    }
    this.#finish()
  }

  /** After a fault of the disk the log is written again before anything is added to it: what follows builds on it. */
  #beginGroup(): void {
    const bytes = this.#isLogTrusted ? 0 : committedLogBytes(this.db)
    this.#begin.run()
    if (this.#isLogTrusted) return
    rewriteLog(this.file, bytes)
    this.#isLogTrusted = true
  }

  #finish(): void {
    const totals = new Map<string, number>()
    for (const name of this.#counted) totals.set(name, (totals.get(name) ?? 0) + 1)
    for (const [name, count] of totals) this.#addTotal.run(name, count)
    if (this.#arrived.length > 0) this.#addArrivals(this.#arrived)
    this.#commit.run()
  }

  #setHeldUp(isHeldUp: boolean): void {
    if (this.#isHeldUp === isHeldUp) return
    this.#isHeldUp = isHeldUp
    this.db.pragma(`busy_timeout = ${isHeldUp ? shortPatienceMs : patienceMs}`)
  }

  /** After a failure. What fails here too is tried again before the next group, whose BEGIN would tell of it. */
  #endTransaction(): void {
    if (!this.db.inTransaction) return
    try {
      this.#rollback.run()
    } catch {
      // The failure itself has been told to everybody who waits.
    }
  }
}
