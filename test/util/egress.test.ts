import { readFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import type { LookupFunction } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { createNetwork, type Network, NetworkError, type NetworkRequest } from '../../src/util/fetch.js'
import { startUpstream, type Upstream } from '../tools/upstream.js'

/** Ways out that must not be, over real sockets. `fetch.test.ts` has the rest of what a request promises. */

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

async function upstream(answer?: Upstream['answer']): Promise<Upstream> {
  const started = await startUpstream(answer)
  open.push(started)
  return started
}

function network(lookup?: LookupFunction): Network {
  const created = createNetwork({ connectTimeoutMs: 200, ...(lookup ? { lookup } : {}) })
  open.push(created)
  return created
}

async function faultOf(
  net: Network,
  url: string,
  changes: Partial<NetworkRequest> = {},
): Promise<NetworkError> {
  const request = { method: 'GET', headers: {}, timeoutMs: 5000, maxBytes: 100_000, url, ...changes }
  const error = await net.request(request).then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(NetworkError)
  return error as NetworkError
}

/** One list of addresses for each time that it is asked; the last one stays. */
function answering(lists: readonly (readonly string[])[]) {
  let asked = 0
  const lookup: LookupFunction = (_hostname, options, callback) => {
    const list = lists[Math.min(asked++, lists.length - 1)] ?? []
    const found = list.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    if (options.all) callback(null, found)
    else callback(null, found[0]?.address ?? '', found[0]?.family ?? 0)
  }
  return { lookup, asked: () => asked }
}

/** Handed out once, given back, and routed nowhere. */
const nowhere = '3ffe::1'

describe('an address inside', () => {
  it.each([
    ...[
      '127.0.0.1',
      '127.0.0.1.',
      '2130706433',
      '017700000001',
      '0177.0.0.1',
      '0x7f000001',
      '0x7f.0.0.1',
      '127.1',
    ],
    ...[
      '0x7f.1',
      '0',
      '0.0.0.0',
      '00000000000',
      '10.0.0.5',
      '10.5',
      '172.16.0.1',
      '192.168.0.1',
      '192.168.1',
    ],
    ...['100.64.0.1', '169.254.169.254', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '168.63.129.16'],
    ...['224.0.0.1', '255.255.255.255', '192.0.0.192', '198.18.0.1', '240.0.0.1'],
    ...['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:ffff:7f00:0001]', '[::7f00:1]'],
    ...[
      '[::127.0.0.1]',
      '[64:ff9b::7f00:1]',
      '[64:ff9b::127.0.0.1]',
      '[64:ff9b:1::7f00:1]',
      '[2002:7f00:1::]',
    ],
    ...['[fd00::1]', '[fc00::1]', '[fe80::1]', '[fec0::1]', '[ff02::1]', '[fd00:ec2::254]', '[2001:db8::1]'],
    ...[
      'localhost',
      'LOCALHOST',
      'localhost.',
      'a.localhost',
      '①②⑦.⓪.⓪.①',
      '１２７.0.0.1',
      '127。0。0。1',
      'ⓛocalhost',
    ],
  ])('is not connected to, however it is spelled: %s', async (host) => {
    const api = await upstream()
    const error = await faultOf(network(), `http://${host}:${api.port}/`)
    // A name that this machine's resolver does not know is not connected to either.
    expect(['address', 'dns', 'invalid']).toContain(error.fault)
    expect([error.isSent, api.seen.length]).toEqual([false, 0])
  })

  it.each(['http://api.example.com@127.0.0.1', 'http://127.0.0.1:80@127.0.0.1', 'http://:x@127.0.0.1'])(
    'is not connected to behind a user and a password: %s',
    async (start) => {
      const api = await upstream()
      expect(await faultOf(network(), `${start}:${api.port}/`, { allowPrivate: true })).toMatchObject({
        fault: 'invalid',
        isSent: false,
      })
      expect(api.seen).toEqual([])
    },
  )

  it.each([
    [['10.0.0.5']],
    [['169.254.169.254']],
    [['::1']],
    [['fd00::1']],
    [['fe80::1']],
    [['::ffff:7f00:1']],
    [['64:ff9b::a9fe:a9fe']],
    [['::7f00:1']],
    [['0.0.0.0']],
    [['100.64.0.1']],
    [[nowhere, '127.0.0.1']],
    [['127.0.0.1', nowhere]],
    [[nowhere, '::1']],
  ])('is not connected to where a public name leads to %j', async (addresses) => {
    const api = await upstream()
    const error = await faultOf(network(answering([addresses]).lookup), `http://api.example.com:${api.port}/`)
    expect(error).toMatchObject({ fault: 'address', isSent: false })
    expect(api.seen).toEqual([])
  })

  it('is not connected to where a name leads there after it was looked at: what was checked is what is connected to', async () => {
    const api = await upstream()
    const { lookup, asked } = answering([[nowhere], ['127.0.0.1']])
    const net = network(lookup)
    const url = `http://api.example.com:${api.port}/`
    // Public, so it is tried; were the name looked up once more to connect, the request would be at our own door.
    expect((await faultOf(net, url)).isSent).toBe(false)
    expect(asked()).toBe(1)
    expect(await faultOf(net, url)).toMatchObject({ fault: 'address', isSent: false })
    expect([asked(), api.seen.length]).toEqual([2, 0])
  })
})

describe('an encrypted connection', () => {
  const directory = join(import.meta.dirname, '../fixtures/tls')
  const key = readFileSync(join(directory, 'self-signed-key.pem'))
  const cert = readFileSync(join(directory, 'self-signed-cert.pem'))

  it.each(['localhost', '127.0.0.1', '[::1]'])(
    'is not made with a certificate that nobody vouches for, whatever the environment says: %s',
    async (host) => {
      const api = await startUpstream(undefined, (listener) => createTlsServer({ key, cert }, listener))
      open.push(api)
      const before = { ...process.env }
      Object.assign(process.env, {
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
        SSL_CERT_FILE: join(directory, 'self-signed-cert.pem'),
      })
      try {
        const error = await faultOf(network(), `https://${host}:${api.port}/`, {
          allowPrivate: true,
          headers: { authorization: 'Bearer t' },
        })
        expect(['tls', 'connect']).toContain(error.fault)
        expect(error.isSent).toBe(false)
      } finally {
        for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
        Object.assign(process.env, before)
      }
      expect(api.seen).toEqual([])
    },
  )

  it('goes through no proxy of the environment', async () => {
    const heard: string[] = []
    const proxy = await upstream()
    const listening = await startUpstream()
    open.push(listening)
    const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy']
    const before = { ...process.env }
    for (const name of names) process.env[name] = proxy.origin
    Object.assign(process.env, { NODE_USE_ENV_PROXY: '1', NO_PROXY: '', no_proxy: '' })
    try {
      await faultOf(network(), `https://127.0.0.1:${listening.port}/`, { allowPrivate: true })
      const answer = await network().request({
        ...{ method: 'POST', url: `${listening.origin}/`, headers: {}, body: 'x' },
        ...{ timeoutMs: 5000, maxBytes: 1000, allowPrivate: true },
      })
      heard.push(String(answer.status))
    } finally {
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
      Object.assign(process.env, before)
    }
    expect([heard, proxy.seen.length, listening.seen.length]).toEqual([['200'], 0, 1])
  })
})

describe('an answer', () => {
  it('that sends a write elsewhere gets neither its body nor its credential there', async () => {
    const other = await upstream()
    for (const status of [301, 302, 303, 307, 308]) {
      const api = await upstream((_seen, response) =>
        response
          .writeHead(status, { location: `${other.origin}/x`, refresh: `0; url=${other.origin}/y` })
          .end(),
      )
      const headers = { authorization: 'Bearer t', 'x-api-key': 'k', 'private-token': 'p', cookie: 'c=1' }
      const answer = await network().request({
        ...{ method: 'POST', url: api.origin, headers, body: 'amount=1' },
        ...{ timeoutMs: 5000, maxBytes: 1000, allowPrivate: true },
      })
      expect([answer.status, api.seen.length]).toEqual([status, 1])
    }
    expect(other.seen).toEqual([])
  })

  it('of 200 KB that is 200 MB inflated costs no more memory than may be taken', async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000))
    expect(bomb.length).toBeLessThan(200_000)
    const api = await upstream((_seen, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    )
    const net = network()
    const before = process.memoryUsage().rss
    for (let at = 0; at < 5; at++) {
      const error = await faultOf(net, api.origin, { allowPrivate: true, maxBytes: 1_000_000 })
      expect(error.fault).toBe('too_large')
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
  })

  it('that sets a cookie has it sent back to nobody', async () => {
    const api = await upstream((_seen, response) => response.writeHead(200, { 'set-cookie': 's=1' }).end())
    const net = network()
    for (let at = 0; at < 2; at++)
      await net.request({
        ...{
          method: 'GET',
          url: api.origin,
          headers: {},
          timeoutMs: 5000,
          maxBytes: 1000,
          allowPrivate: true,
        },
      })
    expect(api.seen.map(({ headers }) => headers.cookie)).toEqual([undefined, undefined])
  })
})

describe('a request', () => {
  it.each(['a\r\nX-Evil: 1', 'a\nX-Evil: 1', 'a\rX-Evil: 1', 'a\0', '\u{10a}'])(
    'with a header that holds %j is not sent',
    async (value) => {
      const api = await upstream()
      const error = await faultOf(network(), api.origin, { allowPrivate: true, headers: { 'x-a': value } })
      expect(error).toMatchObject({ fault: 'invalid', isSent: false })
      expect(api.seen).toEqual([])
    },
  )

  it.each(['x y', 'x\r\nX-Evil', 'x:y', ''])('with a header named %j is not sent', async (name) => {
    const api = await upstream()
    const error = await faultOf(network(), api.origin, { allowPrivate: true, headers: { [name]: 'a' } })
    expect(error).toMatchObject({ fault: 'invalid', isSent: false })
    expect(api.seen).toEqual([])
  })

  it('with a line break in its path or its method stays one request', async () => {
    const api = await upstream()
    const net = network()
    const get = { method: 'GET', headers: {}, timeoutMs: 5000, maxBytes: 1000, allowPrivate: true }
    await net.request({ ...get, url: `${api.origin}/a\r\nX-Evil:%0d%0a1 HTTP/1.1\r\n\r\nGET /b` })
    expect(api.seen.map(({ url }) => url)).toEqual(['/aX-Evil:%0d%0a1%20HTTP/1.1GET%20/b'])
    expect(await faultOf(net, api.origin, { ...get, method: 'GET /x HTTP/1.1\r\nX:' })).toMatchObject({
      fault: 'invalid',
    })
    expect(api.seen).toHaveLength(1)
  })
})
