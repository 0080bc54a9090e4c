import { setMaxListeners } from 'node:events'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { AppError } from '../../src/domain/errors.js'
import type { Credential, Tool } from '../../src/domain/tool.js'
import { createHttpToolClient, type HttpToolClientOptions } from '../../src/tools/http.js'
import { toolClients } from '../../src/tools/registry.js'
import type { SendOptions, ToolAnswer } from '../../src/tools/tool.js'
import { createNetwork } from '../../src/util/fetch.js'
import { compilePath } from '../../src/util/path.js'
import { aTool, bearer, bindings } from './tools.js'
import { json, startUpstream, type Upstream } from './upstream.js'

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

async function upstream(answer?: Upstream['answer']): Promise<Upstream> {
  const started = await startUpstream(answer)
  open.push(started)
  return started
}

function client(options: HttpToolClientOptions = {}) {
  const created = createHttpToolClient(options)
  open.push(created)
  return created
}

function local(origin: string, changes: Partial<Tool> = {}): Tool {
  return aTool({ origin, isPrivate: true, ...changes })
}

function options(changes: Partial<SendOptions> = {}): SendOptions {
  return {
    credential: undefined,
    idempotencyKey: undefined,
    signal: new AbortController().signal,
    ...changes,
  }
}

function call(tool: Tool, given: Partial<SendOptions> = {}, tools = client()): Promise<ToolAnswer> {
  return tools.send(tool, tools.freeze(tool, bindings()), options(given))
}

describe('an answer', () => {
  it('has status, whole body, what the model may see, and how long to wait', async () => {
    const api = await upstream((_seen, response) =>
      json(response, 200, { a: 1, b: { c: 2 } }, { 'retry-after': '7' }),
    )
    const tool = local(api.origin, { result: { pick: [compilePath('b.c')], maxBytes: 1000 } })
    expect(await call(tool)).toEqual({
      kind: 'answered',
      status: 200,
      body: { a: 1, b: { c: 2 } },
      result: { b: { c: 2 } },
      retryAfterMs: 7000,
      hasMore: false,
    })
    expect(api.seen).toMatchObject([{ headers: { accept: 'application/json', 'user-agent': 'rouse' } }])
  })

  it('reads an HTTP date in Retry-After by the clock that it was given', async () => {
    const now = Date.UTC(2026, 10, 21)
    const api = await upstream((_seen, response) =>
      json(response, 429, {}, { 'retry-after': new Date(now + 30_000).toUTCString() }),
    )
    const tools = client({ clock: { now: () => now, monotonic: () => 0 } })
    expect(await call(local(api.origin), {}, tools)).toMatchObject({ status: 429, retryAfterMs: 30_000 })
  })

  it('that is no JSON has no body, and its text for the model', async () => {
    const api = await upstream((_seen, response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end('fine'),
    )
    expect(await call(local(api.origin))).toMatchObject({ kind: 'answered', body: undefined, result: 'fine' })
  })

  it.each([301, 302, 307, 308])(
    'with a redirect (%i) is not followed, and the credential goes nowhere else',
    async (status) => {
      const other = await upstream()
      const api = await upstream((_seen, response) =>
        json(response, status, { secret: 1 }, { location: `${other.origin}/x` }),
      )
      const tool = local(api.origin, { method: 'POST', credential: 'key' })
      const answer = await call(tool, { credential: bearer(api.origin) })
      expect(answer).toMatchObject({ kind: 'answered', status })
      expect(JSON.stringify(answer.kind === 'answered' && answer.result)).toContain('redirect')
      expect([api.seen.length, other.seen.length]).toEqual([1, 0])
    },
  )
})

describe('no answer', () => {
  it('is not_sent when nobody listens', async () => {
    const api = await upstream()
    await api.close()
    expect(await call(local(api.origin))).toMatchObject({
      kind: 'not_sent',
      error: { code: 'tool.unreachable', retry: 'later' },
    })
  })

  it('is not_sent when the address is private and the tool does not list it', async () => {
    const api = await upstream()
    const answer = await call(local(api.origin, { isPrivate: false }))
    expect(answer).toMatchObject({ kind: 'not_sent', error: { code: 'tool.egress', retry: 'never' } })
    expect(api.seen).toEqual([])
  })

  it('is not_sent when the name moves inside', async () => {
    const api = await upstream()
    const network = createNetwork({
      lookup: (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
    })
    const tool = aTool({ origin: `http://api.example.com:${api.port}` })
    expect(await call(tool, {}, client({ network }))).toMatchObject({
      kind: 'not_sent',
      error: { code: 'tool.egress' },
    })
    expect(api.seen).toEqual([])
  })

  it.each([
    [
      'the connection breaks in the middle',
      'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"a"',
      'tool.reset',
    ],
    ['it is too large', 'HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n', 'tool.too_large'],
    [
      'it cannot be read',
      'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc',
      'tool.malformed',
    ],
    ['it is nothing', '', 'tool.reset'],
  ])('is no_answer when %s', async (_name, text, code) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end(text))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    open.push({ close: () => new Promise((resolve) => server.close(resolve)) })
    const tool = local(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { method: 'POST' })
    expect(await call(tool)).toMatchObject({ kind: 'no_answer', error: { code } })
  })

  it('is no_answer when it does not come in time', async () => {
    const api = await upstream(() => undefined)
    const answer = await call(local(api.origin, { timeoutMs: 50 }))
    expect(answer).toMatchObject({ kind: 'no_answer', error: { code: 'tool.timeout', retry: 'later' } })
  })

  it('is no_answer when the run is stopped after the request went out, and not_sent before', async () => {
    const stop = new AbortController()
    const api = await upstream(() => stop.abort(new Error('stopping')))
    const tool = local(api.origin, { method: 'POST' })
    expect(await call(tool, { signal: stop.signal })).toMatchObject({ kind: 'no_answer' })
    expect(await call(tool, { signal: stop.signal })).toMatchObject({ kind: 'not_sent' })
    expect(api.seen).toHaveLength(1)
  })

  it('never names the credential in its error', async () => {
    const api = await upstream()
    await api.close()
    const answer = await call(local(api.origin, { credential: 'key' }), { credential: bearer(api.origin) })
    expect(
      answer.kind === 'not_sent' && `${answer.error.message}${JSON.stringify(answer.error.details)}`,
    ).not.toContain('CANARY')
  })
})

describe('a credential', () => {
  const auths: [Credential['auth'], Record<string, string>][] = [
    [{ kind: 'bearer', token: 't0k' }, { authorization: 'Bearer t0k' }],
    [
      { kind: 'basic', user: 'ü@acme/token', password: 'p:w' },
      { authorization: `Basic ${Buffer.from('ü@acme/token:p:w').toString('base64')}` },
    ],
    [{ kind: 'header', header: 'X-Api-Key', value: 'k' }, { 'x-api-key': 'k' }],
  ]
  it.each(auths)('is added when the request is sent: %j', async (auth, headers) => {
    const api = await upstream()
    const tool = local(api.origin, { credential: 'key' })
    await call(tool, { credential: bearer(api.origin, { auth }) })
    expect(api.seen).toMatchObject([{ headers }])
  })

  it('is in no frozen request', () => {
    const tool = aTool({ credential: 'key' })
    expect(JSON.stringify(client().freeze(tool, bindings()))).not.toMatch(/CANARY|authorization/i)
  })

  it('wins over a header of the tool with the same name', async () => {
    const api = await upstream()
    const tool = local(api.origin, {
      credential: 'key',
      headers: [['Authorization', { kind: 'literal', value: 'Bearer other' }]],
    })
    await call(tool, { credential: bearer(api.origin) })
    const names = api.seen[0]?.rawHeaders
      .filter((_text, at) => at % 2 === 0)
      .map((name) => name.toLowerCase())
    expect(api.seen[0]?.headers.authorization).toBe('Bearer sk_test_CANARY')
    expect(names?.filter((name) => name === 'authorization')).toHaveLength(1)
  })

  it.each([
    ['does not list the origin', { credential: bearer('https://api.example.com') }],
    ['lists the host with another port', { credential: bearer('http://127.0.0.1') }],
    ['is another one', { credential: bearer('', { name: 'other' }) }],
    ['is absent', { credential: undefined }],
  ])('that %s is a fault of ours, and nothing is sent', async (_name, given) => {
    const api = await upstream()
    await expect(call(local(api.origin, { credential: 'key' }), given)).rejects.toBeInstanceOf(AppError)
    expect(api.seen).toEqual([])
  })

  it('is not sent with a request that was frozen for another origin or method', async () => {
    const api = await upstream()
    const tools = client()
    const tool = local(api.origin, { method: 'POST' })
    const request = tools.freeze(tool, bindings())
    await expect(
      tools.send({ ...tool, origin: 'https://api.example.com' }, request, options()),
    ).rejects.toThrow('origin')
    await expect(tools.send({ ...tool, method: 'DELETE' }, request, options())).rejects.toThrow('method')
    expect(api.seen).toEqual([])
  })
})

describe('the idempotency key', () => {
  const idempotency = { header: 'Idempotency-Key', ttlMs: 1000 }

  it('is sent in the header that the tool names, the same bytes each time', async () => {
    const api = await upstream()
    const tools = client()
    const tool = local(api.origin, { method: 'POST', idempotency })
    const request = tools.freeze(tool, bindings())
    for (let count = 0; count < 2; count++)
      await tools.send(tool, request, options({ idempotencyKey: 'rouse_1' }))
    expect(api.seen[0]?.headers['idempotency-key']).toBe('rouse_1')
    expect(api.seen[1]).toEqual(api.seen[0])
  })

  it('is left out where the tool has no header for it', async () => {
    const api = await upstream()
    await call(local(api.origin, { method: 'POST' }), { idempotencyKey: 'rouse_1' })
    expect(JSON.stringify(api.seen[0]?.rawHeaders)).not.toContain('rouse_1')
  })
})

describe('what is to be done before a request is sent', () => {
  it('is done when its turn has come and before its first byte, and not while it waits', async () => {
    const api = await upstream()
    const tools = client()
    const credential = bearer(api.origin, { rate: { count: 1, perMs: 3_600_000 } })
    const tool = local(api.origin, { credential: 'key' })
    const stop = new AbortController()
    const done: string[] = []
    const given = (name: string) => ({
      credential,
      signal: stop.signal,
      beforeSend: async () => {
        await new Promise((resolve) => setImmediate(resolve))
        done.push(`${name}, ${api.seen.length} sent`)
      },
    })
    expect(await call(tool, given('first'), tools)).toMatchObject({ kind: 'answered' })
    const waiting = call(tool, given('second'), tools)
    await call(local(api.origin), {}, tools)
    stop.abort()
    expect(await waiting).toMatchObject({ kind: 'not_sent' })
    expect(done).toEqual(['first, 0 sent'])
    expect(api.seen).toHaveLength(2)
  })

  it('fails the request as it failed, with nothing sent', async () => {
    const api = await upstream()
    const fault = new Error('the lease is lost')
    const beforeSend = () => Promise.reject(fault)
    await expect(call(local(api.origin), { beforeSend })).rejects.toBe(fault)
    expect(api.seen).toEqual([])
  })

  it('may take so long that the request is given up meanwhile: nothing is sent', async () => {
    const api = await upstream()
    const stop = new AbortController()
    const beforeSend = async () => stop.abort()
    const answer = await call(local(api.origin), { beforeSend, signal: stop.signal })
    expect(answer).toMatchObject({ kind: 'not_sent' })
    expect(api.seen).toEqual([])
  })
})

describe('how many at once', () => {
  it('no more requests to one origin are under way than allowed, and all get their turn', async () => {
    let underWay = 0
    let most = 0
    const api = await upstream((_seen, response) => {
      most = Math.max(most, ++underWay)
      setImmediate(() => {
        underWay--
        json(response, 200, {})
      })
    })
    const tools = client({ concurrency: 3 })
    const answers = await Promise.all(Array.from({ length: 12 }, () => call(local(api.origin), {}, tools)))
    expect(answers.every(({ kind }) => kind === 'answered')).toBe(true)
    expect([api.seen.length, most <= 3]).toEqual([12, true])
  })

  it('a credential with a rate sends so many and no more, whatever the tool; the rest can be given up unsent', async () => {
    const api = await upstream()
    const tools = client()
    const credential = bearer(api.origin, { rate: { count: 5, perMs: 3_600_000 } })
    const stop = new AbortController()
    setMaxListeners(0, stop.signal)
    const given = { credential, signal: stop.signal }
    const calls = Array.from({ length: 8 }, (_none, at) =>
      call(local(api.origin, { name: `tool_${at % 2}`, credential: 'key' }), given, tools),
    )
    await Promise.all(calls.slice(0, 5))
    // Another credential at the same origin is not held up by it.
    expect(await call(local(api.origin), {}, tools)).toMatchObject({ kind: 'answered' })
    stop.abort()
    const kinds = (await Promise.all(calls)).map(({ kind }) => kind)
    expect(kinds).toEqual([...Array(5).fill('answered'), ...Array(3).fill('not_sent')])
    expect(api.seen).toHaveLength(6)
  })
})

describe('the registry', () => {
  it('lists the kinds of tools', () => {
    expect(Object.keys(toolClients)).toEqual(['http'])
  })
})
