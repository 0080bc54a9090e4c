import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Run } from '../../src/domain/run.js'
import { schemaVersion } from '../../src/store/sqlite/migrate.js'
import type { Store } from '../../src/store/store.js'
import { DaemonProcess, openLedger } from '../support/daemon-process.js'
import { writeOldLedger } from '../support/old-ledger.js'
import { RecordingApi } from '../support/recording-api.js'
import { until } from '../support/wait.js'

const armModule = resolve(import.meta.dirname, '../support/faults/arm.mjs')
const faultModule = resolve(import.meta.dirname, '../../dist/util/fault-point.js')

let api: RecordingApi
let directory: string
let file: string
let daemon: DaemonProcess | undefined
let ledger: Store | undefined

function read<Result>(sql: string, path = file): Result[] {
  const db = new Database(path, { readonly: true })
  try {
    return db.prepare<[], Result>(sql).all()
  } finally {
    db.close()
  }
}
const versionOf = (path = file) =>
  read<{ user_version: number }>('PRAGMA user_version', path)[0]?.user_version

/** A directory as the older daemon left it: its configuration, its script, its ledger. */
beforeEach(async () => {
  api = await RecordingApi.start()
  directory = await mkdtemp(join(tmpdir(), 'rouse-upgrade-'))
  file = join(directory, 'rouse.db')
  writeOldLedger(file, { now: Date.now(), origin: api.origin })
  const [{ snapshot = '' } = {}] = read<{ snapshot: string }>('SELECT snapshot FROM configs')
  const { text, instructions } = JSON.parse(snapshot) as {
    text: string
    instructions: Record<string, string>
  }
  await writeFile(join(directory, 'config.yaml'), text)
  for (const [name, content] of Object.entries(instructions)) await writeFile(join(directory, name), content)
  const turns = (tool: string) => [{ call: tool, args: { text: 'Seen.' } }, { say: 'Done.' }]
  const script = [
    { agent: 'writer', turns: turns('comment') },
    { agent: 'asker', turns: turns('comment') },
    { agent: 'holder', turns: turns('comment_once') },
    { agent: 'talker', turns: [{ say: 'Nothing to do.' }] },
  ]
  await writeFile(join(directory, 'script.json'), JSON.stringify(script))
})

afterEach(async () => {
  await ledger?.close()
  await daemon?.end()
  ledger = undefined
  daemon = undefined
  await api.close()
  await rm(directory, { recursive: true, force: true })
})

async function start(armed?: string): Promise<DaemonProcess> {
  const environment = { API: api.origin }
  daemon = await DaemonProcess.start(
    directory,
    armed === undefined
      ? { environment }
      : {
          module: armModule,
          environment: { ...environment, FAULT_TEST_MODULE: faultModule, FAULT_TEST_POINT: armed },
        },
  )
  return daemon
}

describe('the ledger of an older version', () => {
  it('is the older one or the newer one after a kill in the middle of the migration, and its copy is there', async () => {
    const rows = () =>
      ['deliveries', 'events', 'steps', 'reservations'].map((table) => read(`SELECT * FROM ${table}`))
    const before = JSON.stringify(rows())
    for (let kill = 0; kill < 2; kill++) {
      const killed = await start('K21')
      expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' })
      expect(versionOf()).toBe(1)
      expect(JSON.stringify(rows())).toBe(before)
      expect(read('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
      expect(versionOf(`${file}.v1.bak`)).toBe(1)
    }
    const next = await start()
    expect(next.hasEnded).toBe(false)
    expect(versionOf()).toBe(schemaVersion)
    expect(versionOf(`${file}.v1.bak`)).toBe(1)
    expect(existsSync(`${file}.v1.2.bak`)).toBe(false)
  })

  it('goes on where it stood: each run from its own step, each write under its own key', async () => {
    const keyOf = (subject: string) =>
      read<{ idempotency_key: string }>(
        `SELECT c.idempotency_key FROM tool_calls c JOIN runs r ON r.id = c.run_id WHERE r.subject = '${subject}'`,
      )[0]?.idempotency_key
    const keys = ['acme/web#5', 'acme/web#13'].map(keyOf)
    await start()
    const store = await openLedger(directory)
    ledger = store
    const runs = async (state: Run['state']) =>
      (await store.listRuns({ state, limit: 100 })).map(({ agent, subject }) => `${agent} ${subject}`).sort()
    await until('what needs nobody to be done', async () => (await runs('completed')).length >= 8)
    expect(await runs('completed')).toEqual([
      'talker acme/web#15',
      'talker acme/web#16',
      'talker acme/web#2',
      'writer acme/web#1',
      'writer acme/web#13',
      'writer acme/web#15',
      'writer acme/web#15',
      'writer acme/web#5',
    ])
    expect(await runs('parked')).toEqual(['asker acme/web#3', 'holder acme/web#4', 'talker acme/web#12'])
    expect(await runs('failed')).toEqual(['talker acme/web#11'])
    // One subject has one write, by the older version's reservations and this one's together.
    const written = api.writes.map(({ body }) => (JSON.parse(body) as { issue: string }).issue)
    expect(written.sort()).toEqual(['13', '15', '5'])
    expect(api.writes.map(({ headers }) => headers['idempotency-key'])).toEqual(expect.arrayContaining(keys))

    const [approval] = await store.listApprovals({ state: 'waiting', limit: 1 })
    const [held] = await store.listHeld()
    if (!approval || !held) throw new Error('nobody is asked')
    const now = Date.now()
    const { id, digest } = approval
    await store.decide(id, { state: 'approved', by: 'ann', reason: undefined, digest }, now)
    await store.resolveHeld(held.id, { state: 'confirmed', by: 'ann', output: undefined }, now)
    await until('what waited for a person to be done', async () => (await runs('parked')).length === 1)
    await until('both to end', async () => (await runs('completed')).length === 10)
    // What was approved was asked by rules that knew neither facts nor rules in an approval: it is void, and not sent.
    expect(api.writes.filter(({ body }) => body.includes('"3"'))).toHaveLength(0)
    expect(api.writes.filter(({ body }) => body.includes('"4"'))).toHaveLength(0)
  })
})
