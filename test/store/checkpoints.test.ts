import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import { recordEvent } from '../contract/store-fixtures.js'
import { until } from '../support/wait.js'
import { temporaryDirectory } from './ledger.js'
import { ended, inOtherProcess } from './other-process.js'

const mebibyte = 1024 * 1024

describe('the write-ahead log', () => {
  let directory = temporaryDirectory()
  let file = ''
  beforeEach(() => {
    directory = temporaryDirectory()
    file = join(directory.path, 'rouse.db')
  })
  afterEach(() => directory.remove())

  const sizeOf = (name: string) => statSync(name, { throwIfNoEntry: false })?.size ?? 0

  /** Records `count` deliveries of 100 KB and says how large the log ever was. */
  const program = (count: number) => `
    const { statSync } = await import('node:fs')
    const file = ${JSON.stringify(file)}
    const store = await openSqliteStore({ file, exclusive: true })
    let largest = 0
    for (let index = 0; index < ${count}; index++) {
      const body = Buffer.alloc(100_000, String(index) + ' ')
      const bodyDigest = Buffer.alloc(32, 'digest ' + index)
      await store.record({ deliveryId: 'dlv_' + index, source: 's', receivedAt: 1, url: '/', headers: [], body, bodyDigest,
        secretIndex: 0, events: [{ sourceEventId: String(index), type: 't', time: 1, ids: {}, data: null }] })
      largest = Math.max(largest, statSync(file + '-wal').size)
    }`

  it('is written back by a thread while the daemon goes on, and begun anew when it is large', async () => {
    const { child, said } = await inOtherProcess(`${program(1200)}
      say(largest + ' ' + statSync(file).size)
      await store.close()`)
    await ended(child)
    const [largest, size] = said.split(' ').map(Number)
    // 117 MiB were written in all.
    expect(largest).toBeLessThan(64 * mebibyte)
    expect(size).toBeGreaterThan(64 * mebibyte)
    expect(sizeOf(`${file}-wal`)).toBe(0)
    const store = await openSqliteStore({ file, exclusive: true })
    expect((await store.counts()).deliveries.recorded).toBe(1200)
    await store.close()
  })

  it('loses nothing when the process is killed while it is written back', async () => {
    const { child, said } = await inOtherProcess(`${program(300)}
      say('recorded')
      process.kill(process.pid, 'SIGKILL')`)
    await ended(child)
    expect(said).toBe('recorded')
    const store = await openSqliteStore({ file, exclusive: true })
    expect((await store.counts()).deliveries.recorded).toBe(300)
    expect((await store.delivery('dlv_299'))?.body?.length).toBe(100_000)
    await store.close()
  })

  it('is written back by the writer where there is no thread', async () => {
    const store = await openSqliteStore({ file, exclusive: true })
    const body = Buffer.alloc(10 * mebibyte, 'a')
    await recordEvent(store, { data: null }, { body })
    await until('the log to be in the file', async () => {
      await recordEvent(store)
      return sizeOf(file) > 10 * mebibyte
    })
    await store.close()
  })
})
