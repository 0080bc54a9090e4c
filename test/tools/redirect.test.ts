import { afterEach, describe, expect, it } from 'vitest'
import type { Tool } from '../../src/domain/tool.js'
import type { FrozenRequest } from '../../src/domain/tool-call.js'
import { createHttpToolClient } from '../../src/tools/http.js'
import { redirected } from '../../src/tools/redirect.js'
import type { ToolAnswer } from '../../src/tools/tool.js'
import { createNetwork, type NetworkOptions } from '../../src/util/fetch.js'
import { aTool, bearer, bindings, template } from './tools.js'
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

/** An API that sends every request on, to what `location` says. */
function sendingOn(location: string, status = 302): Promise<Upstream> {
  return upstream((_seen, response) => json(response, status, { secret: 'of the API' }, { location }))
}

async function call(
  api: Upstream,
  changes: Partial<Tool> = {},
  options: NetworkOptions = {},
): Promise<ToolAnswer> {
  const client = createHttpToolClient({ network: createNetwork(options) })
  open.push(client)
  const headers: Tool['headers'] = [['x-tenant', template('acme')]]
  const tool = aTool({ origin: api.origin, isPrivate: true, credential: 'key', headers, ...changes })
  return client.send(tool, client.freeze(tool, bindings()), {
    credential: bearer(api.origin),
    idempotencyKey: undefined,
    signal: new AbortController().signal,
  })
}

const hostOf = ({ port }: Upstream) => `127.0.0.1:${port}`

describe('a redirect of a GET to a listed host', () => {
  it.each([301, 302, 303, 307, 308])(
    'is followed once (%i), without credential, cookie and the tool’s own headers',
    async (status) => {
      const blobs = await upstream((_seen, response) => json(response, 200, { log: 'all well' }))
      const api = await sendingOn(`${blobs.origin}/logs/7?sig=a%2Fb#part`, status)
      const answer = await call(api, { redirectHosts: [hostOf(blobs)] })
      expect(answer).toMatchObject({ kind: 'answered', status: 200, body: { log: 'all well' } })
      expect(api.seen).toMatchObject([
        { headers: { authorization: 'Bearer sk_test_CANARY', 'x-tenant': 'acme' } },
      ])
      expect(blobs.seen).toMatchObject([{ method: 'GET', url: '/logs/7?sig=a%2Fb', body: '' }])
      expect(Object.keys(blobs.seen[0]?.headers ?? {}).sort()).toEqual([
        'accept',
        'accept-encoding',
        'connection',
        'host',
        'user-agent',
      ])
      expect(JSON.stringify(blobs.seen)).not.toMatch(/CANARY|acme/)
    },
  )

  it('is followed where it leads back to the API’s own host, which has to be listed too, without the credential', async () => {
    const api = await upstream((seen, response) =>
      seen.url === '/other' ? json(response, 200, {}) : json(response, 302, {}, { location: '/other' }),
    )
    expect(await call(api)).toMatchObject({ kind: 'answered', status: 302 })
    expect(await call(api, { redirectHosts: [hostOf(api)] })).toMatchObject({ kind: 'answered', status: 200 })
    expect(api.seen.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/v1/things', 'Bearer sk_test_CANARY'],
      ['/v1/things', 'Bearer sk_test_CANARY'],
      ['/other', undefined],
    ])
  })

  it('is not followed a second time, also not to a host that is listed', async () => {
    const last = await upstream()
    const blobs = await sendingOn(last.origin)
    const api = await sendingOn(blobs.origin)
    const answer = await call(api, { redirectHosts: [hostOf(blobs), hostOf(last)] })
    expect(answer).toMatchObject({
      kind: 'answered',
      status: 302,
      result: expect.stringContaining('redirect'),
    })
    expect([api.seen.length, blobs.seen.length, last.seen.length]).toEqual([1, 1, 0])
  })

  it('that leads to itself ends after two requests', async () => {
    const api = await upstream((_seen, response) => json(response, 302, {}, { location: '/v1/things' }))
    expect(await call(api, { redirectHosts: [hostOf(api)] })).toMatchObject({ kind: 'answered', status: 302 })
    expect(api.seen).toHaveLength(2)
  })

  it('has the size and the time of one request', async () => {
    const blobs = await upstream((seen, response) => {
      if (seen.url === '/large') response.end('x'.repeat(2000))
    })
    const redirectHosts = [hostOf(blobs)]
    const large = await call(await sendingOn(`${blobs.origin}/large`), {
      redirectHosts,
      maxResponseBytes: 1000,
    })
    expect(large).toMatchObject({ kind: 'no_answer', error: { code: 'tool.too_large' } })
    const slow = await call(await sendingOn(`${blobs.origin}/slow`), { redirectHosts, timeoutMs: 100 })
    expect(slow).toMatchObject({ kind: 'no_answer', error: { code: 'tool.timeout' } })
  })

  it.each(['169.254.169.254', '0.0.0.0', '[::ffff:a9fe:a9fe]', '[64:ff9b::a9fe:a9fe]', '[fe80::1]'])(
    'has its address checked where it is connected to: %s',
    async (host) => {
      const api = await sendingOn(`http://${host}/latest/meta-data`)
      const answer = await call(api, { redirectHosts: [new URL(`http://${host}`).host] })
      expect(answer).toMatchObject({ kind: 'no_answer', error: { code: 'tool.egress' } })
    },
  )

  it('has its name looked up anew, so that a name which moves to metadata is refused', async () => {
    const api = await sendingOn('http://blobs.example.com/')
    const answer = await call(
      api,
      { redirectHosts: ['blobs.example.com'] },
      { lookup: (_name, _options, found) => found(null, [{ address: '169.254.169.254', family: 4 }]) },
    )
    expect(answer).toMatchObject({ error: { code: 'tool.egress' } })
  })
})

describe('any other redirect is an answer and is not followed', () => {
  it.each<[string, (blobs: Upstream) => string]>([
    ['the same host at another port', () => 'http://127.0.0.1:1/'],
    ['the host by another name', ({ port }) => `http://localhost:${port}/`],
    ['the host with a trailing dot', ({ port }) => `http://localhost.:${port}/`],
    ['the host behind a user', ({ port }) => `http://user:pass@127.0.0.1:${port}/`],
    ['another scheme', ({ port }) => `ftp://127.0.0.1:${port}/`],
    ['a script', () => 'javascript:alert(1)'],
    ['data', () => 'data:text/plain,hello'],
    ['nothing', () => ''],
    ['no URL', () => 'http://['],
    ['two places', ({ origin, port }) => `http://evil.example:${port}/, ${origin}/`],
  ])('to %s', async (_what, location) => {
    const blobs = await upstream()
    const api = await sendingOn(location(blobs))
    const answer = await call(api, { redirectHosts: [hostOf(blobs)] })
    expect(answer).toMatchObject({ kind: 'answered', status: 302 })
    expect([api.seen.length, blobs.seen.length]).toEqual([1, 0])
  })

  it.each<[string, Partial<Tool>]>([
    ['of a POST', { method: 'POST' }],
    ['of a GET that writes', { effect: 'write' }],
    ['of a DELETE', { method: 'DELETE' }],
    ['of a tool that lists no hosts', { redirectHosts: [] }],
  ])('%s', async (_what, changes) => {
    const blobs = await upstream()
    const api = await sendingOn(`${blobs.origin}/`, 307)
    const answer = await call(api, { redirectHosts: [hostOf(blobs)], ...changes })
    expect(answer).toMatchObject({ kind: 'answered', status: 307 })
    expect([api.seen.length, blobs.seen.length]).toEqual([1, 0])
  })

  it.each([300, 304, 305, 306, 310, 399])(
    'with a status that is no order to go elsewhere: %i',
    async (status) => {
      const blobs = await upstream()
      const api = await sendingOn(blobs.origin, status)
      expect(await call(api, { redirectHosts: [hostOf(blobs)] })).toMatchObject({ kind: 'answered', status })
      expect(blobs.seen).toEqual([])
    },
  )

  it('from a tool that is not private to http, while https to the same host is followed', () => {
    const tool = aTool({ redirectHosts: ['blobs.example.com'], credential: 'key' })
    const request: FrozenRequest = {
      method: 'GET',
      url: 'https://api.example.com/v1/things',
      headers: { 'x-tenant': 'acme' },
      body: undefined,
      credential: 'key',
      digest: '',
    }
    const answer = (location: string) => ({ status: 302, headers: { location }, body: Buffer.alloc(0) })
    const url = (location: string, changes: Partial<Tool> = {}) =>
      redirected({ ...tool, ...changes }, request, answer(location))?.url
    expect(url('https://blobs.example.com/a')).toBe('https://blobs.example.com/a')
    expect(url('HTTPS://BLOBS.EXAMPLE.COM:443/a')).toBe('https://blobs.example.com/a')
    expect(url('//blobs.example.com/a')).toBe('https://blobs.example.com/a')
    expect(url('http://blobs.example.com/a')).toBeUndefined()
    expect(url('https://blobs.example.com:8443/a')).toBeUndefined()
    expect(url('https://blobs.example.com.evil.example/a')).toBeUndefined()
    expect(url('https://evil.example/?blobs.example.com')).toBeUndefined()
    expect(url('https://blobs.example.com@evil.example/')).toBeUndefined()
    expect(url('https://evil.example\\@blobs.example.com/')).toBeUndefined()
    expect(url('http://blobs.example.com/a', { isPrivate: true })).toBe('http://blobs.example.com/a')
    expect(redirected(tool, request, answer('https://blobs.example.com/a'))).toMatchObject({
      credential: undefined,
      body: undefined,
      headers: { accept: '*/*', 'user-agent': 'rouse' },
    })
  })
})
