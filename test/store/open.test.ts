import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { migrate, schemaVersion } from '../../src/store/sqlite/migrate.js'
import { isOlder, openSqliteStore } from '../../src/store/sqlite/open.js'
import { arrival, recordEvent } from '../contract/store-fixtures.js'
import { temporaryDirectory } from './ledger.js'
import { ended, inOtherProcess } from './other-process.js'

const needed = {
  busy_timeout: '5000',
  journal_mode: 'WAL',
  synchronous: 'FULL',
  temp_store: 'MEMORY',
  foreign_keys: 'ON',
  trusted_schema: 'OFF',
  cell_size_check: 'ON',
  journal_size_limit: '67108864',
}

describe('opening a ledger', () => {
  let directory = temporaryDirectory()
  let file = ''
  beforeEach(() => {
    directory = temporaryDirectory()
    file = join(directory.path, 'rouse.db')
  })
  afterEach(() => directory.remove())

  const open = (exclusive = true) => openSqliteStore({ file, exclusive })
  const makeAndClose = async () => {
    const store = await open()
    await recordEvent(store)
    await store.close()
  }
  const change = (sql: string) => {
    const db = new Database(file)
    db.exec(sql)
    db.close()
  }

  it('sets what is needed on every connection, also of a file that was there', async () => {
    for (const exclusive of [true, true, false]) {
      const store = await open(exclusive)
      const { settings } = await store.diagnose()
      for (const connection of ['writer', 'reader']) {
        const found = settings.filter((setting) => setting.connection === connection)
        expect(Object.fromEntries(found.map(({ name, value }) => [name, value]))).toEqual(needed)
      }
      await store.close()
    }
  })

  it('makes directory and files for their owner only', async () => {
    file = join(directory.path, 'a', 'b', 'rouse.db')
    const store = await open()
    await recordEvent(store)
    expect(statSync(join(directory.path, 'a')).mode & 0o777).toBe(0o700)
    for (const name of [file, `${file}-wal`, `${file}-shm`, `${file}.lock`]) {
      expect([name, statSync(name).mode & 0o777]).toEqual([name, 0o600])
    }
    await store.close()
  })

  it('closes to others what was left open to them, after a kill too', async () => {
    const program = `const store = await openSqliteStore({ file: ${JSON.stringify(file)}, exclusive: true })
      process.stdout.write('open'); process.kill(process.pid, 'SIGKILL')`
    await ended((await inOtherProcess(program)).child)
    const names = [file, `${file}-wal`, `${file}-shm`, `${file}.lock`]
    for (const name of names) chmodSync(name, 0o644)
    const store = await open()
    await recordEvent(store)
    expect(names.map((name) => (statSync(name).mode & 0o777).toString(8))).toEqual([
      '600',
      '600',
      '600',
      '600',
    ])
    await store.close()
  })

  it('keeps what is in it over a restart, in one file when it is closed', async () => {
    const store = await open()
    const id = await recordEvent(store)
    await store.close()
    expect(existsSync(`${file}-wal`)).toBe(false)
    const again = await open()
    expect((await again.event(id))?.id).toBe(id)
    await again.close()
  })

  it('may be closed twice', async () => {
    const store = await open()
    await Promise.all([store.close(), store.close()])
    await store.close()
  })

  it('migrates an empty file to the newest schema, and says which it is', async () => {
    const db = new Database(file)
    migrate(db, file, 0)
    expect(db.pragma('user_version', { simple: true })).toBe(0)
    for (let again = 0; again < 2; again++) migrate(db, file)
    const tables = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .pluck()
      .all()
    db.close()
    expect(tables).toEqual([
      'agent_hours',
      'alerts',
      'approvals',
      'attempts',
      'begun_runs',
      'changes',
      'configs',
      'created_ids',
      'cursors',
      'dedupe_keys',
      'deliveries',
      'events',
      'facts',
      'model_hours',
      'redeliveries',
      'refusals',
      'reservations',
      'run_events',
      'runs',
      'secret_uses',
      'source_hours',
      'spent',
      'steps',
      'tellings',
      'tool_calls',
      'tool_hours',
      'totals',
    ])
    const store = await open()
    expect((await store.diagnose()).schemaVersion).toBe(schemaVersion)
    await store.close()
  })

  it('refuses the ledger of a newer rouse, and leaves it as it is', async () => {
    await makeAndClose()
    change(`PRAGMA user_version = ${schemaVersion + 1}`)
    const before = readFileSync(file)
    for (const exclusive of [true, false]) {
      await expect(open(exclusive)).rejects.toMatchObject({ code: 'store.newer', retry: 'never' })
    }
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('refuses the database of another program, and leaves it as it is', async () => {
    change('CREATE TABLE customers (name TEXT)')
    const before = readFileSync(file)
    for (const exclusive of [true, false]) {
      await expect(open(exclusive)).rejects.toMatchObject({ code: 'store.invalid' })
    }
    await expect(open()).rejects.toThrow('another program')
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it('refuses a file that is no database, and leaves it as it is', async () => {
    const text = 'dear diary, '.repeat(1000)
    writeFileSync(file, text)
    await expect(open()).rejects.toMatchObject({ code: 'store.invalid' })
    await expect(open()).rejects.toThrow('Restore a backup, or move it away')
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  it('refuses a damaged ledger', async () => {
    const store = await open()
    for (let index = 0; index < 50; index++) await store.record(arrival({ body: Buffer.alloc(4000, index) }))
    await store.close()
    const bytes = readFileSync(file)
    for (let page = 8; page < bytes.length / 8192; page += 3)
      bytes.fill(0xa5, page * 8192, page * 8192 + 4096)
    writeFileSync(file, bytes)
    await expect(open()).rejects.toMatchObject({ code: 'store.invalid' })
    await expect(open()).rejects.toThrow('damaged')
  })

  it('lets go of the lock and the file when it refuses', async () => {
    await makeAndClose()
    change(`PRAGMA user_version = ${schemaVersion + 1}`)
    await expect(open()).rejects.toMatchObject({ code: 'store.newer' })
    change(`PRAGMA user_version = ${schemaVersion}`)
    const store = await open()
    await store.close()
  })

  it('does not make a ledger for a command, and says what makes one', async () => {
    await expect(open(false)).rejects.toMatchObject({ code: 'store.not_found' })
    await expect(open(false)).rejects.toThrow('rouse start')
    expect(existsSync(file)).toBe(false)
    writeFileSync(file, '')
    await expect(open(false)).rejects.toMatchObject({ code: 'store.invalid' })
    await expect(open(false)).rejects.toThrow('rouse start')
  })

  it('names the place when there can be no directory', async () => {
    writeFileSync(join(directory.path, 'plain'), '')
    file = join(directory.path, 'plain', 'rouse.db')
    await expect(open()).rejects.toMatchObject({ code: 'store.unavailable' })
    await expect(open()).rejects.toThrow(file)
  })

  it('opens for reading only, and then refuses to write', async () => {
    await makeAndClose()
    const store = await openSqliteStore({ file, exclusive: false, readOnly: true })
    expect(await store.listEvents({ limit: 9 })).toHaveLength(1)
    await expect(store.record(arrival())).rejects.toMatchObject({ code: 'store.unavailable' })
    await store.close()
  })

  it.each([
    ['its directory', 0o555, 0o666],
    ['its file', 0o777, 0o444],
  ])('says so when %s is read-only', async (_, directoryMode, fileMode) => {
    const place = join(directory.path, 'data')
    mkdirSync(place)
    file = join(place, 'rouse.db')
    await makeAndClose()
    chmodSync(directory.path, 0o755)
    for (const name of [file, `${file}.lock`]) chmodSync(name, fileMode)
    chmodSync(place, directoryMode)
    const program = `const store = await openSqliteStore({ file: ${JSON.stringify(file)}, exclusive: true })
      await store.cancelRun('run_x', '', 0)`
    const { said, child } = await inOtherProcess(program, true)
    await ended(child)
    chmodSync(place, 0o755)
    expect(said).toMatch(/^store\.unavailable /)
    expect(said).toContain(file)
    expect(said).toMatch(/check the owner and mode|check that the directory|be writable for the user/)
  })

  it('compares engine versions by their numbers', () => {
    expect(isOlder('3.53.2', '3.53.2')).toBe(false)
    expect(isOlder('3.9.99', '3.53.2')).toBe(true)
    expect(isOlder('3.100.0', '3.53.2')).toBe(false)
    expect(isOlder('4.0', '3.53.2')).toBe(false)
    expect(isOlder('3.53', '3.53.2')).toBe(true)
    expect(isOlder('odd', '3.53.2')).toBe(true)
  })
})
