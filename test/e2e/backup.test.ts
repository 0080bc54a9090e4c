import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/program.js'
import { recordedIo } from '../cli/recorded.js'
import { DaemonProcess, openLedger } from '../support/daemon-process.js'
import { RecordingApi } from '../support/recording-api.js'
import { githubSecret, issueOpened, runIn, sendGithub, writeSetting } from '../support/rouse.js'
import { until } from '../support/wait.js'

let api: RecordingApi
let directory: string
let elsewhere: string
let daemon: DaemonProcess

const config = () => `sources: { ci: { kind: github, secret: "${githubSecret}" } }
tools:
  keyed:
    description: Charge.
    post: ${api.origin}/keyed
    effect: write
    form: { issue: "\${{ ids.issue }}" }
    idempotency: { header: Idempotency-Key, ttl: 1h }
    on_unknown: retry
  bare: { description: Charge., post: "${api.origin}/bare", effect: write, form: { issue: "\${{ ids.issue }}" } }
agents:
  keyed: { on: { source: ci, type: issues.opened }, instructions: a.md, tools: [{ keyed: { gate: auto } }] }
  bare: { on: { source: ci, type: issues.closed }, instructions: a.md, tools: [{ bare: { gate: auto } }] }
`
const script = ['keyed', 'bare'].map((agent) => ({
  agent,
  turns: [{ call: agent, delay: '1s' }, { say: 'Done.' }],
}))

beforeEach(async () => {
  api = await RecordingApi.start()
  const setting = { config: config(), script, files: { 'a.md': 'Charge once.\n' } }
  directory = await writeSetting(setting)
  elsewhere = await mkdtemp(join(tmpdir(), 'rouse-restored-'))
  await writeSetting({ ...setting, directory: elsewhere })
  daemon = await DaemonProcess.start(directory)
})
afterEach(async () => {
  await daemon.end()
  await api.close()
  for (const path of [directory, elsewhere]) await rm(path, { recursive: true, force: true })
})

async function rouse(...words: string[]) {
  const io = recordedIo({ directory: elsewhere })
  const code = await runCli([...words, '-c', join(directory, 'config.yaml')], io)
  return { code, out: io.output.join('\n'), err: io.faults.join('\n') }
}

async function send(number: number, action: string): Promise<string> {
  const { status, body } = await sendGithub(daemon.url, 'issues', { ...issueOpened(number), action })
  expect(status).toBe(202)
  return body.events?.[0] ?? ''
}

describe('rouse backup', () => {
  it('has every event that was acknowledged before it began, while deliveries go on', async () => {
    const acked: string[] = []
    const ending = new AbortController()
    let number = 0
    const sender = async () => {
      while (!ending.signal.aborted) acked.push(await send(++number, 'labeled'))
    }
    const sending = Promise.all(Array.from({ length: 8 }, sender))
    await until('some load', () => acked.length > 50)
    for (let count = 1; count <= 3; count++) {
      const before = [...acked]
      const { code, out } = await rouse('backup', `${count}.db`, '--json')
      expect(code).toBe(0)
      expect(JSON.parse(out)).toMatchObject({ file: join(elsewhere, `${count}.db`), unfinished_runs: 0 })
      const copy = new Database(join(elsewhere, `${count}.db`), { readonly: true })
      const ids = new Set(copy.prepare<[], string>('SELECT id FROM events').pluck().all())
      const integrity = copy.pragma('integrity_check', { simple: true })
      copy.close()
      expect(before.filter((id) => !ids.has(id))).toEqual([])
      expect(integrity).toBe('ok')
      expect((JSON.parse(out) as { events: number }).events).toBe(ids.size)
      await until('more load', () => acked.length > before.length)
    }
    ending.abort()
    await sending
  })

  it('says in words what it did, and refuses a file that is there', async () => {
    await send(1, 'labeled')
    expect((await rouse('backup', 'a.db')).out).toMatch(
      /a\.db: .*1 event, 0 unfinished runs; checked and on the disk/,
    )
    const again = await rouse('backup', 'a.db')
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('is there already')])
  })
})

describe('a backup that is put in the place of the ledger', () => {
  it('is started only by a word, does nothing twice, and goes on', async () => {
    const [keyed, bare] = [await send(1, 'opened'), await send(2, 'closed')]
    const first = await openLedger(directory)
    for (const id of [keyed, bare]) await runIn(first, id, ['running'])
    await first.close()
    expect((await rouse('backup', 'rouse.db')).code).toBe(0)
    // The life that the backup does not know of: both writes are made.
    await until('both to be written', () => api.writes.length === 2)
    const lost = await send(3, 'opened')
    await daemon.end()

    const refused = await DaemonProcess.start(elsewhere)
    expect(await refused.ended).toMatchObject({ code: 1 })
    expect(refused.log).toMatch(/is a backup, taken .*2 runs.*rouse start --restored/)
    const io = recordedIo()
    expect(await runCli(['check', '-c', join(elsewhere, 'config.yaml')], io)).toBe(0)
    expect(io.output.join('\n')).toContain('is a backup, taken')
    await runCli(['doctor', '-c', join(elsewhere, 'config.yaml')], io)
    expect(io.output.join('\n')).toMatch(/fail\s+ledger\s+it is a backup/)

    daemon = await DaemonProcess.start(elsewhere, { flags: ['--restored'] })
    await until('it to say so', () => daemon.log.includes('goes on from a backup'))
    const ledger = await openLedger(elsewhere)
    await runIn(ledger, keyed, ['completed'])
    const held = await runIn(ledger, bare, ['parked'])
    expect(held).toMatchObject({ parkedOn: 'person', isRestored: true })
    expect(await ledger.event(lost)).toBeUndefined()
    const keys = api.writes
      .filter(({ url }) => url === '/keyed')
      .map(({ headers }) => headers['idempotency-key'])
    expect(keys.filter((key) => key === keys[0])).toHaveLength(2)
    expect(api.writes.filter(({ url }) => url === '/bare')).toHaveLength(1)

    daemon.kill('SIGTERM')
    await daemon.ended
    daemon = await DaemonProcess.start(elsewhere)
    expect(daemon.hasEnded).toBe(false)
    await ledger.close()
  })
})
