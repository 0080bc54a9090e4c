import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseMark, Tail } from '../../src/admin/tail.js'
import { addToken } from '../../src/admin/tokens.js'
import { newId } from '../../src/util/id.js'
import { sha256 } from '../../src/util/signature.js'
import { now } from '../cli/recorded.js'
import { until } from '../support/wait.js'
import { type AdminSetting, bearer, ownSecret, startSetting } from './setting.js'

let setting: AdminSetting
const open: ClientRequest[] = []

beforeEach(async () => {
  setting = await startSetting()
})

afterEach(async () => {
  for (const one of open.splice(0)) one.destroy()
  await setting.stop()
})

interface Message {
  readonly id: string
  readonly event: string
  readonly data: { readonly id: string; readonly [field: string]: unknown }
}

/** A client that reads all that comes. */
async function listen(path = '/api/tail', headers: Record<string, string> = {}) {
  const asked = request(`${setting.admin.url}${path}`, {
    headers: { ...bearer(setting.readToken), ...headers },
  })
  asked.on('error', () => undefined)
  open.push(asked)
  asked.end()
  const answer = await new Promise<IncomingMessage>((resolve) => asked.on('response', resolve))
  let text = ''
  let isOver = false
  answer.setEncoding('utf8')
  answer.on('data', (chunk: string) => {
    text += chunk
  })
  answer.on('close', () => {
    isOver = true
  })
  answer.on('error', () => undefined)
  const messages = (): Message[] =>
    text
      .split('\n\n')
      .slice(0, -1)
      .flatMap((block) => {
        const [, id = '', event = '', data = ''] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(block) ?? []
        return event === '' ? [] : [{ id, event, data: JSON.parse(data) as Message['data'] }]
      })
  await until('the greeting', () => answer.statusCode !== 200 || text.includes('\n\n'))
  return {
    status: answer.statusCode,
    type: answer.headers['content-type'],
    text: () => text,
    messages,
    isOver: () => isOver,
    close: () => asked.destroy(),
  }
}

/** An event of its own. */
async function record(type: string, subject = 'du_2'): Promise<string> {
  const body = Buffer.from(newId('evt'))
  const { events } = await setting.ledger.store.record({
    deliveryId: newId('dlv'),
    source: 'payments',
    receivedAt: now,
    url: '/hooks/payments',
    headers: [],
    body,
    bodyDigest: sha256(body),
    secretIndex: 0,
    events: [{ sourceEventId: newId('evt'), type, subject, time: now, ids: {} }],
  })
  return events[0]?.id ?? ''
}

const eventsIn = (messages: readonly Message[]) =>
  messages.filter(({ event }) => event === 'event').map(({ data }) => data.id)

describe('the tail', () => {
  it('tells what happens from now on, and nothing of before', async () => {
    const client = await listen()
    expect([client.status, client.type]).toEqual([200, 'text/event-stream; charset=utf-8'])
    const id = await record('charge.refunded')
    await until('the event', () => eventsIn(client.messages()).includes(id))
    await setting.ledger.store.decide(
      setting.ledger.approvalId,
      { state: 'denied', by: 'x', reason: undefined, digest: '' },
      now,
    )
    await until('the approval', () => client.messages().some(({ event }) => event === 'approval'))
    const kinds = client.messages().map(({ event, data }) => [event, data.id])
    expect(kinds).toContainEqual(['event', id])
    expect(kinds).toContainEqual(['approval', setting.ledger.approvalId])
    expect(kinds).not.toContainEqual(['event', setting.ledger.eventId])
  })

  it('tells when an alert is raised and when it is over, and pages that show it ask again', async () => {
    const [client, page] = [await listen(), await listen('/api/tail?hints=true')]
    const { store } = setting.ledger
    await store.raiseAlert({ cause: 'model default', code: 'model.unavailable', message: '503' }, now)
    await until('the hint', () => page.text().includes('event: alert\ndata: {}'))
    await store.resolveAlert('model default', now)
    const alerts = () => client.messages().filter(({ event }) => event === 'alert')
    await until('both', () => alerts().length === 2)
    expect(alerts().map(({ data }) => data)).toEqual([
      { cause: 'model default', state: 'raised' },
      { cause: 'model default', state: 'resolved' },
    ])
    for (const path of ['/', '/parked']) {
      const { body } = await setting.send({ path, headers: bearer(setting.readToken) })
      expect(body).toMatch(/hx-trigger="[^"]*alert from:body/)
    }
  })

  it('goes on where a client was, and misses and doubles no event, wherever it broke off', async () => {
    const ids: string[] = []
    const first = await listen()
    for (let n = 0; n < 5; n++) ids.push(await record('a'))
    await until('five', () => eventsIn(first.messages()).length === 5)
    const all = first.messages().filter(({ event }) => event === 'event')
    first.close()
    for (let n = 0; n < 300; n++) ids.push(await record('b'))
    for (const [seen, { id }] of all.entries()) {
      const next = await listen('/api/tail', { 'Last-Event-ID': id })
      await until('the rest', () => eventsIn(next.messages()).length >= 305 - seen - 1)
      expect(eventsIn(next.messages())).toEqual(ids.slice(seen + 1))
      next.close()
    }
  })

  it('goes on after a mark in the query too, from the very beginning where that is wished', async () => {
    const client = await listen('/api/tail?after=0.0')
    await until('the first event', () => eventsIn(client.messages()).includes(setting.ledger.eventId))
    expect(client.messages().some(({ event }) => event === 'approval')).toBe(true)
  })

  it('keeps hostile text on its one line (R052)', async () => {
    const text = 'x\r\n\r\nid: 9.9\nevent: approval\ndata: {}\n\n\u2028</script>\u202e\u0085'
    const client = await listen()
    const id = await record(text, text)
    const [message] = await until('it', () => {
      const found = client.messages().filter(({ data }) => data.id === id)
      return found.length > 0 && found
    })
    expect(message?.data).toMatchObject({ type: text, subject: text })
    expect(client.messages().map(({ event }) => event)).not.toContain('approval')
    expect(client.text()).not.toMatch(/[<\u2028\u202e\u0085]/)
  })

  it('says none of our own secrets', async () => {
    const client = await listen()
    const id = await record('a', `see ${ownSecret}`)
    await until('it', () => eventsIn(client.messages()).includes(id))
    expect(client.text()).not.toContain(ownSecret)
    expect(client.text()).toContain('[redacted]')
  })

  it('gives pages only the hint that something happened', async () => {
    const client = await listen('/api/tail?hints=true')
    for (let n = 0; n < 50; n++) await record('secretive')
    await until('a hint', () => client.messages().length > 0)
    expect(client.text()).not.toContain('secretive')
    expect(client.messages().every(({ data }) => Object.keys(data).length === 0)).toBe(true)
    expect(client.messages().length).toBeLessThan(10)
  })

  it('shows every fifteen seconds that it is there', async () => {
    const client = await listen()
    expect(client.text()).not.toContain(': still here')
    setting.advance(15_000)
    await until('a heartbeat', () => client.text().includes(': still here\n\n'))
  })

  it('ends with the token that it came with', async () => {
    const client = await listen()
    await addToken(setting.file, { role: 'read', rotate: true, now })
    setting.advance(15_000)
    await until('the end', () => client.isOver())
  })

  it('takes 64 and refuses one more, until one leaves', async () => {
    const clients = await Promise.all(Array.from({ length: 64 }, () => listen()))
    expect(clients.map(({ status }) => status)).toEqual(Array(64).fill(200))
    const more = await listen()
    expect(more.status).toBe(503)
    clients[0]?.close()
    await until('room', async () => (await listen()).status === 200)
  })

  it('ends when the listener does, at once', async () => {
    const client = await listen()
    const began = performance.now()
    await setting.admin.close(10_000)
    expect(performance.now() - began).toBeLessThan(3000)
    await until('the end', () => client.isOver())
  })

  it.each([
    ['/api/tail?after=x', {}],
    ['/api/tail?after=1', {}],
    ['/api/tail?since=1h', {}],
    ['/api/tail?hints=1', {}],
    ['/api/tail', { 'Last-Event-ID': '1;2' }],
  ])('answers 400 to %s with %j', async (path, headers) => {
    expect((await listen(path, headers)).status).toBe(400)
  })

  it('is for nobody without a token, and HEAD begins nothing', async () => {
    expect((await setting.send({ path: '/api/tail' })).status).toBe(401)
    const head = await setting.send({
      method: 'HEAD',
      path: '/api/tail',
      headers: bearer(setting.readToken),
    })
    expect([head.status, head.body]).toEqual([200, ''])
  })
})

describe('a client that takes nothing', () => {
  it('is given no more than it takes, and is sent away', async () => {
    let asked = 0
    let isCut = false
    const { store } = setting.ledger
    const tail = new Tail({
      clock: { now: () => 0, monotonic: () => 0 },
      redact: (document) => document,
      stalledMs: 50,
      lookEveryMs: 1,
      store: {
        version: store.version,
        changesSince: (mark, limit) => {
          asked++
          return store.changesSince(mark, limit)
        },
      },
    })
    const stream = tail.listen({
      after: { event: 0, change: 0 },
      isHints: false,
      isStillIn: async () => true,
      cut: () => {
        isCut = true
      },
    })
    const reader = stream?.getReader()
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toContain('id: 0.0')
    await until('the end', () => isCut)
    expect(asked).toBe(0)
    expect(await reader?.read()).toEqual({ done: true, value: undefined })
    expect(tail.listening).toBe(0)
  })
})

it.each(['', '1', '1.', '.1', '1.2.3', '-1.2', '1e3.2', ' 1.2', `${'9'.repeat(16)}.1`])(
  'takes %j for no mark',
  (text) => expect(parseMark(text)).toBeUndefined(),
)
