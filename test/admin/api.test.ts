import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { patternOf } from '../../src/admin/api/endpoint.js'
import { openApiDocument } from '../../src/admin/api/openapi.js'
import { endpoints, streams } from '../../src/admin/api/routes.js'
import type { StoredEvent } from '../../src/store/records.js'
import { callOf, claim, refundRequest, rouse, stepOf } from '../cli/filled-ledger.js'
import { now } from '../cli/recorded.js'
import { arrival } from '../contract/store-fixtures.js'
import { startLists } from './pages/stuck.js'
import { type AdminSetting, bearer, ownSecret, startSetting } from './setting.js'

let setting: AdminSetting

beforeEach(async () => {
  setting = await startSetting()
})

afterEach(() => setting.stop())

async function get(path: string, token = setting.readToken): Promise<{ status: number; json: Answer }> {
  const { status, body } = await setting.send({ path, headers: bearer(token) })
  return { status, json: jsonIn(body) }
}

async function post(path: string, body: unknown, token = setting.approveToken) {
  const headers = { 'Content-Type': 'application/json', ...bearer(token) }
  const sent = await setting.send({ method: 'POST', path, headers, body: JSON.stringify(body) })
  return { status: sent.status, json: jsonIn(sent.body) }
}

/** Raw answers are bytes, one a character. */
function jsonIn(body: string): Answer {
  return JSON.parse(Buffer.from(body, 'latin1').toString('utf8')) as Answer
}

interface Answer {
  readonly [field: string]: unknown
  readonly error?: {
    readonly code: string
    readonly message: string
    readonly fields?: readonly { readonly field: string; readonly message: string }[]
  }
}

/** Denies what waits, and makes the run write something of which nobody knows what became. */
async function hold(): Promise<string> {
  const { store, approvalId } = setting.ledger
  await store.decide(approvalId, { state: 'denied', by: 'x', reason: undefined, digest: '' }, now)
  const lease = await claim(store)
  const call = callOf('refund', '{}')
  await store.appendStep(lease, stepOf(2), [call], now)
  const intent = { request: refundRequest, effect: 'destructive', args: {}, idempotencyKey: 'key-1' } as const
  await store.prepare(lease, call.id, { ...intent, ordinal: 0, reservations: [] }, now)
  await store.markSent(lease, call.id, now)
  await store.settle(lease, call.id, { state: 'unknown' }, now)
  await store.settle(lease, call.id, { state: 'held' }, now)
  await store.finish(lease, { state: 'parked', on: 'person' }, 1, now)
  return call.id
}

/** Of the things in the ledger, what stands in a path's braces. */
function filled(path: string, callId: string): string {
  const { eventId, runId, approvalId } = setting.ledger
  const ids: Record<string, string> = { event: eventId, run: runId, approval: approvalId, call: callId }
  return path.replaceAll(/\{(\w+)\}/g, (_whole, part: string) => ids[part] ?? '')
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: unknown
  readonly responses: Readonly<Record<string, unknown>>
}

interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> }
}

describe('the table of endpoints', () => {
  it('is what the OpenAPI document says, entry by entry, and nothing else is', async () => {
    const document = (await get('/api/openapi.json')).json as unknown as Document
    expect(document.openapi).toBe('3.1.0')
    const written = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const known = [...endpoints, ...streams.map(({ path }) => ({ method: 'GET', path }))]
    expect(written.sort()).toEqual(known.map(({ method, path }) => `${method} ${path}`).sort())
    for (const { method, path, query, body } of endpoints) {
      const operation = document.paths[path]?.[method.toLowerCase()]
      const inQuery = operation?.parameters?.filter((one) => one.in === 'query').map((one) => one.name)
      expect(inQuery, path).toEqual(Object.keys(query.shape))
      expect(operation?.requestBody !== undefined, path).toBe(body !== undefined)
      const inPath = operation?.parameters?.filter((one) => one.in === 'path').map((one) => `{${one.name}}`)
      expect(inPath, path).toEqual(path.match(/\{\w+\}/g) ?? [])
    }
  })

  it('refers to no schema that is not there', () => {
    const text = JSON.stringify(openApiDocument(endpoints, streams, '0'))
    const { components } = JSON.parse(text) as Document
    const named = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name = '']) => name)
    expect(named).toContain('ToolCall')
    for (const name of named) expect(components.schemas).toHaveProperty(name)
    expect(text).not.toContain('$defs')
  })

  it('answers all that reads with what it promises, field by field', async () => {
    const callId = await hold()
    for (const { method, path, answer } of endpoints) {
      if (method === 'POST') continue
      const { status, json } = await get(filled(path, callId))
      expect([path, status]).toEqual([path, 200])
      expect([path, answer.safeParse(json).error?.issues ?? []]).toEqual([path, []])
    }
  })

  it('says what the command line says', async () => {
    const callId = await hold()
    const said = async (...argv: string[]) => {
      const { out, err } = await rouse(setting.ledger, [...argv, '--json'])
      if (out === '') throw new Error(err)
      return JSON.parse(out)
    }
    const { eventId, runId } = setting.ledger
    expect((await get(`/api/events/${eventId}`)).json).toEqual(await said('event', eventId))
    expect((await get(`/api/runs/${runId}`)).json).toEqual(await said('run', runId))
    expect((await get('/api/runs')).json).toMatchObject(await said('runs'))
    expect((await get('/api/events')).json).toMatchObject(await said('events'))
    expect((await get('/api/approvals')).json).toMatchObject(await said('approvals'))
    expect((await get('/api/held')).json).toMatchObject({ held: [{ id: callId, state: 'held' }] })
  })

  it('says how far each agent reaches, as `rouse check` does', async () => {
    const lists = await startLists()
    try {
      const { body } = await lists.send({ path: '/api/agents', headers: bearer(lists.readToken) })
      const { agents } = jsonIn(body) as unknown as { agents: { name: string; reach: Answer }[] }
      const file = join(lists.ledger.directory, 'lists.yaml')
      const { out } = await rouse(lists.ledger, ['check', '--json', '--config', file])
      expect(agents).toEqual((JSON.parse(out) as Answer)['agents'])
      expect(agents.map(({ name, reach }) => [name, reach['runs_per_day']])).toHaveLength(2)
      expect(agents[0]?.reach).toMatchObject({
        tools: [{ name: 'refund', decided_by: 'approve', sums: [{ arg: 'amount', per_day: 20000 }] }],
        origins: [{ origin: 'https://api.stripe.com', credentials: ['stripe'] }],
      })
      const [answer] = endpoints.flatMap((one) => (one.path === '/api/agents' ? [one.answer] : []))
      expect(answer?.safeParse(jsonIn(body)).error?.issues ?? []).toEqual([])
    } finally {
      await lists.stop()
    }
  })

  it('lists deliveries that could not be read, page by page, as the command line does', async () => {
    const { store } = setting.ledger
    const ids: string[] = []
    for (const index of [1, 2, 3]) {
      const one = {
        ...arrival({ source: 'payments', receivedAt: now + index }),
        reason: `no JSON ${ownSecret}`,
      }
      await store.recordMalformed(one)
      ids.unshift(one.deliveryId)
    }
    const first = (await get('/api/unreadable?limit=2')).json as { deliveries: Answer[]; next: string }
    const second = (await get(`/api/unreadable?limit=2&before=${first.next}`)).json as typeof first
    expect([...first.deliveries, ...second.deliveries].map(({ id }) => id)).toEqual(ids)
    expect(second.next).toBe(null)
    expect(first.deliveries[0]).toMatchObject({
      state: 'malformed',
      has_body: true,
      event_ids: [],
      reason: 'no JSON [redacted]',
    })
    const [endpoint] = endpoints.filter(({ path }) => path === '/api/unreadable')
    expect(endpoint?.answer.safeParse(first).error?.issues ?? []).toEqual([])
    const { out } = await rouse(setting.ledger, ['events', '--unreadable', '--json'])
    const said = JSON.parse(out) as { deliveries: Answer[] }
    expect(said.deliveries.map(({ id }) => id)).toEqual(ids)
  })

  it('has nothing for the read role that decides', async () => {
    const callId = await hold()
    for (const { method, path } of endpoints) {
      if (method === 'GET') continue
      const { status } = await post(filled(path, callId), {}, setting.readToken)
      expect([path, status]).toEqual([path, 403])
    }
  })

  it('has paths that nothing stands before or behind', () => {
    for (const { path } of endpoints) {
      const pattern = patternOf({ path })
      const whole = path.replaceAll(/\{(\w)\w+\}/g, 'evt_00000000000000000000000000000000')
      for (const text of [`x${whole}`, `${whole}/`, `/x${whole}`, `${whole}\n`])
        expect(pattern.test(text)).toBe(false)
    }
  })
})

describe('what is not understood', () => {
  it.each([
    ['/api/events?limit=0', ['limit']],
    ['/api/events?limit=x&since=soon', ['since', 'limit']],
    ['/api/events?limit=20&limit=30', ['limit']],
    ['/api/events?before=evt_1', ['before']],
    ['/api/events?state=done', ['state']],
    ['/api/events?sourc=ci', ['sourc']],
    ['/api/runs?parked_on=nothing', ['parked_on']],
    ['/api/unreadable?before=dlv_1&source=ci', ['before', 'source']],
    ['/api/counts?x=1', ['x']],
    ['/api/events?__proto__=1', ['__proto__']],
  ])('is named: %s', async (path, fields) => {
    const { status, json } = await get(path)
    expect([status, json.error?.code]).toEqual([400, 'request.invalid'])
    expect(json.error?.fields?.map(({ field }) => field)).toEqual(fields)
  })

  it('is named in a body too, and nothing is done', async () => {
    const { status, json } = await post('/api/replay', {
      since: '1h',
      events: [setting.ledger.eventId],
      rate: 1,
    })
    expect(status).toBe(400)
    expect(json.error?.fields).toContainEqual({ field: 'rate', message: 'there is no such field' })
    expect((await post('/api/replay', {})).json.error?.fields).toEqual([
      { field: 'events', message: 'expected either events or since' },
    ])
    expect(await setting.ledger.store.listRuns({ limit: 10 })).toHaveLength(1)
  })

  it('is 404 where nothing has the id', async () => {
    const none = '0'.repeat(32)
    for (const path of [`events/evt_${none}`, `runs/run_${none}`, `approvals/apr_${none}`]) {
      const { status, json } = await get(`/api/${path}`)
      expect([path, status, json.error?.code]).toEqual([path, 404, 'store.not_found'])
    }
    expect((await post(`/api/runs/run_${none}/cancel`, {})).status).toBe(404)
    expect((await post(`/api/calls/tcl_${none}/resolve`, { outcome: 'confirmed' })).status).toBe(404)
  })
})

describe('lists', () => {
  it('go on from their cursor, page by page, to the end', async () => {
    await setting.ledger.store.replay(setting.ledger.eventId, 'disputes', now)
    const first = (await get('/api/runs?limit=1')).json as { runs: { id: string }[]; next: string }
    const second = (await get(`/api/runs?limit=1&before=${first.next}`)).json as typeof first
    const ids = [...first.runs, ...second.runs].map(({ id }) => id)
    expect(new Set(ids).size).toBe(2)
    expect(ids).toContain(setting.ledger.runId)
  })

  it('have what was asked for', async () => {
    const { json } = await get('/api/events?source=payments&type=charge.*&since=1h&text=DU_1')
    expect(json['events']).toMatchObject([{ id: setting.ledger.eventId }])
    expect((await get('/api/events?source=other')).json['events']).toEqual([])
  })

  it('say none of our own secrets', async () => {
    const { store, eventId } = setting.ledger
    const event = await store.event(eventId)
    await setting.stop()
    const found = { ...event, type: `a ${ownSecret} b` } as StoredEvent
    const findEvents = async () => ({ events: [found], next: undefined, isPartial: false })
    setting = await startSetting({ store: { ...store, refusals: async () => [], findEvents } })
    expect((await get('/api/events')).json['events']).toMatchObject([{ type: 'a [redacted] b' }])
  })
})

describe('what decides', () => {
  const by = expect.stringMatching(/^approve token [0-9a-f]{8}$/)

  it('cancels a run, in the name of the token', async () => {
    const { runId, store } = setting.ledger
    const { status, json } = await post(`/api/runs/${runId}/cancel`, { reason: 'done by hand' })
    expect([status, json['state']]).toEqual([200, 'cancelled'])
    expect((await store.run(runId))?.error?.message).toMatch(/^cancelled by approve token \w+: done by hand$/)
    expect((await post(`/api/runs/${runId}/cancel`, {})).status).toBe(409)
  })

  it('resolves a held write once', async () => {
    const callId = await hold()
    const path = `/api/calls/${callId}/resolve`
    expect((await post(path, { outcome: 'happened' })).status).toBe(400)
    expect((await post(path, { outcome: 'confirmed' })).json['state']).toBe('confirmed')
    expect((await post(path, { outcome: 'rejected' })).status).toBe(409)
  })

  it('edits what waits, under the digest that was seen', async () => {
    const { approvalId, approvalDigest, store } = setting.ledger
    const path = `/api/approvals/${approvalId}/edit`
    const arguments_ = { amount: 1000 }
    expect((await post(path, { arguments: arguments_ })).status).toBe(400)
    expect((await post(path, { arguments: arguments_, digest: 'e'.repeat(64) })).status).toBe(409)
    expect((await post(path, { arguments: { amount: 1200 }, digest: approvalDigest })).status).toBe(422)
    const { status, json } = await post(path, { arguments: arguments_, digest: approvalDigest })
    expect([status, json['state'], json['decided_by']]).toEqual([200, 'edited', by])
    const { toolCallId = '' } = (await store.approval(approvalId)) ?? {}
    expect((await store.toolCall(toolCallId))?.editedArguments).toBe('{"amount":1000}')
  })

  it('says what a replay would be, then makes it, and no second one beside it', async () => {
    const { eventId, runId, store } = setting.ledger
    const busy = await post('/api/replay', { events: [eventId], dry_run: true })
    expect(busy.json).toMatchObject({ planned: [], left_out: [{ reason: 'unfinished', last_run_id: runId }] })
    await store.cancelRun(runId, 'x', now)
    const plan = await post('/api/replay', { events: [eventId], dry_run: true })
    expect(plan.json).toMatchObject({
      planned: [{ event_id: eventId, agent: 'disputes', why: 'again' }],
      runs: [],
    })
    expect(await store.listRuns({ limit: 9 })).toHaveLength(1)
    const made = await post('/api/replay', { events: [eventId] })
    expect(made.json).toMatchObject({ runs: [{ replay: 1, state: 'queued' }] })
    expect((await post('/api/replay', { events: [eventId] })).json).toMatchObject({ runs: [] })
    expect(await store.listRuns({ limit: 9 })).toHaveLength(2)
  })

  it('refuses to replay for an agent that never was', async () => {
    const { status, json } = await post('/api/replay', { events: [setting.ledger.eventId], agent: 'docter' })
    expect([status, json.error?.code]).toEqual([404, 'store.not_found'])
  })

  it('wakes the runs', async () => {
    await setting.stop()
    let woken = 0
    setting = await startSetting({ onDecided: () => woken++ })
    const { approvalId } = setting.ledger
    await post(`/api/approvals/${approvalId}/deny`, {})
    expect(woken).toBe(1)
  })
})
