import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { schemaVersion } from '../../src/store/sqlite/migrate.js'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import type { Store } from '../../src/store/store.js'
import { draft, idOf, parkOnApproval, propose, recordEvent, start, tick } from '../contract/store-fixtures.js'
import { temporaryDirectory } from './ledger.js'
import { ended, inOtherProcess } from './other-process.js'

let directory = temporaryDirectory()
let file = ''
let target = ''
let store: Store

beforeEach(async () => {
  directory = temporaryDirectory()
  file = join(directory.path, 'rouse.db')
  target = join(directory.path, 'backup.db')
  store = await openSqliteStore({ file, exclusive: true })
})
afterEach(async () => {
  await store.close()
  directory.remove()
})

const pragma = (path: string, name: string) => {
  const db = new Database(path, { readonly: true })
  try {
    return db.pragma(name, { simple: true })
  } finally {
    db.close()
  }
}

describe('a backup', () => {
  it('is one whole file of the same content, for its owner only, and says what is in it', async () => {
    const eventId = await recordEvent(store)
    await parkOnApproval(store)
    const taken = await store.backup(target, start)
    expect(taken).toEqual({
      file: target,
      takenAt: start,
      sizeBytes: statSync(target).size,
      schemaVersion,
      events: 2,
      unfinishedRuns: 1,
    })
    expect(statSync(target).mode & 0o777).toBe(0o600)
    expect(readdirSync(directory.path).filter((name) => /partial|backup\.db-/.test(name))).toEqual([])
    expect(pragma(target, 'integrity_check')).toBe('ok')
    expect(pragma(target, 'application_id')).toBe(pragma(file, 'application_id'))
    const copy = await openSqliteStore({ file: target, exclusive: false })
    expect((await copy.event(eventId))?.id).toBe(eventId)
    expect((await copy.diagnose()).backupTakenAt).toBe(start)
    await copy.close()
    expect((await store.diagnose()).backupTakenAt).toBeUndefined()
  })

  it('has everything that was recorded before it began, however much another process goes on writing', async () => {
    const writer = await inOtherProcess(`
      const store = await openSqliteStore({ file: ${JSON.stringify(file)}, exclusive: false })
      let serial = 0
      const record = () => store.record({ deliveryId: 'dlv_' + ++serial, source: 'ci', receivedAt: serial, url: '/', headers: [],
        secretIndex: 0, body: Buffer.from(JSON.stringify('x'.repeat(3000) + serial)), bodyDigest: Buffer.from(String(serial)),
        events: [{ sourceEventId: 'e' + serial, type: 't', time: serial, ids: {} }] })
      for (;;) { for (let i = 0; i < 20; i++) await record(); if (serial === 200) say('writing') }`)
    try {
      expect(writer.said).toBe('writing')
      for (let count = 0; count < 3; count++) {
        const path = `${target}${count}`
        const known = (await store.listEvents({ limit: 100_000 })).map(({ id }) => id)
        const taken = await store.backup(path, start)
        const copy = new Database(path, { readonly: true })
        const ids = new Set(copy.prepare<[], string>('SELECT id FROM events').pluck().all())
        const orphans = copy.pragma('foreign_key_check')
        copy.close()
        expect(known.filter((id) => !ids.has(id))).toEqual([])
        expect(known.length).toBeGreaterThanOrEqual(200)
        expect(taken.events).toBe(ids.size)
        expect(orphans).toEqual([])
      }
    } finally {
      writer.child.kill('SIGKILL')
      await ended(writer.child)
    }
  })

  it.each([
    ['the ledger', () => file],
    ['its log', () => `${file}-wal`],
    ['a journal of it', () => `${file}-journal`],
    ['its lock', () => `${file}.lock`],
    [
      'its log by another path',
      () => {
        symlinkSync(directory.path, join(directory.path, 'link'))
        return join(directory.path, 'link', 'rouse.db-journal')
      },
    ],
  ])('is not written over %s', async (_what, where) => {
    await expect(store.backup(where(), start)).rejects.toMatchObject({ code: 'store.conflict' })
    expect(await store.counts()).toBeDefined()
  })

  it('leaves a file that is there as it is', async () => {
    writeFileSync(target, 'the only copy')
    await expect(store.backup(target, start)).rejects.toMatchObject({ code: 'store.conflict' })
    expect(readFileSync(target, 'utf8')).toBe('the only copy')
    writeFileSync(`${target}2-wal`, 'of a file that is gone')
    await expect(store.backup(`${target}2`, start)).rejects.toThrow('is there already')
  })

  it('says where it cannot be written, and leaves nothing behind', async () => {
    const nowhere = join(directory.path, 'nowhere', 'backup.db')
    await expect(store.backup(nowhere, start)).rejects.toMatchObject({ code: 'store.unavailable' })
    await expect(store.backup(nowhere, start)).rejects.toThrow('ENOENT')
    expect(existsSync(join(directory.path, 'nowhere'))).toBe(false)
  })

  it('clears away what one left that was killed, and not what another is writing', async () => {
    const { child } = await inOtherProcess(`say('gone')`)
    await ended(child)
    const left = join(directory.path, `.backup.db.${child.pid}.partial`)
    const others = join(directory.path, `.backup.db.${process.ppid}.partial`)
    for (const path of [left, others]) writeFileSync(path, 'half')
    await store.backup(target, start)
    expect([existsSync(left), existsSync(others)]).toEqual([false, true])
  })

  it('is made where one was killed that had the same process id, as in a container', async () => {
    writeFileSync(join(directory.path, `.backup.db.${process.pid}.partial`), 'half')
    expect(await store.backup(target, start)).toMatchObject({ file: target })
  })

  it('of a backup is as old as that one', async () => {
    await store.backup(target, start)
    const copy = await openSqliteStore({ file: target, exclusive: false })
    expect(await copy.backup(`${target}2`, start + 1000)).toMatchObject({ takenAt: start })
    await copy.close()
  })
})

describe('a ledger that is a backup', () => {
  const take = async () => {
    await store.backup(target, start)
    return readFileSync(target)
  }

  it('is not started by mistake, says what may be done twice, and stays as it is', async () => {
    await propose(store)
    await recordEvent(store)
    const before = await take()
    const opening = openSqliteStore({ file: target, exclusive: true })
    await expect(opening).rejects.toMatchObject({
      code: 'store.restored',
      retry: 'never',
      details: { taken_at: '2026-11-21T07:00:00.000Z', unfinished_runs: 1, open_writes: 1, open_events: 1 },
    })
    await expect(opening).rejects.toThrow(
      /2026-11-21T07:00:00.000Z.*1 runs, 1 calls that write \(refund\).*rouse start --restored/,
    )
    expect(readFileSync(target).equals(before)).toBe(true)
  })

  it('goes on once a person says so: what was unfinished is marked, what was over is not', async () => {
    const { lease } = await propose(store)
    const done = await propose(store)
    await store.finish(done.lease, { state: 'completed', summary: '' }, 1, start)
    await take()
    const restored = await openSqliteStore({ file: target, exclusive: true, isRestoreAccepted: true })
    expect((await restored.run(lease.runId))?.isRestored).toBe(true)
    expect((await restored.run(done.lease.runId))?.isRestored).toBe(false)
    const { backupTakenAt, restored: known } = await restored.diagnose()
    expect([backupTakenAt, known?.takenAt]).toEqual([undefined, start])
    await restored.close()
    const again = await openSqliteStore({ file: target, exclusive: true })
    expect((await again.diagnose()).restored?.takenAt).toBe(start)
    await again.close()
  })

  it('marks what its events wake where nothing was decided on them when it was taken, and no later one', async () => {
    const undecided = await recordEvent(store)
    await take()
    const dispatchOf = (eventId: string) => [
      { eventId, decisions: [{ agent: 'doctor', reason: 'matched' as const }] },
    ]
    const first = await openSqliteStore({ file: target, exclusive: true, isRestoreAccepted: true })
    await first.close()
    const restored = await openSqliteStore({ file: target, exclusive: true })
    const later = await recordEvent(restored)
    const isMarked = async (eventId: string) => {
      const [runId] = await restored.dispatch(dispatchOf(eventId), start)
      return (await restored.run(idOf(runId)))?.isRestored
    }
    expect([await isMarked(undecided), await isMarked(later)]).toEqual([true, false])
    await restored.close()
  })

  it('can be one without a mark, as another program copies it', async () => {
    const { lease } = await propose(store)
    await store.close()
    store = await openSqliteStore({ file, exclusive: true, isRestoreAccepted: true })
    expect((await store.run(lease.runId))?.isRestored).toBe(true)
    expect((await store.diagnose()).restored).toMatchObject({ takenAt: undefined })
  })

  it('knows what comes again from before it, by delivery or by poll, and takes what came after for new', async () => {
    const early = draft({ sourceEventId: 'early' })
    const late = draft({ sourceEventId: 'late' })
    await store.recordTick(tick({ events: [early] }))
    await take()
    await store.recordTick(tick({ events: [late] }))
    const restored = await openSqliteStore({ file: target, exclusive: true, isRestoreAccepted: true })
    const again = await restored.recordTick(tick({ events: [early, late] }))
    expect(again.events.map(({ isNew }) => isNew)).toEqual([false, true])
    await restored.close()
  })

  it('can be read and decided on by a command before it is started', async () => {
    const { lease, approval } = await parkOnApproval(store)
    await take()
    const command = await openSqliteStore({ file: target, exclusive: false })
    expect(await command.run(lease.runId)).toBeDefined()
    await command.decide(
      approval.id,
      { state: 'denied', by: 'ann', reason: 'old', digest: approval.digest },
      start,
    )
    await command.close()
  })
})

it('backs up the ledger of a daemon that is not running, also where its log was left behind', async () => {
  await recordEvent(store)
  await store.close()
  const command = async (path: string) => {
    const beside = await openSqliteStore({ file, exclusive: false })
    const taken = await beside.backup(path, start)
    await beside.close()
    return taken.events
  }
  expect(await command(target)).toBe(1)
  const killed = await inOtherProcess(`
    const store = await openSqliteStore({ file: ${JSON.stringify(file)}, exclusive: true })
    await store.record({ deliveryId: 'dlv_1', source: 'ci', receivedAt: 1, url: '/', headers: [], secretIndex: 0,
      body: Buffer.from('1'), bodyDigest: Buffer.from('1'), events: [{ sourceEventId: 'x', type: 't', time: 1, ids: {} }] })
    say('recorded')
    setInterval(() => undefined, 1000)`)
  killed.child.kill('SIGKILL')
  await ended(killed.child)
  expect(existsSync(`${file}-wal`)).toBe(true)
  expect(await command(`${target}2`)).toBe(2)
})
