import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { AppError, StoreError } from '../../domain/errors.js'
import { systemClock } from '../../util/clock.js'
import type { Store } from '../store.js'
import { alerts } from './alerts.js'
import { approvalDecisions, approvalRequests } from './approvals.js'
import { arrivals } from './arrivals.js'
import { backups, copyBeforeMigration } from './backup.js'
import { budgets } from './budgets.js'
import { changes } from './changes.js'
import { checkFile } from './check.js'
import { Checkpoints } from './checkpoints.js'
import { claims } from './claims.js'
import { configs } from './configs.js'
import { createdIds } from './created-ids.js'
import { dispatching } from './dispatch.js'
import { endings } from './endings.js'
import { toStoreError } from './faults.js'
import { finding } from './finding.js'
import { heldCalls } from './held.js'
import { hours } from './hours.js'
import { latencies } from './latencies.js'
import { lists } from './lists.js'
import { type LedgerLock, takeLock } from './lock.js'
import { takeOverLog, writeThrough } from './log-rewrite.js'
import { malformed } from './malformed.js'
import { ledgerVersion, migrate, schemaVersion } from './migrate.js'
import { overview } from './overview.js'
import { pauses } from './pauses.js'
import { applyPragmas } from './pragmas.js'
import { Reader } from './reader.js'
import { reading } from './reading.js'
import { refusals } from './refusals.js'
import { acceptBackup, refuseBackup } from './restored.js'
import { retention } from './retention.js'
import { runs } from './runs.js'
import { secretUses } from './secret-uses.js'
import { signs } from './signs.js'
import { steps } from './steps.js'
import { stuck } from './stuck.js'
import { tellings } from './tellings.js'
import { ticks } from './ticks.js'
import { toolCalls } from './tool-calls.js'
import { Writer } from './writer.js'

export interface SqliteStoreOptions {
  /** Absolute path. */
  readonly file: string
  /**
   * True for the daemon: takes the lock, makes what is missing, migrates, checks the file after a crash. False
   * for a command beside it: the ledger must be there and current; small writes are allowed.
   */
  readonly exclusive: boolean
  /** Only reads; every write rejects. */
  readonly readOnly?: boolean
  /** A person has said that the ledger is a backup and is to go on. */
  readonly isRestoreAccepted?: boolean
  /** Most pages of 8 KiB that the file may have; beyond them it is as if the disk were full. */
  readonly maxPages?: number
}

/** SQLite before it can corrupt a database when two connections reset the write-ahead log (sqlite.org/wal.html#walresetbug). */
const oldestEngine = '3.53.2'

/**
 * Opens a ledger in one SQLite file. Rejects with StoreError: `store.locked`, `store.newer`, `store.restored`, `store.invalid`
 * (another program's file, damaged, settings that do not stick), `store.not_found` (a command without
 * a ledger), `store.unavailable` (may not be read or written, disk full).
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { file, exclusive } = options
  const opened: Opened = {}
  try {
    checkEngine()
    if (exclusive) makeFile(file)
    else requireFile(file)
    if (exclusive) opened.lock = takeLock(file)
    opened.writer = openWriter(options, opened.lock?.afterCrash ?? false)
    opened.reader = new Database(file, { readonly: true, fileMustExist: true })
    applyPragmas(opened.reader, file)
    return assemble(file, opened.writer, opened.reader, opened.lock)
  } catch (cause) {
    close(opened)
    throw openingError(cause, file)
  }
}

interface Opened {
  lock?: LedgerLock
  writer?: Database.Database
  reader?: Database.Database
}

function assemble(
  file: string,
  db: Database.Database,
  readerDb: Database.Database,
  lock: LedgerLock | undefined,
): Store {
  // A command beside the daemon commits too little to be worth a thread; SQLite's own way does for it.
  const checkpoints = lock && new Checkpoints(db, file)
  const writer = new Writer(db, file, () => checkpoints?.look())
  const reader = new Reader(readerDb, file)
  const ends = endings(writer)
  let closing: Promise<void> | undefined
  return {
    ...arrivals(writer),
    ...ticks(writer, reader),
    ...refusals(writer, reader),
    ...secretUses(writer, reader),
    ...dispatching(writer, reader, ends),
    ...createdIds(writer, reader),
    ...claims(writer, ends),
    ...pauses(writer),
    ...runs(writer, ends),
    ...steps(writer),
    ...toolCalls(writer),
    ...heldCalls(writer, ends),
    ...approvalRequests(writer),
    ...approvalDecisions(writer, ends),
    ...alerts(writer, reader),
    ...tellings(writer, reader),
    ...signs(reader),
    ...configs(writer, reader),
    ...reading(reader),
    ...lists(reader),
    ...finding(reader),
    ...malformed(reader),
    ...overview(reader, db, file),
    ...hours(reader),
    ...latencies(reader),
    ...budgets(reader),
    ...stuck(reader),
    ...changes(reader),
    ...backups(file),
    ...retention(writer, reader),
    close: () => {
      closing ??= (async () => {
        writer.close()
        await checkpoints?.close()
        close({ writer: db, reader: readerDb, ...(lock && { lock }) })
      })()
      return closing
    },
  }
}

/** The reader first: the last connection to close writes the log back into the file. */
function close({ writer, reader, lock }: Opened): void {
  reader?.close()
  writer?.close()
  lock?.release()
}

function openWriter(
  { file, exclusive, readOnly = false, maxPages, isRestoreAccepted = false }: SqliteStoreOptions,
  afterCrash: boolean,
): Database.Database {
  const db = new Database(file, { fileMustExist: true, readonly: readOnly, timeout: 5000 })
  try {
    const version = ledgerVersion(db, file)
    if (exclusive && !isRestoreAccepted) refuseBackup(db, file)
    if (!exclusive) requireCurrent(version, file)
    // Read before it is made: a delivery of 10 KB fits in two pages, which makes it 10 to 15 % faster than in four.
    else if (version === 0) db.pragma('page_size = 8192')
    applyPragmas(db, file)
    if (exclusive) takeOverLog(db, file)
    if (exclusive && version > 0 && version < schemaVersion)
      copyBeforeMigration(file, version, systemClock.now())
    if (exclusive) migrate(db, file)
    if (exclusive) checkFile(db, file, afterCrash)
    if (exclusive && isRestoreAccepted) acceptBackup(db, systemClock.now())
    if (maxPages !== undefined) db.pragma(`max_page_count = ${maxPages}`)
    return db
  } catch (cause) {
    db.close()
    throw cause
  }
}

function checkEngine(): void {
  const db = new Database(':memory:')
  const found =
    db.prepare<[], { version: string }>('SELECT sqlite_version() AS version').get()?.version ?? '0'
  db.close()
  if (isOlder(found, oldestEngine)) {
    throw new StoreError(
      'store.invalid',
      `this build of better-sqlite3 has SQLite ${found}, rouse needs ${oldestEngine} or newer. Run \`npm install\` again, or \`npm rebuild better-sqlite3\`.`,
    )
  }
}

export function isOlder(version: string, floor: string): boolean {
  const parts = version.split('.').map(Number)
  for (const [index, wanted] of floor.split('.').map(Number).entries()) {
    const found = parts[index] ?? 0
    if (found !== wanted) return !(found > wanted)
  }
  return false
}

/** The file and its directory, for their owner only; SQLite gives its side files the same mode. */
function makeFile(file: string): void {
  const directory = resolve(dirname(file))
  const firstMade = mkdirSync(directory, { recursive: true, mode: 0o700 }) ?? directory
  if (!existsSync(file)) closeSync(openSync(file, 'ax', 0o600))
  else for (const suffix of ['', '-wal', '-shm', '.lock']) closeToOthers(file + suffix)
  // A name outlives a power cut when the directory that has it was written through: else all of the ledger is gone.
  writeThrough(directory)
  for (let made = directory; made.length >= firstMade.length; made = dirname(made)) {
    if (isReadable(dirname(made))) writeThrough(dirname(made))
  }
}

/** For files that somebody copied to their place: other people's data is in them. Not ours to do on another user's file. */
function closeToOthers(file: string): void {
  const { mode = 0, uid } = statSync(file, { throwIfNoEntry: false }) ?? {}
  if ((mode & 0o077) !== 0 && uid === process.geteuid?.()) chmodSync(file, mode & 0o700)
}

/** A directory that may not be read was not made by us. */
function isReadable(directory: string): boolean {
  try {
    accessSync(directory, constants.R_OK)
    return true
  } catch {
    return false
  }
}

function requireFile(file: string): void {
  if (existsSync(file)) return
  throw new StoreError(
    'store.not_found',
    `there is no ledger at ${file}. \`rouse start\` makes it; else check \`store:\` in config.yaml.`,
  )
}

function requireCurrent(version: number, file: string): void {
  if (version === schemaVersion) return
  const found =
    version === 0 ? 'is empty' : `has schema version ${version}, this rouse needs ${schemaVersion}`
  throw new StoreError(
    'store.invalid',
    `the ledger ${file} ${found}. Start the daemon once (\`rouse start\`): it brings it up to date.`,
  )
}

/** Errors of the file system are told like the engine's own. */
function openingError(cause: unknown, file: string): AppError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (cause instanceof AppError || code.startsWith('SQLITE_') || !/^E[A-Z]+$/.test(code))
    return toStoreError(cause, file)
  return new StoreError(
    'store.unavailable',
    `the ledger ${file} cannot be made or opened (${code}). The directory must exist or be creatable, and be writable for the user that rouse runs as.`,
    { retry: 'later', details: { code }, cause },
  )
}
