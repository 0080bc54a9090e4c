import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { widthOf } from '../../src/cli/text.js'
import { newId } from '../../src/util/id.js'
import { sha256 } from '../../src/util/signature.js'
import { type FilledLedger, fillLedger, rouse } from './filled-ledger.js'
import { now } from './recorded.js'

let ledger: FilledLedger
beforeAll(async () => {
  ledger = await fillLedger()
})
afterAll(() => ledger.close())

test('events are listed within 100 columns, with what was refused today', async () => {
  const { out, code } = await rouse(ledger, ['events'])
  expect(code).toBe(0)
  const [titles = '', row = '', refused = ''] = out.split('\n')
  expect(titles).toMatch(/^ID +RECORDED +SOURCE +TYPE +SUBJECT +STATE$/)
  expect(row).toContain(`${ledger.eventId.slice(0, 20)}  06:59:00  1m ago  payments  charge.dispute.created`)
  expect([titles, row].map(widthOf).every((width) => width <= 100)).toBe(true)
  expect(refused).toBe(
    'refused today: 3 deliveries for payments, verification.signature_mismatch, for example: no secret\\u001b[31m fits',
  )
})

test('a wide screen also says whom an event woke', async () => {
  expect((await rouse(ledger, ['events'], { width: 140 })).out).toMatch(/STATE +WOKE\n.*dispatched +disputes/)
})

describe('filters', () => {
  test.each([
    [
      [
        'events',
        '--source',
        'payments',
        '--type',
        'charge.dispute.created',
        '--state',
        'dispatched',
        '--since',
        '2h',
      ],
      1,
    ],
    [['events', '--since', '30s'], 0],
    [['events', '--since', '2026-11-21T06:58:00Z'], 1],
    [['events', '--source', 'other'], 0],
    [['runs', '--agent', 'disputes', '--state', 'parked'], 1],
    [['runs', '--state', 'dead'], 0],
  ])('%j', async (argv, count) => {
    const { out } = await rouse(ledger, [...argv, '--json'])
    const document: Record<string, unknown[]> = JSON.parse(out)
    expect(document[argv[0] ?? '']).toHaveLength(count)
  })

  test.each([
    [['events', '--since', 'yesterday'], '--since "yesterday" is no time'],
    [['events', '--state', 'done'], '--state "done" is not known; expected recorded, dispatched, ignored'],
    [['events', '--limit', '0'], 'Expected a whole number from 1 to 10000.'],
    [['run', 'evt_0193b6f1e4c27d0a9c3f1b2c3d4e5f60'], 'expected run_…'],
    [['run', 'run_0193'], 'is cut short'],
    [['explain', '../../etc'], 'is not an id'],
    [['eventz'], '(Did you mean one of event, events?)'],
    [['event'], "missing required argument 'id'"],
    [['events', 'more'], 'too many arguments'],
    [['check', '--jsn'], '(Did you mean --json?)'],
  ])('%j is a usage error that says what was expected', async (argv, message) => {
    const { code, err } = await rouse(ledger, argv)
    expect(code).toBe(2)
    expect(err).toContain(message)
  })
})

test('an id that is nowhere is told so, and fails', async () => {
  const id = 'run_0193b6f1e4c27d0a9c3f1b2c3d4e5f60'
  expect(await rouse(ledger, ['run', id])).toMatchObject({
    code: 1,
    err: `rouse: there is no run ${id} in this ledger`,
  })
  expect((await rouse(ledger, ['run', 'run_0193b6f1e4'])).err).toContain(
    'nothing recent has an id that begins with',
  )
})

test('the beginning of an id is enough, as the tables show it', async () => {
  const { out } = await rouse(ledger, ['explain', ledger.eventId.slice(0, 20)])
  expect(out).toContain(`${ledger.eventId}, by a webhook`)
})

test('explain tells the same story of an event, its delivery and its run', async () => {
  const verbs = async (id: string) => {
    const { out } = await rouse(ledger, ['explain', id, '--json'])
    const { events }: { events: { story: { verb: string }[] }[] } = JSON.parse(out)
    return events[0]?.story.map(({ verb }) => verb)
  }
  const expected = [
    'received',
    'verified',
    'recorded',
    'duplicate',
    'matched',
    'not matched',
    'enqueued',
    'running',
    'model',
    'proposed',
    'waiting',
    'parked',
  ]
  const told = await verbs(ledger.eventId)
  expect(told?.toSorted()).toEqual(expected.toSorted())
  expect(await verbs(ledger.deliveryId)).toEqual(told)
  expect(await verbs(ledger.runId)).toEqual(told)
})

test('explain shows what is waited for, and no character that steers a terminal', async () => {
  const { out } = await rouse(ledger, ['explain', ledger.runId])
  expect(out).toContain('POST https://api.stripe.com/v1/refunds')
  expect(out).toContain('du_1\\u001b[2J')
  expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
})

test('event shows the data, escaped; --data prints it as the sender wrote it, escaped as JSON', async () => {
  expect((await rouse(ledger, ['event', ledger.eventId])).out).toContain('"title": "\\u202eevil"')
  const { out } = await rouse(ledger, ['event', ledger.eventId, '--data'])
  expect(out).not.toMatch(/\p{Cf}/u)
  expect(JSON.parse(out)).toEqual({ id: 'evt_1', title: '\u202eevil' })
})

test('run shows use, state and what happened', async () => {
  const { out } = await rouse(ledger, ['run', ledger.runId])
  expect(out).toContain('state   parked, waits for a person’s word on a call')
  expect(out).toContain('1 turn, 1 tool call, 1,200 tokens in, 80 out, 0.0123 USD, 1.5s')
})

test('run and explain list the events of a run that sees several', async () => {
  const own = await fillLedger()
  const eventIds: string[] = []
  for (const number of [1, 2, 3]) {
    const body = Buffer.from(`{"number":${number}}`)
    const { events } = await own.store.record({
      deliveryId: newId('dlv'),
      source: 'payments',
      receivedAt: now,
      url: '/hooks/payments',
      headers: [],
      body,
      bodyDigest: sha256(body),
      secretIndex: 0,
      events: [{ type: 'charge.updated', subject: 'ch_9', time: now + number, ids: {} }],
    })
    eventIds.push(events[0]?.id ?? '')
  }
  const mailbox = { whenBusy: 'coalesce', quietMs: 60_000, maxWaitMs: 60_000 } as const
  const dispatches = eventIds.map((eventId) => ({
    eventId,
    decisions: [{ agent: 'disputes', reason: 'matched' as const }],
  }))
  const [id = ''] = await own.store.dispatch(dispatches, now, new Map([['disputes', mailbox]]))
  const { out } = await rouse(own, ['run', id])
  expect(out).toContain('3 events; this is the newest')
  expect(out).toContain('waits for its subject to be quiet')
  for (const eventId of eventIds) {
    expect(out).toContain(`${eventId}  charge.updated`)
    expect((await rouse(own, ['explain', eventId])).out).toContain(`${id} for disputes, for 3 events`)
  }
  const document = JSON.parse((await rouse(own, ['run', id, '--json'])).out)
  expect(document).toMatchObject({
    event_id: eventIds[2],
    event_count: 3,
    event_ids: eventIds,
    parked_on: 'quiet',
    superseded_by: null,
    refreshed: null,
  })
  await own.close()
})

test('the ledger is read where the rest of config.yaml does not load, and not where it is unknown', async () => {
  expect((await rouse(ledger, ['check'])).code).toBe(78)
  expect((await rouse(ledger, ['runs'])).code).toBe(0)
  const elsewhere = await rouse(ledger, ['runs', '-c', 'no-such.yaml', '--json'])
  expect(elsewhere.code).toBe(78)
  expect(JSON.parse(elsewhere.out)).toMatchObject({
    error: { code: 'config.invalid', problems: [{ file: 'no-such.yaml', line: 1 }] },
  })
  expect((await rouse(ledger, ['runs'], { environment: { ROUSE_CONFIG: 'no-such.yaml' } })).code).toBe(78)
})

test('doctor finds what is wrong, says what to do, and fails', async () => {
  const { out, code } = await rouse(ledger, ['doctor', '--json'])
  expect(code).toBe(1)
  const { findings }: { findings: { area: string; state: string; text: string; advice: string | null }[] } =
    JSON.parse(out)
  expect(findings.find(({ area }) => area === 'config')?.text).toContain('A_SECRET_THAT_IS_NOT_SET')
  expect(findings.find(({ area }) => area === 'work')).toEqual({
    area: 'work',
    state: 'warn',
    text: '1 approval waits for a person',
    advice: '`rouse approvals`',
  })
  expect(findings.filter(({ area, state }) => area === 'ledger' && state !== 'ok')).toEqual([])
})
