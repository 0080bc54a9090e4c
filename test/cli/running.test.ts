import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { runCli } from '../../src/cli/program.js'
import { systemClock } from '../../src/util/clock.js'
import { rouse, type Said } from './filled-ledger.js'
import { type RecordedIo, recordedIo } from './recorded.js'

const config = `
version: 1
server: { hooks: "127.0.0.1:0", admin: off }
store: sqlite:./data/rouse.db
models:
  default: { base_url: "\${MODEL_URL:-https://api.openai.com/v1}", api_key: "\${MODEL_KEY}", model: gpt-5-mini }
sources:
  ci: { kind: github, secret: "\${CI_SECRET}" }
  payments: { kind: stripe, secret: "\${PAYMENTS_SECRET}" }
  morning: { kind: schedule, cron: "0 7 * * 1-5", timezone: Europe/Berlin }
tools: {}
agents:
  greeter:
    on: { source: ci, type: workflow_run.completed, if: data.workflow_run.conclusion == 'failure' }
    instructions: agents/greeter.md
    tools: []
`

let directory: string
const secrets = {
  MODEL_URL: 'scripted:',
  MODEL_KEY: 'sk-4f1b2c3d4e5f',
  CI_SECRET: '8f1b2c3d4e5f60718293a4b5c6d7e8f9',
  PAYMENTS_SECRET: 'whsec_8f1b2c3d4e5f60718293a4b5c6d7e8f9',
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-run-'))
  await mkdir(join(directory, 'agents'))
  await writeFile(join(directory, 'agents/greeter.md'), 'Say hello.')
  await writeFile(join(directory, 'config.yaml'), config)
})
afterEach(() => rm(directory, { recursive: true, force: true }))

interface Served {
  readonly io: RecordedIo
  readonly ended: Promise<number>
  /** As a signal would. */
  stop(): void
  url(): Promise<string>
}

/** `start` or `dev`, in this process; signals are ours. */
function serve(command: string, environment: Record<string, string>): Served {
  let stop: (signal: string) => void = () => undefined
  const io = recordedIo({
    directory,
    environment,
    clock: systemClock,
    isTerminal: true,
    onStop: (given) => {
      stop = given
      return () => undefined
    },
  })
  return {
    io,
    ended: runCli([command, '--log-level', 'silent'], io),
    stop: () => stop('SIGTERM'),
    url: async () => {
      const port = await vi.waitUntil(
        () => /listens on 127\.0\.0\.1:(\d+)/.exec(io.output.join('\n'))?.[1],
        10_000,
      )
      return `http://127.0.0.1:${port}`
    },
  }
}

const call = (argv: string[], environment: Record<string, string> = secrets): Promise<Said> =>
  rouse({ directory }, argv, { environment, clock: systemClock })

test('check prints the URLs to register, when the clock is next due, and what each agent may do', async () => {
  const { out, code } = await call(['check'])
  expect(code).toBe(0)
  expect(out).toMatch(/ci +GitHub +http:\/\/127\.0\.0\.1:0\/hooks\/ci/)
  expect(out).toMatch(/morning +Schedule +"0 7 \* \* 1-5" Europe\/Berlin, next .*in \d/)
  expect(out).toContain("ci: workflow_run.completed  if data.workflow_run.conclusion == 'failure'")
  expect(out).toContain('no tools: it can only say something')
  for (const secret of [secrets.CI_SECRET, secrets.MODEL_KEY]) expect(out).not.toContain(secret)
  const { out: text } = await call(['check', '--json'])
  expect(JSON.parse(text)).toMatchObject({
    sources: [{ name: 'ci', kind: 'github' }, { name: 'payments' }, { name: 'morning', url: null }],
    agents: [{ name: 'greeter', mode: 'live', tools: [] }],
  })
})

test('check lists every problem with its place, and ends with 78', async () => {
  const { err, out, code } = await call(['check', '--json'], {
    MODEL_KEY: 'sk-4f1b2c3d4e5f',
    MODEL_URL: 'scripted:',
  })
  expect(code).toBe(78)
  expect(err).toContain('config.yaml:8:31  sources.ci.secret')
  const { error }: { error: { problems: unknown[] } } = JSON.parse(out)
  expect(error.problems).toHaveLength(2)
})

test('start runs until a signal, and ends with 0 and a closed ledger', async () => {
  const served = serve('start', secrets)
  const url = await served.url()
  expect(served.io.output.join('\n')).toContain('http://127.0.0.1:0/hooks/payments')
  const second = await call(['start', '--log-level', 'silent'])
  expect(second).toMatchObject({ code: 1, err: expect.stringContaining('has the ledger') })
  expect((await call(['trigger', 'ci', 'push', '--url', url])).code).toBe(0)
  served.stop()
  expect(await served.ended).toBe(0)
  expect((await readdir(join(directory, 'data'))).filter((name) => name.endsWith('-wal'))).toEqual([])
})

test('start says in words what stands in its way', async () => {
  expect((await call(['start'], {})).code).toBe(78)
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  await writeFile(join(directory, 'config.yaml'), config.replace('127.0.0.1:0', `127.0.0.1:${port}`))
  const { code, err } = await call(['start', '--log-level', 'silent'])
  await new Promise((resolve) => other.close(resolve))
  expect(code).toBe(1)
  expect(err).toContain(`cannot listen on 127.0.0.1:${port}: another program does`)
})

describe('dev', () => {
  test('needs nothing set, shows what happens, and forgets what it made up', async () => {
    const served = serve('dev', {})
    const url = await served.url()
    const shown = () => served.io.output.join('\n')
    expect(shown()).toContain('Not set, so made up for this start')
    expect(shown()).toMatch(/CI_SECRET +a secret, for `rouse trigger` to sign with/)

    const second = recordedIo({ directory, environment: {}, clock: systemClock })
    expect(await runCli(['dev', '--log-level', 'silent'], second)).toBe(1)
    expect(second.faults.join('\n')).toContain('has the ledger')

    const first = await call(['trigger', 'ci', 'workflow_run.completed', '--dup', '--url', url], {})
    expect(first.code).toBe(0)
    const [recorded = '', duplicate = ''] = first.out.split('\n')
    expect(recorded).toMatch(/^202 {2}\{"status":"recorded"/)
    expect(duplicate).toMatch(/^200 {2}\{"status":"duplicate"/)
    const eventId = /evt_[0-9a-f]{32}/.exec(recorded)?.[0] ?? ''
    expect(duplicate).toContain(eventId)
    expect(first.out).toContain(`rouse explain ${eventId}`)

    await vi.waitUntil(() => /completed +greeter/.test(shown()), 10_000)
    for (const verb of [
      'received',
      'verified',
      'recorded',
      'matched',
      'enqueued',
      'running',
      'model',
      'duplicate',
    ]) {
      expect(shown().match(new RegExp(`^[0-9:.]{12} +${verb} `, 'gm')), verb).toHaveLength(1)
    }
    expect((await call(['explain', eventId], {})).out).toMatch(/completed +greeter/)

    served.stop()
    expect(await served.ended).toBe(0)
    expect(await readdir(join(directory, 'data'))).not.toContain('dev-secrets.json')
    expect((await call(['trigger', 'ci', 'push', '--url', url], {})).code).toBe(78)
  })
})

describe('trigger', () => {
  let served: Served
  let url: string
  beforeEach(async () => {
    served = serve('start', secrets)
    url = await served.url()
  })
  afterEach(async () => {
    served.stop()
    await served.ended
  })
  const events = async () =>
    (JSON.parse((await call(['events', '--json'])).out) as { events: unknown[] }).events

  test('sends new events each time', async () => {
    const { out } = await call([
      'trigger',
      'payments',
      'charge.dispute.created',
      '--times',
      '3',
      '--url',
      url,
      '--json',
    ])
    const { deliveries }: { deliveries: { status: number; events: string[] }[] } = JSON.parse(out)
    expect(deliveries.map(({ status }) => status)).toEqual([202, 202, 202])
    expect(new Set(deliveries.flatMap((delivery) => delivery.events)).size).toBe(3)
    expect(await events()).toHaveLength(3)
  })

  test('changes what it is told to change', async () => {
    const argv = [
      'trigger',
      'payments',
      'charge.dispute.created',
      '--set',
      'data.object.amount=7',
      '--set',
      'data.object.note=hi',
    ]
    const { out } = await call([...argv, '--url', url])
    const { out: data } = await call(['event', /evt_[0-9a-f]{32}/.exec(out)?.[0] ?? '', '--data'])
    expect(JSON.parse(data)).toMatchObject({ data: { object: { amount: 7, note: 'hi' } } })
  })

  test('is refused when it is signed wrongly or too late, and fails', async () => {
    for (const option of [['--bad-signature'], ['--late', '10m']]) {
      const { out, code } = await call(['trigger', 'payments', 'charge.refunded', ...option, '--url', url])
      expect({ code, status: out.slice(0, 3) }).toEqual({ code: 1, status: '401' })
    }
    expect(await events()).toEqual([])
  })

  test('says so where the sender signs no time', async () => {
    expect((await call(['trigger', 'ci', 'push', '--late', '1h', '--url', url])).err).toContain(
      'signs no time',
    )
  })

  test('sends a file as it is', async () => {
    await writeFile(
      join(directory, 'body.json'),
      '{"id":"evt_own1","type":"own.type","created":1,"data":{"object":{}}}\n',
    )
    const { code } = await call(['trigger', 'payments', 'own.type', '--file', 'body.json', '--url', url])
    expect(code).toBe(0)
    expect(await events()).toMatchObject([{ type: 'own.type', source_event_id: 'evt_own1' }])
  })

  test.each([
    [['trigger', 'paymnts', 'x'], 'Did you mean "payments"?'],
    [
      ['trigger', 'payments', 'charge.dispute.create', '--url', 'http://127.0.0.1:1'],
      'Did you mean "charge.dispute.created"?',
    ],
    [['trigger', 'morning', 'x'], 'it comes by the clock'],
    [['trigger', 'ci', 'push'], 'say where with --url'],
    [['trigger', 'ci', 'push', '--set', 'x'], 'is not path=value'],
    [['trigger', 'ci', 'push', '--late', 'soon'], 'Expected a duration'],
  ])('%j is a usage error that says what to write', async (argv, message) => {
    const { code, err } = await call(argv)
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(message) })
  })

  test('says that nobody listens', async () => {
    const { code, err } = await call(['trigger', 'ci', 'push', '--url', 'http://127.0.0.1:1'])
    expect(code).toBe(1)
    expect(err).toContain('Is the daemon running?')
  })
})
