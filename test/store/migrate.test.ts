import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { migrate, schemaVersion } from '../../src/store/sqlite/migrate.js'
import { initial } from '../../src/store/sqlite/migrations/0001-initial.js'
import { faults } from '../../src/store/sqlite/migrations/0002-faults.js'
import { secrets } from '../../src/store/sqlite/migrations/0003-secrets.js'
import { policy } from '../../src/store/sqlite/migrations/0004-policy.js'
import { begun } from '../../src/store/sqlite/migrations/0005-begun.js'
import { tallies } from '../../src/store/sqlite/migrations/0006-tallies.js'
import { tellings } from '../../src/store/sqlite/migrations/0007-tellings.js'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import { armFaultPoints } from '../../src/util/fault-point.js'
import { sha256 } from '../../src/util/signature.js'
import { idOf, start, tryClaim } from '../contract/store-fixtures.js'
import { writeOldLedger } from '../support/old-ledger.js'
import { temporaryDirectory } from './ledger.js'

let directory = temporaryDirectory()
let file = ''

beforeEach(() => {
  directory = temporaryDirectory()
  file = join(directory.path, 'rouse.db')
  writeOldLedger(file, { now: start, origin: 'http://127.0.0.1:9' })
})
afterEach(() => {
  armFaultPoints(() => undefined)
  directory.remove()
})

const open = (exclusive = true) => openSqliteStore({ file, exclusive })
const openAndClose = async () => (await open()).close()
const copies = () =>
  readdirSync(directory.path)
    .filter((name) => name.endsWith('.bak'))
    .sort()

function read<Result>(path: string, sql: string): Result[] {
  const db = new Database(path, { readonly: true })
  try {
    return db.prepare<[], Result>(sql).all()
  } finally {
    db.close()
  }
}

const versionOf = (path: string) =>
  read<{ user_version: number }>(path, 'PRAGMA user_version')[0]?.user_version

/** Every row of every table that both have, but for what a migration adds. */
function content(path: string): string {
  const tables = ['deliveries', 'events', 'redeliveries', 'dedupe_keys', 'steps', 'attempts', 'reservations']
  const rows = tables.map((table) => read<Record<string, unknown>>(path, `SELECT * FROM ${table}`))
  return JSON.stringify(rows, (name, value) => (added.has(name) ? undefined : value))
}

const added = new Set(['actor', 'is_public', 'echo_of', 'chain'])

describe('a ledger of the first schema', () => {
  it('is brought up to date with everything that is in it', async () => {
    const before = content(file)
    const states = read(file, 'SELECT id, state, parked_on, next_at FROM runs ORDER BY position')
    const store = await open()
    expect((await store.diagnose()).schemaVersion).toBe(schemaVersion)
    expect(await store.counts()).toEqual({
      deliveries: { recorded: 15, duplicate: 1, malformed: 1 },
      events: { recorded: 1, dispatched: 13, ignored: 1 },
      runs: { queued: 3, running: 1, parked: 4, failed: 1, completed: 2, dead: 1, cancelled: 1 },
      approvalsWaiting: 1,
      held: 1,
    })
    for (const { id } of await store.listRuns({ limit: 100 })) {
      const { run, calls } = await store.journal(id)
      expect(run).toMatchObject({ eventCount: 1, isRestored: false, supersededBy: undefined })
      for (const call of calls) expect(call.lastSentAt).toBe(call.firstSentAt)
      expect(await store.eventsOf(id)).toHaveLength(1)
    }
    await store.close()
    expect(content(file)).toBe(before)
    expect(read(file, 'SELECT id, state, parked_on, next_at FROM runs ORDER BY position')).toEqual(states)
    expect(read(file, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
    expect(read(file, 'PRAGMA foreign_key_check')).toEqual([])
  })

  it('has the schema that a new one has', async () => {
    await openAndClose()
    const other = join(directory.path, 'new.db')
    await (await openSqliteStore({ file: other, exclusive: true })).close()
    const objects = (path: string) =>
      read<{ name: string; sql: string }>(path, 'SELECT name, sql FROM sqlite_schema ORDER BY name').map(
        ({ name, sql }) => [name, (sql ?? '').replaceAll(/\s+/g, ' ')],
      )
    expect(objects(file)).toEqual(objects(other))
  })

  it('goes on: what is ready is claimed, what waits is found by whom it waits for, what is spent stays spent', async () => {
    const store = await open()
    const now = start + 1000
    const recovered = await store.recoverRuns({ node: 'new-node', alone: true, now, maxCrashes: 3 })
    expect((await store.run(idOf(recovered[0])))?.subject).toBe('acme/web#13')
    const subjects: string[] = []
    for (;;) {
      const claimed = await tryClaim(store, { now, node: 'new-node' })
      if (!claimed) break
      subjects.push(`${claimed.run.agent} ${claimed.run.subject}`)
      const [call] = (await store.journal(claimed.run.id)).calls
      if (claimed.run.subject === 'acme/web#13' && call) {
        expect(call.state).toBe('sent')
        await store.settle(claimed.lease, call.id, { state: 'unknown' }, now)
        await store.markSent(claimed.lease, call.id, now)
        await store.settle(claimed.lease, call.id, { state: 'confirmed' }, now)
      }
      await store.finish(claimed.lease, { state: 'completed', summary: '' }, 1, now)
    }
    expect(subjects.sort()).toEqual([
      'talker acme/web#15',
      'writer acme/web#13',
      'writer acme/web#15',
      'writer acme/web#15',
      'writer acme/web#5',
    ])
    const [held] = await store.listHeld()
    await store.resolveHeld(idOf(held?.id), { state: 'confirmed', by: 'ann', output: undefined }, now)
    const [approval] = await store.listApprovals({ state: 'waiting', limit: 10 })
    await store.decide(
      idOf(approval?.id),
      { state: 'approved', by: 'ann', reason: undefined, digest: approval?.digest ?? '' },
      now,
    )
    const parked = await store.listRuns({ state: 'parked', limit: 10 })
    expect(parked.map(({ parkedOn }) => parkedOn)).toEqual(['budget'])
    await store.close()
    const standing = `SELECT counter FROM reservations WHERE released_at IS NULL ORDER BY counter`
    expect(read(file, standing)).toHaveLength(3)
  })
})

describe('a ledger of the second schema', () => {
  const make = (more = '') => {
    file = join(directory.path, 'second.db')
    const db = new Database(file)
    migrate(db, file, 2)
    db.exec(more)
    db.close()
  }

  it.each([
    ['is brought up to date', ''],
    [
      'is brought up to date where it has some of it already',
      `INSERT INTO facts (name, value) VALUES ('fingerprint_salt', 'salt');
       CREATE TABLE secret_uses (source TEXT NOT NULL, fingerprint TEXT NOT NULL, first_seen_at INTEGER NOT NULL,
         last_used_at INTEGER, uses INTEGER NOT NULL, PRIMARY KEY (source, fingerprint)) STRICT, WITHOUT ROWID;`,
    ],
  ])('%s', async (_what, more) => {
    make(more)
    await openAndClose()
    expect(versionOf(file)).toBe(schemaVersion)
    expect(copies()).toEqual(['second.db.v2.bak'])
    expect(read(file, 'SELECT count(*) AS n FROM secret_uses')).toEqual([{ n: 0 }])
  })
})

it('changes no step that ledgers have behind them: they never take it again', () => {
  const steps = [initial, faults, secrets, policy, begun, tallies, tellings]
  const digests = steps.map((sql) => sha256(sql).toString('hex').slice(0, 16))
  const known = [
    '800a3e8ec8a16a32',
    '6ab60a86dbe90f6e',
    '0655773cc545bc18',
    '8db5d4cc29762ac7',
    '2e09072fd6085fcf',
    '343784cc748ec895',
    '9222fb6cc0b33ceb',
  ]
  expect(digests).toEqual(known)
  expect(digests).toHaveLength(schemaVersion)
})

describe('the copy of before', () => {
  it('is there with the first migration, whole and as it was, for its owner only', async () => {
    const before = content(file)
    await openAndClose()
    expect(copies()).toEqual(['rouse.db.v1.bak'])
    expect(versionOf(`${file}.v1.bak`)).toBe(1)
    expect(content(`${file}.v1.bak`)).toBe(before)
    await openAndClose()
    expect(copies()).toEqual(['rouse.db.v1.bak'])
  })

  it('is not made for a ledger that is new or up to date', async () => {
    file = join(directory.path, 'new.db')
    await openAndClose()
    await openAndClose()
    expect(copies()).toEqual([])
  })

  it('is on the disk before the migration begins, and is not made a second time when that has to begin anew', async () => {
    const found: (number | undefined)[] = []
    armFaultPoints((point) => {
      if (point !== 'K21') return
      found.push(versionOf(`${file}.v1.bak`))
      throw new Error('the machine stops')
    })
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(open()).rejects.toThrow('the machine stops')
      expect(versionOf(file)).toBe(1)
    }
    expect(found).toEqual([1, 1, 1])
    const first = readFileSync(`${file}.v1.bak`)
    armFaultPoints(() => undefined)
    await openAndClose()
    expect(copies()).toEqual(['rouse.db.v1.bak'])
    expect(readFileSync(`${file}.v1.bak`).equals(first)).toBe(true)
  })

  it('is never replaced: one of another state of the ledger gets a number', async () => {
    writeFileSync(`${file}.v1.bak`, 'of the last time')
    await openAndClose()
    expect(copies()).toEqual(['rouse.db.v1.2.bak', 'rouse.db.v1.bak'])
    expect(readFileSync(`${file}.v1.bak`, 'utf8')).toBe('of the last time')
    expect(versionOf(`${file}.v1.2.bak`)).toBe(1)
  })

  it('is the way back: the older schema reads it, and it can be brought up to date again', async () => {
    await openAndClose()
    for (const suffix of ['', '-wal', '-shm']) expect(existsSync(file + suffix)).toBe(suffix === '')
    writeFileSync(file, readFileSync(`${file}.v1.bak`))
    const db = new Database(file)
    migrate(db, file, 1)
    expect(db.prepare('SELECT count(*) AS n FROM runs').get()).toEqual({ n: 13 })
    db.close()
    await openAndClose()
    expect(versionOf(file)).toBe(schemaVersion)
    expect(copies()).toEqual(['rouse.db.v1.bak'])
  })
})

it('asks a command to let the daemon do it, and changes nothing', async () => {
  await expect(open(false)).rejects.toMatchObject({ code: 'store.invalid' })
  await expect(open(false)).rejects.toThrow('Start the daemon once')
  expect([versionOf(file), copies()]).toEqual([1, []])
})
