import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { sleep } from '../../src/util/clock.js'
import { RecordingApi } from './recording-api.js'
import { githubSecret, issueOpened, sendGithub, writeSetting } from './rouse.js'
import { until } from './wait.js'

export interface CampaignResult {
  readonly kills: number
  readonly sent: number
  readonly acked: number
  readonly redelivered: number
  readonly recorded: number
  /** Answered 2xx and not in the ledger. */
  readonly lost: readonly number[]
  /** In the ledger more than once. */
  readonly doubled: readonly number[]
  /** Writes that reached the API, by key, and events whose write took effect not exactly once. */
  readonly requests: number
  readonly effects: number
  readonly wrongEffects: readonly string[]
  /** Runs that did not complete, with their state. */
  readonly unfinished: readonly string[]
  readonly integrity: string
  readonly seconds: number
}

const main = process.env['ROUSE_TEST_MAIN'] ?? resolve(import.meta.dirname, '../../dist/main.js')

/**
 * Kills the real process with SIGKILL at random moments while signed deliveries, a fifth of them redeliveries,
 * keep coming and each wakes a run that makes one write with an idempotency key. Then lets it drain, and
 * compares what the sender saw acknowledged, what the API was asked to do, and what the ledger file holds.
 */
export async function killCampaign(options: {
  kills: number
  seed: number
  onKill?: (kill: number) => void
}): Promise<CampaignResult> {
  const startedAt = performance.now()
  const random = randomFrom(options.seed)
  const api = await RecordingApi.start()
  api.respond = async () => {
    await sleep(random() * 20)
    return { status: 200, body: { id: 1 } }
  }
  const port = await freePort()
  const directory = await writeSetting({
    directory: await mkdtemp(join(tmpdir(), 'rouse-kills-')),
    config: configOf(api),
    files: { 'helper.md': 'Charge once.\n' },
    script: [{ agent: 'helper', turns: [{ call: 'charge', args: { amount: 5 } }, { say: 'Done.' }] }],
  })
  const rouse = new KilledProcess(directory, port)
  const sender = new Sender(`http://127.0.0.1:${port}`, random)
  try {
    await rouse.start()
    const sending = sender.run()
    for (let kill = 1; kill <= options.kills; kill++) {
      // A run that the same kills hit twice would rightly be taken for what kills the process.
      await until('no run to be suspected', () => countSuspects(join(directory, 'rouse.db')) === 0)
      await sleep(30 + random() * 600)
      await rouse.kill()
      options.onKill?.(kill)
      await rouse.start()
    }
    sender.stop()
    await sending
    const file = join(directory, 'rouse.db')
    await until('every run to end', () => countUnfinished(file) === 0, 120_000)
    await rouse.terminate()
    return {
      ...compare(file, sender, api),
      kills: options.kills,
      seconds: (performance.now() - startedAt) / 1000,
    }
  } finally {
    sender.stop()
    await rouse.kill()
    await api.close()
    await rm(directory, { recursive: true, force: true })
  }
}

function configOf(api: RecordingApi): string {
  return `sources: { ci: { kind: github, secret: "${githubSecret}" } }
tools:
  charge:
    description: Charge.
    post: ${api.origin}/charges
    effect: destructive
    args: { amount: { type: integer, min: 1, max: 10 } }
    form: { amount: "\${{ args.amount }}", issue: "\${{ ids.issue }}" }
    idempotency: { header: Idempotency-Key, ttl: 1h }
    on_unknown: retry
agents:
  helper:
    on: { source: ci, type: issues.opened }
    instructions: helper.md
    tools: [{ charge: { gate: auto, max: 1/subject } }]
    limits: { runs: 1000000/day }
`
}

class KilledProcess {
  #child: ChildProcess | undefined

  constructor(
    private readonly directory: string,
    private readonly port: number,
  ) {}

  async start(): Promise<void> {
    const child = spawn(process.execPath, [main, 'start', '-c', join(this.directory, 'config.yaml')], {
      env: { PATH: process.env['PATH'], ROUSE_TEST_PORT: String(this.port) },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    let log = ''
    await new Promise<void>((resolve, reject) => {
      child.stderr?.on('data', (chunk: Buffer) => {
        log = (log + chunk.toString('utf8')).slice(-4000)
        if (log.includes('rouse is ready')) resolve()
      })
      child.once('exit', (code, signal) =>
        reject(new Error(`ended with ${code ?? signal} before it was ready:\n${log}`)),
      )
    })
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async terminate(): Promise<void> {
    await this.#end('SIGTERM')
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.removeAllListeners('exit')
    child.once('exit', () => undefined)
    child.kill(signal)
    await Promise.race([
      ended,
      until('the process to end', () => child.exitCode !== null || child.signalCode !== null),
    ])
  }
}

/** Sends as a service would: again until it is acknowledged. Its own list is the oracle. */
class Sender {
  readonly acked = new Set<number>()
  sent = 0
  redelivered = 0
  #next = 1
  #isStopped = false

  constructor(
    private readonly url: string,
    private readonly random: () => number,
  ) {}

  stop(): void {
    this.#isStopped = true
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: 8 }, () => this.#work()))
  }

  async #work(): Promise<void> {
    while (!this.#isStopped) {
      const isRedelivery = this.random() < 0.2 && this.#next > 10
      const number = isRedelivery ? 1 + Math.floor(this.random() * (this.#next - 1)) : this.#next++
      if (isRedelivery) this.redelivered++
      await this.#deliver(number)
      await sleep(5 + this.random() * 25)
    }
  }

  async #deliver(number: number): Promise<void> {
    let last = 'nothing'
    for (let attempt = 0; attempt < 400; attempt++) {
      try {
        this.sent++
        const { status } = await sendGithub(this.url, 'issues', issueOpened(number))
        if (status >= 200 && status < 300) {
          this.acked.add(number)
          return
        }
        last = `status ${status}`
      } catch (error) {
        // Not acknowledged: the connection was refused or cut.
        last = String(error instanceof Error ? (error.cause ?? error) : error)
      }
      await sleep(25)
    }
    throw new Error(`delivery ${number} was never acknowledged, last: ${last}`)
  }
}

function countSuspects(file: string): number {
  const database = new Database(file, { readonly: true })
  try {
    const found = database
      .prepare('SELECT count(*) AS n FROM runs WHERE finished_at IS NULL AND crashes > 0')
      .get() as { n: number }
    return found.n
  } finally {
    database.close()
  }
}

function countUnfinished(file: string): number {
  const database = new Database(file, { readonly: true })
  try {
    const runs = database.prepare(`SELECT count(*) AS n FROM runs WHERE finished_at IS NULL`).get() as {
      n: number
    }
    const events = database.prepare(`SELECT count(*) AS n FROM events WHERE state = 'recorded'`).get() as {
      n: number
    }
    return runs.n + events.n
  } finally {
    database.close()
  }
}

type Compared = Omit<CampaignResult, 'kills' | 'seconds'>

function compare(file: string, sender: Sender, api: RecordingApi): Compared {
  const database = new Database(file, { readonly: true })
  const subjects = database.prepare('SELECT subject, count(*) AS n FROM events GROUP BY subject').all() as {
    subject: string
    n: number
  }[]
  const numberOf = (subject: string) => Number(subject.split('#')[1])
  const recorded = new Map(subjects.map(({ subject, n }) => [numberOf(subject), n]))
  const runs = database
    .prepare(`SELECT subject, state, error_message FROM runs WHERE state <> 'completed'`)
    .all() as {
    subject: string
    state: string
    error_message: string | null
  }[]
  const integrity = database.pragma('integrity_check', { simple: true }) as string
  database.close()

  const keysOf = new Map<string, Set<string>>()
  for (const { headers, body } of api.writes) {
    const issue = new URLSearchParams(body).get('issue') ?? ''
    const keys = keysOf.get(issue) ?? new Set()
    keysOf.set(issue, keys.add(String(headers['idempotency-key'])))
  }
  const wrongEffects = [...recorded.keys()]
    .filter((number) => keysOf.get(String(number))?.size !== 1)
    .map((number) => `issue ${number}: ${keysOf.get(String(number))?.size ?? 0} effects`)
  return {
    sent: sender.sent,
    acked: sender.acked.size,
    redelivered: sender.redelivered,
    recorded: recorded.size,
    lost: [...sender.acked].filter((number) => !recorded.has(number)),
    doubled: [...recorded].filter(([, count]) => count > 1).map(([number]) => number),
    requests: api.writes.length,
    effects: new Set([...keysOf.values()].flatMap((keys) => [...keys])).size,
    wrongEffects,
    unfinished: runs.map(
      ({ subject, state, error_message: message }) => `${subject} ${state} ${message ?? ''}`,
    ),
    integrity,
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

/** A small seeded generator (mulberry32), so that a campaign can be repeated. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
