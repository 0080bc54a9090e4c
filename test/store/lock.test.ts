import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import { arrival, recordEvent } from '../contract/store-fixtures.js'
import { temporaryDirectory } from './ledger.js'
import { ended, holdLedger, inOtherProcess } from './other-process.js'

describe('the lock of a ledger', () => {
  let directory = temporaryDirectory()
  let file = ''
  beforeEach(() => {
    directory = temporaryDirectory()
    file = join(directory.path, 'rouse.db')
  })
  afterEach(() => directory.remove())

  it('keeps a second daemon off, and says who has it and what to do', async () => {
    const { child, said } = await holdLedger(file)
    expect(said).toBe('open')
    const second = openSqliteStore({ file, exclusive: true })
    await expect(second).rejects.toMatchObject({ code: 'store.locked', details: { pid: child.pid } })
    await expect(second).rejects.toThrow(`(process ${child.pid}) has the ledger ${file} open. Stop it first`)
    child.kill('SIGKILL')
    await ended(child)
  })

  it('is gone with a process that is killed', async () => {
    const { child } = await holdLedger(file)
    child.kill('SIGKILL')
    await ended(child)
    const store = await openSqliteStore({ file, exclusive: true })
    await store.close()
  })

  it('is gone with a process that ends by itself', async () => {
    const { child } = await holdLedger(file)
    child.stdin?.end()
    await ended(child)
    const store = await openSqliteStore({ file, exclusive: true })
    await store.close()
  })

  it('keeps off a second opening in the same process, and survives the attempt', async () => {
    const store = await openSqliteStore({ file, exclusive: true })
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(openSqliteStore({ file, exclusive: true })).rejects.toMatchObject({ code: 'store.locked' })
    }
    const program = `await openSqliteStore({ file: ${JSON.stringify(file)}, exclusive: true }); say('open')`
    const { said, child } = await inOtherProcess(program)
    expect(said).toContain('store.locked')
    await ended(child)
    await store.close()
  })

  it('lets commands read and write beside the daemon', async () => {
    const { child } = await holdLedger(file)
    const store = await openSqliteStore({ file, exclusive: false })
    const id = await recordEvent(store)
    expect((await store.event(id))?.id).toBe(id)
    await store.close()
    child.kill('SIGKILL')
    await ended(child)
  })

  it('loses nothing that was confirmed to a process that is killed', async () => {
    const given = JSON.stringify({ ...arrival(), body: undefined, bodyDigest: undefined })
    const { child, said } = await inOtherProcess(`
      const store = await openSqliteStore({ file: ${JSON.stringify(file)}, exclusive: true })
      const body = new Uint8Array([123, 125])
      const recorded = await store.record({ ...${given}, body, bodyDigest: new Uint8Array(32) })
      say(recorded.events[0].id)
      process.kill(process.pid, 'SIGKILL')`)
    await ended(child)
    const store = await openSqliteStore({ file, exclusive: true })
    expect((await store.event(said))?.data).toEqual({})
    await store.close()
  })

  it('is taken anew when its file was left half written', async () => {
    writeFileSync(`${file}.lock`, 'SQLite format 3\u0000 torn')
    const store = await openSqliteStore({ file, exclusive: true })
    await store.close()
    expect(readFileSync(`${file}.lock`).toString('latin1')).toContain('SQLite format 3')
  })
})
