import { createHash, createHmac } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/program.js'
import type { Store } from '../../src/store/store.js'
import { systemClock } from '../../src/util/clock.js'
import { recordedIo } from '../cli/recorded.js'
import { DaemonProcess, openLedger } from '../support/daemon-process.js'
import { type ModelEndpoint, startModelEndpoint } from '../support/model-endpoint.js'
import { type Answer, RecordingApi } from '../support/recording-api.js'
import { issueOpened, runIn, sendGithub, writeSetting } from '../support/rouse.js'
import { vendorAnswers } from '../support/vendor-answers.js'
import { until } from '../support/wait.js'
import { holdsCanary } from './canary-oracle.js'

/**
 * Our own secrets stand everywhere: in what senders send, in what APIs answer, in what the model asks for, in errors.
 * None of it, and no part of it, goes to the model, to an API (but as the credential that it is), into the log or onto
 * the screen. What is looked for is decided by an oracle of its own, never by the redactor.
 */

/** Random, the same each time, with what is escaped in URLs. */
const canary = (place: string) => createHash('sha256').update(`canary ${place}`).digest('base64').slice(4, 32)
const canaries = {
  hook: canary('hook'),
  oldHook: canary('oldHook'),
  bearer: canary('bearer'),
  basic: canary('basic'),
  header: canary('header'),
  model: canary('model'),
  /** Stands in the configuration itself, and in a URL. */
  registration: canary('registration'),
  /** Nobody knows it when the daemon starts: the sender hands it over. */
  handed: canary('handed').replaceAll('+', '-').replaceAll('/', '_'),
}
const all = Object.values(canaries)

const encodings: Readonly<Record<string, (secret: string) => string>> = {
  raw: (secret) => secret,
  base64: (secret) => Buffer.from(`agent@acme.com/token:${secret}`).toString('base64'),
  hex: (secret) => Buffer.from(secret).toString('hex'),
  'URL-encoded': (secret) => encodeURIComponent(secret),
  'in part': (secret) => `…${secret.slice(7, 17)}…`,
  'in part, in base64': (secret) => Buffer.from(secret.slice(5, 20)).toString('base64url'),
}
const everyWay = all.flatMap((secret) => Object.values(encodings).map((write) => write(secret)))
const everything = {
  text: everyWay.join(' '),
  list: everyWay,
  ...Object.fromEntries(everyWay.map((text) => [text, 1])),
}

let directory: string
let files: string
let api: RecordingApi
let endpoint: ModelEndpoint
let daemon: DaemonProcess
let ledger: Store
let environment: Record<string, string>
const eventIds: string[] = []
const runIds: string[] = []
let taskEventId = ''

const credentials = [/^authorization$/, /^x-api-key$/]

beforeAll(async () => {
  api = await RecordingApi.start()
  api.respond = ({ url }) => answerOf(new URL(url, api.origin))
  endpoint = await startModelEndpoint((response, { body }) => {
    // Vendors say of a key that is wrong what it is.
    const isRefused = JSON.stringify(body).includes(refusedIssue)
    const isRejected = JSON.stringify(body).includes(rejectedIssue)
    const status = isRefused ? 401 : isRejected ? 400 : 200
    response.writeHead(status, { 'content-type': 'application/json' })
    const error = { message: `Incorrect API key provided: ${everyWay.join(' ')}`, code: everyWay[0] }
    response.end(JSON.stringify(status === 200 ? turnOf(body) : { error }))
  })
  files = await mkdtemp(join(tmpdir(), 'rouse-canary-files-'))
  for (const name of ['oldHook', 'header'] as const) {
    await writeFile(join(files, name), `${canaries[name]}\n`, { mode: 0o600 })
  }
  directory = await writeSetting({
    models: modelsText(),
    config: configText(),
    files: { 'a.md': 'Look.\n' },
  })
  environment = {
    HOOK_SECRET: canaries.hook,
    BEARER_TOKEN: canaries.bearer,
    BASIC_PASSWORD: canaries.basic,
    MODEL_KEY: canaries.model,
  }
  daemon = await DaemonProcess.start(directory, { environment, flags: ['--log-level', 'debug'] })
  if (daemon.hasEnded) throw new Error(daemon.log)
  ledger = await openLedger(directory)
  await play()
  daemon.kill('SIGTERM')
  expect((await daemon.ended).code).toBe(0)
}, 120_000)

afterAll(async () => {
  await daemon.end()
  await ledger?.close()
  await endpoint.close()
  await api.close()
  await rm(directory, { recursive: true, force: true })
  await rm(files, { recursive: true, force: true })
})

function modelsText(): string {
  return `default: { base_url: "${endpoint.url}", api: chat, api_key: "\${MODEL_KEY}", model: test }`
}

function configText(): string {
  const { origin } = api
  const tls = origin.replace('http:', 'https:')
  const read = (path: string, credential = 'bearer') =>
    `{ description: ${path}., get: "${origin}/${path}", credential: ${credential} }`
  return `
credentials:
  bearer: { bearer: "\${BEARER_TOKEN}", origins: ["${origin}", "${tls}"] }
  basic: { basic: { user: agent@acme.com/token, password: "\${BASIC_PASSWORD}" }, origins: ["${origin}"] }
  header: { header: { X-Api-Key: "\${file:${join(files, 'header')}}" }, origins: ["${origin}"] }
sources:
  ci: { kind: github, secret: ["\${HOOK_SECRET}", "\${file:${join(files, 'oldHook')}}"] }
  tasks: { kind: asana, secret_file: ./handed/tasks, registration: "${canaries.registration}" }
  items:
    kind: poll
    every: 1s
    request: { get: "${origin}/poll", credential: bearer, private: true }
    records: data
    event: { id: id, type: item.seen }
tools:
  look: ${read('look')}
  look_basic: ${read('look_basic', 'basic')}
  look_header: ${read('look_header', 'header')}
  refused: ${read('refused')}
  broken: ${read('broken')}
  cut: ${read('cut')}
  moved: ${read('moved')}
  no_tls: { description: No TLS., get: "${tls}/no_tls", credential: bearer }
  search: { description: Search., get: "${origin}/search", credential: bearer, args: { q: { type: text } }, query: { q: "\${{ args.q }}" } }
  comment: { description: Write., post: "${origin}/comment", credential: bearer, args: { body: { type: text } }, json: { body: "\${{ args.body }}" } }
  ask_first: { description: Write., post: "${origin}/asked", credential: bearer, args: { body: { type: text } }, json: { body: "\${{ args.body }}" } }
agents:
  looker:
    on: { source: ci, type: issues.opened }
    instructions: a.md
    tools: [look, look_basic, look_header, refused, broken, cut, moved, no_tls, search, { comment: { gate: auto } }, ask_first]
    limits: { calls: 100, identical_calls: 50, consecutive_errors: 100, denials: 100 }
`
}

function answerOf({ pathname }: URL): Answer {
  if (pathname === '/cut') return 'cut'
  if (pathname === '/refused') return { status: 422, body: everything }
  if (pathname === '/moved') return { status: 302, headers: { location: `/${all[0]}` }, body: everything }
  if (pathname === '/poll') return { status: 401, body: everything }
  if (pathname === '/broken') {
    return { status: 200, headers: { 'content-type': 'text/plain' }, body: `not JSON ${everyWay.join('\n')}` }
  }
  return { status: 200, body: everything }
}

const reads = ['look', 'look_basic', 'look_header', 'refused', 'broken', 'cut', 'moved', 'no_tls']

/** What the model does: it reads all it can, then sends every secret in every way, then asks a person, then says them. */
function turnOf(body: Record<string, unknown>): Record<string, unknown> {
  const { messages } = body as { messages: { role: string }[] }
  const turn = messages.filter(({ role }) => role === 'assistant').length
  const calls = (made: readonly (readonly [name: string, args: unknown])[]) =>
    vendorAnswers.chat.calls(
      made.map(([name, args], at) => ({ id: `call_${turn}_${at}`, name, arguments: JSON.stringify(args) })),
    )
  if (turn === 0) return calls(reads.map((name) => [name, {}]))
  if (turn === 1)
    return calls(everyWay.map((text, at) => (at % 2 ? ['comment', { body: text }] : ['search', { q: text }])))
  if (turn === 2)
    return calls([
      [`tool_${all[0]}`, { [everyWay[0] ?? '']: 1 }],
      ['comment', { body: 'Nothing secret.' }],
    ])
  if (turn === 3) return calls([['ask_first', { body: 'May I?' }]])
  return vendorAnswers.chat.text(`I saw ${everyWay.join(' ')}`)
}

const refusedIssue = 'the model does not take our key'
const rejectedIssue = 'the model does not take the request'

async function play(): Promise<void> {
  const titled = (number: number) => {
    const text = { title: everyWay.join(' '), body: everyWay.join('\n'), labels: [everything] }
    return { ...issueOpened(number, text), sender: { login: everyWay[0], id: number } }
  }
  const send = async (event: unknown, secret: string) => {
    const sent = await sendGithub(daemon.url, 'issues', event, { secret })
    expect(sent.status).toBe(202)
    eventIds.push(...(sent.body.events ?? []))
  }
  await handOver()
  await send(titled(1), canaries.hook)
  await send(titled(2), canaries.oldHook)
  await sendGithub(daemon.url, everyWay[0] ?? '', titled(4), { secret: 'not-the-secret-at-all' })
  await sendGithub(daemon.url, 'issues', titled(4), {
    secret: 'not-the-secret-at-all',
    source: encodeURIComponent(all[0] ?? ''),
  }).catch(() => undefined)
  const waiting = await until('what waits for a person', async () => {
    const found = await ledger.listApprovals({ limit: 10, state: 'waiting' })
    return found.length === 2 && found
  })
  const said = await command(['approve', waiting[0]?.id ?? '', '--yes'])
  expect(said.out + said.err).not.toBe('')
  await runIn(ledger, waiting[0]?.eventId ?? '', ['completed'])
  await send({ ...titled(5), note: rejectedIssue }, canaries.hook)
  await runIn(ledger, eventIds.at(-1) ?? '', ['dead'])
  // Last, because the model is left alone after it.
  await send({ ...titled(3), note: refusedIssue }, canaries.hook)
  for (const id of eventIds) runIds.push((await runIn(ledger, id, ['parked', 'completed', 'dead'])).id)
  await until('the poll that is refused', () => api.requests.some(({ url }) => url.startsWith('/poll')))
}

/** What Asana sends when a webhook is made, and then an event. Whoever does it without the URL's token is refused. */
async function handOver(): Promise<void> {
  const post = (query: string, headers: Record<string, string>, body: string) =>
    fetch(`${daemon.url}/hooks/tasks${query}`, { method: 'POST', headers, body })
  const query = `?registration=${encodeURIComponent(canaries.registration)}`
  const greeting = { 'x-hook-secret': canaries.handed }
  expect((await post(`${query}x`, greeting, '{}')).status).toBe(401)
  expect((await post(query, greeting, '{}')).status).toBe(200)
  const event = { created_at: '2026-01-01T00:00:00.000Z', action: 'changed', resource: { gid: '1337' } }
  const body = JSON.stringify({ events: [{ ...event, note: everyWay }] })
  const signature = createHmac('sha256', canaries.handed).update(body).digest('hex')
  expect((await post(query, { 'x-hook-signature': signature }, body)).status).toBe(200)
  const found = await ledger.listEvents({ limit: 10, source: 'tasks' })
  taskEventId = found[0]?.id ?? ''
}

async function command(argv: readonly string[]): Promise<{ out: string; err: string }> {
  const io = recordedIo({ directory, environment, clock: systemClock, width: 400 })
  await runCli(argv, io)
  return { out: io.output.join('\n'), err: io.faults.join('\n') }
}

describe('no secret of ours, in no form and no part', () => {
  it('stands in what the model is asked, but where it is the model’s own word', () => {
    expect(endpoint.requests.length).toBeGreaterThan(6)
    for (const { headers, body } of endpoint.requests) {
      expect(headers.authorization).toBe(`Bearer ${canaries.model}`)
      const { messages, ...rest } = body as { messages: { role: string }[] }
      const others = messages.filter(({ role }) => role !== 'assistant')
      expect(others.length).toBeGreaterThan(1)
      for (const message of others) expect(holdsCanary(JSON.stringify(message), all)).toBe(undefined)
      expect(holdsCanary(JSON.stringify({ rest, headers: { ...headers, authorization: '' } }), all)).toBe(
        undefined,
      )
    }
  })

  it('reaches an API, but as the credential', () => {
    for (const path of [...reads.slice(0, -1), 'comment', 'asked', 'poll']) {
      expect(
        api.requests.some(({ url }) => url.startsWith(`/${path}`)),
        path,
      ).toBe(true)
    }
    expect(api.requests.filter(({ url }) => url.startsWith('/search'))).toEqual([])
    for (const { method, url, headers, body } of api.requests) {
      const shown = Object.entries(headers).filter(
        ([name]) => !credentials.some((pattern) => pattern.test(name)),
      )
      expect(holdsCanary(JSON.stringify([method, url, shown, body]), all)).toBe(undefined)
    }
  })

  it('stands in the log', () => {
    expect(daemon.log.split('\n').length).toBeGreaterThan(10)
    for (const line of daemon.log.split('\n')) expect(holdsCanary(line, all)).toBe(undefined)
  })

  it.each(
    [
      ...[['events'], ['runs'], ['approvals'], ['doctor'], ['check'], ['approvals', '--all']],
      ...[
        ['event', 'EVENT'],
        ['explain', 'EVENT'],
        ['run', 'RUN'],
        ['explain', 'RUN'],
      ],
      ...[
        ['explain', 'DELIVERY'],
        ['replay', 'EVENT', '--dry-run'],
        ['runs', '--agent', canaries.hook],
      ],
    ].map((given) => [given] as const),
  )('is printed by rouse %j', async (given) => {
    const isOfOne = given.some((word) => ['EVENT', 'RUN', 'DELIVERY'].includes(word))
    for (const at of isOfOne ? eventIds.keys() : [0]) {
      const event = await ledger.event(eventIds[at] ?? '')
      const ids: Record<string, string | undefined> = {
        EVENT: event?.id,
        RUN: runIds[at],
        DELIVERY: event?.deliveryId,
      }
      const argv = given.map((word) => ids[word] ?? word)
      for (const more of [[], ['--json'], ...(at === 0 ? [['--help']] : [])]) {
        const { out, err } = await command([...argv, ...more])
        expect(out + err).not.toBe('')
        expect(holdsCanary(`${out}\n${err}`, all)).toBe(undefined)
      }
    }
  })

  it.each(['event', 'explain'])(
    'is printed by rouse %s of what came with a secret that was handed over',
    async (name) => {
      const { out } = await command([name, taskEventId])
      expect(out).toContain('[redacted]')
      expect(holdsCanary(out, all)).toBe(undefined)
    },
  )

  it('stands in an answer, a reason or a summary in the ledger; the delivery stays as it came', async () => {
    for (const [at, id] of eventIds.entries()) {
      const journal = await ledger.journal(runIds[at] ?? '')
      const { run, calls = [], attempts = [] } = journal ?? {}
      for (const call of calls) {
        expect(
          holdsCanary(JSON.stringify([call.output, call.note, call.request?.url, call.request?.body]), all),
        ).toBe(undefined)
      }
      const done = calls.filter(({ state }) => state === 'confirmed' || state === 'done')
      expect(done.length > 4).toBe(at < 2)
      expect(run?.error?.code).toBe([undefined, undefined, 'model.rejected', 'model.unauthorized'][at])
      expect(holdsCanary(JSON.stringify([run?.error, attempts]), all)).toBe(undefined)
      const event = await ledger.event(id)
      const delivery = await ledger.delivery(event?.deliveryId ?? '')
      expect(holdsCanary(Buffer.from(delivery?.body ?? '').toString(), [canaries.hook])).toContain(
        canaries.hook,
      )
    }
  })
})
