import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Recorded } from '../../src/store/records.js'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import { Writer } from '../../src/store/sqlite/writer.js'
import { arrival, claim, queueRun, start } from '../contract/store-fixtures.js'
import { temporaryDirectory } from './ledger.js'

describe('the writer', () => {
  let directory = temporaryDirectory()
  let file = ''
  let db = new Database(':memory:')
  beforeEach(() => {
    directory = temporaryDirectory()
    file = join(directory.path, 'w.db')
    db = new Database(file)
    db.pragma('journal_mode = WAL')
    db.exec(`
      CREATE TABLE items (name TEXT PRIMARY KEY, body BLOB) STRICT;
      CREATE TABLE totals (name TEXT NOT NULL PRIMARY KEY, count INTEGER NOT NULL) STRICT;`)
  })
  afterEach(() => {
    db.close()
    directory.remove()
  })

  const names = () => {
    const other = new Database(file, { readonly: true })
    const found = other.prepare('SELECT name FROM items ORDER BY rowid').pluck().all()
    other.close()
    return found
  }
  const total = (name: string) => db.prepare('SELECT count FROM totals WHERE name = ?').pluck().get(name)

  it('commits what arrives together once, and resolves after the commit', async () => {
    let commits = 0
    const writer = new Writer(db, file, () => commits++)
    const insert = db.prepare('INSERT INTO items (name) VALUES (?)')
    const seen: unknown[] = []
    const writes = ['a', 'b', 'c'].map((name) =>
      writer.write(() => insert.run(name).changes).then(() => seen.push(names())),
    )
    await Promise.all(writes)
    expect(commits).toBe(1)
    expect(seen).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ])
  })

  it('takes at most 256 operations into one commit', async () => {
    let commits = 0
    const writer = new Writer(db, file, () => commits++)
    const insert = db.prepare('INSERT INTO items (name) VALUES (?)')
    await Promise.all(Array.from({ length: 600 }, (_, index) => writer.write(() => insert.run(`n${index}`))))
    expect(commits).toBe(3)
    expect(names()).toHaveLength(600)
  })

  it('rolls back all of an operation that fails, and nothing of its neighbours', async () => {
    const writer = new Writer(db, file, () => undefined)
    const insert = db.prepare('INSERT INTO items (name) VALUES (?)')
    const write = (...all: string[]) =>
      writer.write(() => {
        for (const name of all) {
          insert.run(name)
          writer.count('runs.dead')
        }
        return all.length
      })
    const outcomes = await Promise.allSettled([
      write('a'),
      write('b', 'a'),
      write('c', 'd'),
      write('e', 'e'),
      write('b'),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(outcomes[1]).toMatchObject({ reason: { code: 'store.conflict' } })
    expect(names()).toEqual(['a', 'c', 'd', 'b'])
    expect(total('runs.dead')).toBe(4)
  })

  it('rejects all of a group whose commit cannot begin, and goes on when it can', async () => {
    const writer = new Writer(db, file, () => undefined)
    db.pragma('busy_timeout = 1')
    const insert = db.prepare('INSERT INTO items (name) VALUES (?)')
    const blocker = new Database(file)
    blocker.exec('BEGIN IMMEDIATE')
    const outcomes = await Promise.allSettled(['a', 'b'].map((name) => writer.write(() => insert.run(name))))
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'store.unavailable', retry: 'later' },
      })
    }
    blocker.exec('ROLLBACK')
    blocker.close()
    await writer.write(() => insert.run('c'))
    expect(names()).toEqual(['c'])
  })

  it('waits long for another program once, and not again until it has let go', async () => {
    const writer = new Writer(db, file, () => undefined)
    const insert = db.prepare('INSERT INTO items (name) VALUES (?)')
    const patience = () => db.pragma('busy_timeout', { simple: true })
    db.pragma('busy_timeout = 1')
    const other = new Database(file)
    other.exec('BEGIN IMMEDIATE')
    await expect(writer.write(() => insert.run('a'))).rejects.toMatchObject({ code: 'store.unavailable' })
    expect(patience()).toBe(50)
    other.exec('ROLLBACK')
    other.close()
    await writer.write(() => insert.run('b'))
    expect(patience()).toBe(5000)
    expect(names()).toEqual(['b'])
  })

  it('rejects a whole group for which the disk is too full, and goes on when there is room', async () => {
    const writer = new Writer(db, file, () => undefined)
    const insert = db.prepare('INSERT INTO items (name, body) VALUES (?, ?)')
    const pages = Number(db.pragma('page_count', { simple: true }))
    db.pragma(`max_page_count = ${pages + 8}`)
    const write = (name: string, bytes: number) => writer.write(() => insert.run(name, Buffer.alloc(bytes)))
    const outcomes = await Promise.allSettled([
      write('beside', 10),
      write('huge', 1_000_000),
      write('after', 10),
    ])
    for (const outcome of outcomes) {
      const reason = { code: 'store.unavailable', retry: 'later', details: { engine_code: 'SQLITE_FULL' } }
      expect(outcome).toMatchObject({ status: 'rejected', reason })
    }
    await write('small', 10)
    expect(names()).toEqual(['small'])
    db.pragma(`max_page_count = ${pages + 1000}`)
    await write('huge', 1_000_000)
    expect(names()).toEqual(['small', 'huge'])
  })

  it('commits what waits when it is closed, and takes nothing after', async () => {
    const writer = new Writer(db, file, () => undefined)
    const insert = db.prepare('INSERT INTO items (name) VALUES (?)')
    const pending = writer.write(() => insert.run('last'))
    writer.close()
    await pending
    expect(names()).toEqual(['last'])
    await expect(writer.write(() => insert.run('late'))).rejects.toMatchObject({ code: 'store.unavailable' })
  })
})

describe('a ledger on a full disk', () => {
  it('refuses deliveries as store.unavailable, loses none that it took, and still finishes runs', async () => {
    const directory = temporaryDirectory()
    const file = join(directory.path, 'rouse.db')
    const store = await openSqliteStore({ file, exclusive: true, maxPages: 120 })
    const runId = await queueRun(store, 'doctor', 'a')
    const { lease } = await claim(store)
    const outcomes: PromiseSettledResult<Recorded>[] = []
    for (let index = 0; index < 60; index++) {
      const given = arrival({ body: Buffer.alloc(20_000, index) })
      outcomes.push(...(await Promise.allSettled([store.record(given)])))
    }
    const taken = outcomes.flatMap((outcome) =>
      outcome.status === 'fulfilled' ? outcome.value.deliveryId : [],
    )
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? outcome.reason : []))
    expect(taken.length).toBeGreaterThan(0)
    expect(refused.length).toBeGreaterThan(0)
    for (const error of refused) expect(error).toMatchObject({ code: 'store.unavailable', retry: 'later' })
    for (const id of taken) expect((await store.delivery(id))?.bodyBytes).toBe(20_000)
    expect((await store.counts()).deliveries.recorded).toBe(taken.length + 1)
    await store.finish(lease, { state: 'completed', summary: '' }, 1, start)
    expect((await store.run(runId))?.state).toBe('completed')
    await store.close()

    const roomy = await openSqliteStore({ file, exclusive: true })
    expect((await roomy.record(arrival({ body: Buffer.alloc(20_000, 7) }))).deliveryId).not.toBe('')
    await roomy.close()
    directory.remove()
  })
})
