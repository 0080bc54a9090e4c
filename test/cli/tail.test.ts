import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCli } from '../../src/cli/program.js'
import { Tail } from '../../src/cli/tail.js'
import { createWhen } from '../../src/cli/when.js'
import { newId } from '../../src/util/id.js'
import { sha256 } from '../../src/util/signature.js'
import { until } from '../support/wait.js'
import { type FilledLedger, fillLedger } from './filled-ledger.js'
import { now, recordedIo } from './recorded.js'

let ledger: FilledLedger

beforeEach(async () => {
  ledger = await fillLedger()
})

afterEach(() => ledger.close())

async function recordOnly(type: string): Promise<string> {
  const body = Buffer.from(JSON.stringify(newId('evt')))
  const { events } = await ledger.store.record({
    deliveryId: newId('dlv'),
    source: 'payments',
    receivedAt: now + 1,
    url: '/hooks/payments',
    headers: [],
    body,
    bodyDigest: sha256(body),
    secretIndex: 0,
    events: [{ sourceEventId: newId('evt'), type, subject: type, time: now + 1, ids: {} }],
  })
  return events[0]?.id ?? ''
}

async function record(type: string, agent = 'triage'): Promise<string> {
  const eventId = await recordOnly(type)
  await ledger.store.dispatch([{ eventId, decisions: [{ agent, reason: 'matched' }] }], now + 2)
  return eventId
}

test('a burst is told whole, each line once, and nothing of before', async () => {
  const tail = new Tail(ledger.store, () => createWhen(now, 'UTC'))
  await tail.beginAt(now)
  const ids: string[] = []
  for (let n = 0; n < 300; n++) ids.push(await record('a'))
  const lines = await tail.news()
  const recorded = lines.filter(({ verb }) => verb === 'recorded')
  expect(recorded).toHaveLength(300)
  for (const id of ids) expect(recorded.some(({ text }) => text.includes(id))).toBe(true)
  expect(lines.filter(({ verb }) => verb === 'enqueued')).toHaveLength(300)
  expect(lines.map(({ text }) => text).join()).not.toContain(ledger.runId)
  expect(await tail.news()).toEqual([])
})

test('what an event waits for is told after what has happened to it', async () => {
  const tail = new Tail(ledger.store, () => createWhen(now, 'UTC'))
  await tail.beginAt(now)
  await recordOnly('a')
  expect((await tail.news()).map(({ verb }) => verb)).toEqual(['received', 'verified', 'recorded', 'waiting'])
})

test('of a run whose event is old only what is new is told', async () => {
  const tail = new Tail(ledger.store, () => createWhen(now, 'UTC'))
  for (let n = 0; n < 60; n++) await record('a')
  await tail.beginAt(now + 10)
  await ledger.store.cancelRun(ledger.runId, 'by hand', now + 20)
  expect((await tail.news()).map(({ verb }) => verb)).toEqual(['cancelled', 'expired'])
})

/** `rouse tail` until it has said `what`. */
async function tailUntil(what: RegExp, argv: string[], does: () => Promise<unknown>): Promise<string> {
  let stop: (signal: string) => void = () => undefined
  const io = recordedIo({
    directory: ledger.directory,
    clock: { now: () => now, monotonic: () => 0 },
    onStop: (onStop) => {
      stop = onStop
      return () => undefined
    },
  })
  const ended = runCli(['tail', ...argv], io)
  await until('the beginning', async () => {
    await does()
    return what.test(io.output.join('\n'))
  })
  stop('SIGINT')
  expect(await ended).toBe(0)
  return io.output.join('\n')
}

test('rouse tail tells stories from now on, of what is asked for', async () => {
  const out = await tailUntil(/charge\.refunded/, ['--type', 'charge.*', '--agent', 'triage'], async () => {
    await record('charge.failed', 'other')
    await record('invoice.paid')
    await record('charge.refunded')
  })
  expect(out).not.toContain('invoice.paid')
  expect(out).not.toContain('charge.failed')
  expect(out).not.toContain(ledger.eventId)
})

test('rouse tail --json is one document a line: events, and runs as they are then', async () => {
  const out = await tailUntil(/"run"/, ['--json'], () => record('charge.refunded'))
  const documents = out.split('\n').map((line) => JSON.parse(line))
  const event = documents.find((one) => one.event)
  expect(event).toMatchObject({ event: { type: 'charge.refunded', source: 'payments' } })
  expect(documents.find((one) => one.run)).toMatchObject({ run: { agent: 'triage', state: 'queued' } })
})

test('rouse tail refuses a state that there is not', async () => {
  const io = recordedIo({ directory: ledger.directory })
  expect(await runCli(['tail', '--state', 'done'], io)).toBe(2)
  expect(io.faults.join()).toContain('--state "done" is not known')
})
