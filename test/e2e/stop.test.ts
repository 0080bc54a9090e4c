import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../src/store/store.js'
import { DaemonProcess, openLedger } from '../support/daemon-process.js'
import { RecordingApi } from '../support/recording-api.js'
import { githubSecret, issueOpened, runIn, sendGithub, writeSetting } from '../support/rouse.js'
import { until } from '../support/wait.js'

let api: RecordingApi
let daemon: DaemonProcess
let ledger: Store
let directory: string

const script = (thinking: string) => [
  { agent: 'writer', turns: [{ call: 'charge' }, { say: 'Charged.' }] },
  { agent: 'thinker', turns: [{ say: 'Thought.', delay: thinking }] },
]
/** Faults on demand: SIGUSR2 raises an exception that nothing catches. */
const module = `process.on('SIGUSR2', () => { throw new TypeError('nobody caught this') })\n`

beforeEach(async () => {
  api = await RecordingApi.start()
  directory = await writeSetting({
    config: `sources: { ci: { kind: github, secret: "${githubSecret}" } }
tools:
  charge: { description: Charge., post: "${api.origin}/charges", effect: write }
agents:
  writer: { on: { source: ci, type: issues.opened }, instructions: a.md, tools: [{ charge: { gate: auto } }] }
  thinker: { on: { source: ci, type: issues.closed }, instructions: a.md, tools: [] }
`,
    script: script('5m'),
    files: { 'a.md': 'Look.\n', 'module.mjs': module },
  })
  daemon = await start()
  ledger = await openLedger(directory)
})

afterEach(async () => {
  await daemon.end()
  await ledger.close()
  await api.close()
  await rm(directory, { recursive: true, force: true })
})

function start(): Promise<DaemonProcess> {
  return DaemonProcess.start(directory, { module: join(directory, 'module.mjs') })
}

async function send(number: number, action: string): Promise<string> {
  const { body } = await sendGithub(daemon.url, 'issues', { ...issueOpened(number), action })
  return body.events?.[0] ?? ''
}

describe('SIGTERM', () => {
  it('refuses deliveries with a time to come back, lets what is under way end or park, and exits 0', async () => {
    let answer = () => {}
    const released = new Promise<void>((resolve) => {
      answer = resolve
    })
    api.respond = async () => {
      await released
      return { status: 200, body: { id: 'ch_1' } }
    }
    const written = await send(1, 'opened')
    const thought = await send(2, 'closed')
    await until('the write to be under way', () => api.writes.length === 1)
    await runIn(ledger, thought, ['running'])

    daemon.kill('SIGTERM')
    const health = await until('the health to turn red', async () => {
      const response = await fetch(`${daemon.url}/healthz`)
      return response.status === 503 && response
    })
    expect(health.headers.get('retry-after')).toBe('5')
    const refused = await sendGithub(daemon.url, 'issues', issueOpened(3))
    expect(refused.status).toBe(503)
    expect(daemon.hasEnded).toBe(false)
    answer()

    expect(await daemon.ended).toEqual({ code: 0, signal: null })
    const parked = { state: 'parked', parkedOn: 'restart', crashes: 0, attempts: 0 }
    const [writer] = await ledger.runsOf(written)
    expect(writer).toMatchObject(parked)
    expect((await ledger.journal(writer?.id ?? '')).calls).toMatchObject([{ state: 'confirmed' }])
    expect(await ledger.runsOf(thought)).toMatchObject([parked])

    await writeFile(join(directory, 'script.json'), JSON.stringify(script('1ms')))
    daemon = await start()
    await runIn(ledger, written, ['completed'])
    await runIn(ledger, thought, ['completed'])
    expect(api.writes).toHaveLength(1)
  }, 60_000)

  it('a second time ends the process at once, and everything goes on at the next start', async () => {
    api.respond = () => 'hang'
    const thought = await send(1, 'closed')
    await runIn(ledger, thought, ['running'])
    daemon.kill('SIGTERM')
    await until('it to be stopping', () => daemon.log.includes('stopping:'))
    daemon.kill('SIGTERM')
    expect(await daemon.ended).toEqual({ code: 1, signal: null })
    await writeFile(join(directory, 'script.json'), JSON.stringify(script('1ms')))
    daemon = await start()
    await runIn(ledger, thought, ['completed'])
  }, 60_000)
})

it('an exception that nothing catches is logged and ends the process with 1, and the next goes on', async () => {
  const thought = await send(1, 'closed')
  await runIn(ledger, thought, ['running'])
  daemon.kill('SIGUSR2')
  expect(await daemon.ended).toEqual({ code: 1, signal: null })
  expect(daemon.log).toContain('nobody caught this')
  await writeFile(join(directory, 'script.json'), JSON.stringify(script('1ms')))
  daemon = await start()
  await runIn(ledger, thought, ['completed'])
}, 60_000)

it.each([
  ['deleted', async (file: string) => rm(file)],
  [
    'replaced',
    async (file: string) => {
      await rm(file)
      await writeFile(file, '')
    },
  ],
])(
  'a ledger that is %s under the running daemon ends it with 1',
  async (what, act) => {
    await act(join(directory, 'rouse.db'))
    expect(await daemon.ended).toEqual({ code: 1, signal: null })
    expect(daemon.log).toContain('store.replaced')
    expect(daemon.log).toContain(`was ${what}`)
  },
  60_000,
)
