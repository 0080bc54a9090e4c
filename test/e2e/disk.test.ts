import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DaemonProcess } from '../support/power/daemon-process.js'
import { canWatchDisk, type DiskFault, WatchedDisk } from '../support/power/shim.js'
import { RecordingApi } from '../support/recording-api.js'
import { githubSecret, issueOpened, sendGithub, writeSetting } from '../support/rouse.js'
import { until } from '../support/wait.js'

const main = resolve(import.meta.dirname, '../../dist/main.js')
const full: DiskFault = { operations: ['write'], error: 'ENOSPC' }

/** A fact is read before the write, and the write has no key: so each has a moment of its own, and none is made twice. */
const config = (api: RecordingApi) => `sources: { ci: { kind: github, secret: "${githubSecret}" } }
tools:
  get_limit: { description: Limit., get: "${api.origin}/limit" }
  charge:
    description: Charge.
    post: ${api.origin}/charges
    effect: destructive
    args: { amount: { type: integer, min: 1, max: 10 } }
    form: { amount: "\${{ args.amount }}", issue: "\${{ ids.issue }}" }
    facts: { limit: get_limit }
agents:
  helper:
    on: { source: ci, type: issues.opened }
    instructions: helper.md
    tools: [get_limit, { charge: { gate: auto, if: "args.amount <= facts.limit.amount", max: 1/subject } }]
`

if (canWatchDisk()) describe('the real daemon on a disk that fails', disksFail)

function disksFail(): void {
  let aside = ''
  let file = ''
  let disk: WatchedDisk
  let api: RecordingApi
  let daemon: DaemonProcess
  let number = 0
  beforeEach(async () => {
    aside = mkdtempSync(join(tmpdir(), 'rouse-disk-'))
    mkdirSync(join(aside, 'disk'))
    file = join(aside, 'disk/rouse.db')
    disk = new WatchedDisk(join(aside, 'disk'), aside, false)
    api = await RecordingApi.start()
    api.respond = () => ({ status: 200, body: { amount: 10 } })
    await writeSetting({
      directory: aside,
      file: './disk/rouse.db',
      config: config(api),
      files: { 'helper.md': 'Charge once.\n' },
      script: [{ agent: 'helper', turns: [{ call: 'charge', args: { amount: 5 } }, { say: 'Done.' }] }],
    })
    daemon = new DaemonProcess({ main, directory: aside, environment: disk.environment })
    await daemon.start()
  })
  afterEach(async () => {
    await daemon.kill()
    await api.close()
    disk.control.close()
    rmSync(aside, { recursive: true, force: true })
  })

  const send = async () => (await sendGithub(daemon.url, 'issues', issueOpened(++number))).status
  const read = (sql: string) => {
    const db = new Database(file, { readonly: true })
    try {
      return db.prepare(sql).pluck().all()
    } finally {
      db.close()
    }
  }
  const runStates = () => read('SELECT state FROM runs ORDER BY position')
  const completed = (count: number) =>
    until(
      `${count} runs to be completed`,
      () => runStates().filter((is) => is === 'completed').length === count,
    )
  /** When the API is asked for this, before it answers. */
  const when = (method: string, happen: () => void) => {
    let isOver = false
    api.respond = (request) => {
      if (request.method === method && !isOver) {
        isOver = true
        happen()
      }
      return { status: 200, body: { amount: 10 } }
    }
  }

  it('full before an intent is recorded: nothing is sent, deliveries are refused, and it goes on when there is room', async () => {
    when('GET', () => disk.control.break(full))
    expect(await send()).toBe(202)
    await until('the fact to be read', () => api.requests.length > 0)
    expect(await send()).toBe(503)
    await until('the ledger to be missed', () => daemon.log.includes('the disk is full; make room'))
    expect(api.writes).toHaveLength(0)
    disk.control.repair()
    await completed(1)
    expect(api.writes).toHaveLength(1)
    expect(await send()).toBe(202)
    await completed(2)
    expect(read('SELECT count(*) FROM events')).toEqual([2])
    expect(read('SELECT max(sends) FROM tool_calls')).toEqual([1])
  })

  it('full before an outcome is recorded: it is kept, nothing else is begun, and it is written when there is room', async () => {
    when('POST', () => disk.control.break(full))
    expect(await send()).toBe(202)
    await until('the outcome to wait', () => daemon.log.includes('an outcome waits to be written'))
    expect(read('SELECT state FROM tool_calls')).toEqual(['sent'])
    expect(await send()).toBe(503)
    disk.control.repair()
    await completed(1)
    expect(read('SELECT state FROM tool_calls')).toEqual(['confirmed'])
    expect(api.writes).toHaveLength(1)
  })

  it('full before an outcome is recorded, and killed: the outcome is unknown and a person is asked, nothing is sent again', async () => {
    when('POST', () => disk.control.break(full))
    expect(await send()).toBe(202)
    await until('the outcome to wait', () => daemon.log.includes('an outcome waits to be written'))
    await daemon.kill()
    disk.control.repair()
    await daemon.start()
    await until('the call to be held', () => read('SELECT state FROM tool_calls').includes('held'))
    await until('the run to wait for a person', () => runStates().includes('parked'))
    expect(api.writes).toHaveLength(1)
  })

  it.each([
    ['gives errors', { operations: ['write', 'sync'], error: 'EIO' }],
    ['becomes read-only', { operations: ['write', 'sync', 'open', 'truncate', 'name'], error: 'EROFS' }],
  ] satisfies [string, DiskFault][])(
    'that %s: refuses, sends nothing, and goes on when it works',
    async (_, fault) => {
      when('GET', () => disk.control.break(fault))
      expect(await send()).toBe(202)
      await until('the fact to be read', () => api.requests.length > 0)
      for (let again = 0; again < 3; again++) expect(await send()).toBe(503)
      expect(api.writes).toHaveLength(0)
      expect((await fetch(`${daemon.url}/healthz`)).status).toBeLessThan(600)
      expect(daemon.isRunning).toBe(true)
      disk.control.repair()
      await completed(1)
      expect(api.writes).toHaveLength(1)
      expect(read('PRAGMA integrity_check')).toEqual(['ok'])
    },
  )

  it('that fails while it starts: ends and says so, and the next start loses nothing', async () => {
    expect(await send()).toBe(202)
    await completed(1)
    await daemon.kill()
    disk.control.break({ operations: ['sync'], error: 'EIO' })
    await expect(daemon.start()).rejects.toThrow(/ended with 1.*\n.*(disk|log)/s)
    disk.control.repair()
    await daemon.start()
    expect(runStates()).toEqual(['completed'])
    expect(await send()).toBe(202)
  })

  it('full for the checkpoints: the log keeps everything', async () => {
    disk.control.break({ ...full, suffix: '.db' })
    for (let sent = 0; sent < 4; sent++) expect(await send()).toBe(202)
    await completed(4)
    await daemon.stop()
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(0)
    disk.control.repair()
    await daemon.start()
    expect(runStates()).toEqual(Array(4).fill('completed'))
    await daemon.stop()
    expect(read('PRAGMA integrity_check')).toEqual(['ok'])
  })
}
