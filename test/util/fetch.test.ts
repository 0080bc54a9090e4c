import { readFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type LookupFunction, type Socket } from 'node:net'
import { join } from 'node:path'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createFetch,
  createNetwork,
  type Network,
  NetworkError,
  type NetworkRequest,
} from '../../src/util/fetch.js'
import { json, startUpstream, type Upstream } from '../tools/upstream.js'

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

function network(lookup?: LookupFunction): Network {
  const created = createNetwork(lookup ? { lookup } : {})
  open.push(created)
  return created
}

async function upstream(answer?: Upstream['answer']): Promise<Upstream> {
  const started = await startUpstream(answer)
  open.push(started)
  return started
}

/** A server that says nothing on its own; `onData` sees each chunk. */
async function rawServer(onData: (socket: Socket, text: string) => void) {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => onData(socket, chunk.toString('latin1')))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Answers every name with these addresses, as a resolver would. */
function resolvingTo(...addresses: string[]): LookupFunction {
  return (_hostname, options, callback) => {
    const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    const first = found[0]
    if (options.all) callback(null, found)
    else callback(null, first?.address ?? '', first?.family ?? 0)
  }
}

const defaults = { method: 'GET', headers: {}, timeoutMs: 10_000, maxBytes: 100_000, allowPrivate: true }

function request(net: Network, url: string, changes: Partial<NetworkRequest> = {}) {
  return net.request({ ...defaults, url, ...changes })
}

async function errorOf(promise: Promise<unknown>): Promise<NetworkError> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(NetworkError)
  return error as NetworkError
}

describe('a request', () => {
  it('sends method, path, headers and body as they are and gives back status, headers and bytes', async () => {
    const api = await upstream((_seen, response) => {
      response.writeHead(418, { 'X-One': 'a', 'set-cookie': ['a=1', 'b=2'] })
      response.end('täpö')
    })
    const answer = await request(network(), `${api.origin}/a%2Fb?q=1&r=%20`, {
      method: 'PATCH',
      headers: { 'x-two': 'b' },
      body: '{"ü":1}',
    })
    expect(answer).toMatchObject({ status: 418, headers: { 'x-one': 'a', 'set-cookie': 'a=1, b=2' } })
    expect(answer.body.toString()).toBe('täpö')
    expect(api.seen).toMatchObject([
      { method: 'PATCH', url: '/a%2Fb?q=1&r=%20', body: '{"ü":1}', headers: { 'x-two': 'b' } },
    ])
  })

  it.each([301, 302, 303, 307, 308])('gives a %i back and does not follow it', async (status) => {
    const other = await upstream()
    const api = await upstream((_seen, response) =>
      json(response, status, {}, { location: `${other.origin}/elsewhere` }),
    )
    const answer = await request(network(), api.origin, {
      method: 'POST',
      body: 'x',
      headers: { authorization: 'Bearer t' },
    })
    expect(answer.status).toBe(status)
    expect([api.seen.length, other.seen.length]).toEqual([1, 0])
  })

  it('keeps connections for the next requests', async () => {
    const ports = new Set<number | undefined>()
    const api = await upstream((_seen, response) => {
      ports.add(response.socket?.remotePort)
      json(response, 200, {})
    })
    const net = network()
    for (let count = 0; count < 10; count++) await request(net, api.origin)
    expect(ports.size).toBeLessThanOrEqual(2)
  })

  it('takes no proxy from the environment', async () => {
    const proxy = await upstream()
    const api = await upstream()
    const before = { ...process.env }
    Object.assign(process.env, {
      HTTP_PROXY: proxy.origin,
      http_proxy: proxy.origin,
      ALL_PROXY: proxy.origin,
      NODE_USE_ENV_PROXY: '1',
    })
    try {
      await request(network(), api.origin)
    } finally {
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
      Object.assign(process.env, before)
    }
    expect([api.seen.length, proxy.seen.length]).toEqual([1, 0])
  })

  it.each(['a\r\nX-Evil: 1', 'a\nb', 'a\0b'])(
    'refuses a header value with a line break or NUL before anything is sent',
    async (value) => {
      const api = await upstream()
      const error = await errorOf(request(network(), api.origin, { headers: { 'x-one': value } }))
      expect(error).toMatchObject({ fault: 'invalid', isSent: false })
      expect(api.seen).toEqual([])
    },
  )

  it.each(['ftp://127.0.0.1/', 'not a url', 'http://user:pass@127.0.0.1/', 'file:///etc/passwd'])(
    'refuses %s',
    async (url) => {
      expect(await errorOf(request(network(), url))).toMatchObject({ fault: 'invalid', isSent: false })
    },
  )
})

describe('the connected address', () => {
  it.each([
    '127.0.0.1',
    '0x7f.1',
    '2130706433',
    '0177.0.0.1',
    '127.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::7f00:1]',
    '[64:ff9b::7f00:1]',
    '100.64.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '10.0.0.1',
    '１２７.0.0.1',
    'localhost',
  ])('is refused for http://%s and nothing is sent', async (host) => {
    const api = await upstream()
    const error = await errorOf(request(network(), `http://${host}:${api.port}/`, { allowPrivate: false }))
    expect(error).toMatchObject({ fault: 'address', isSent: false })
    expect(api.seen).toEqual([])
  })

  it.each([
    ['loopback', ['127.0.0.1']],
    ['a private address', ['10.0.0.5']],
    ['cloud metadata', ['169.254.169.254']],
    ['a mapped address', ['::ffff:7f00:1']],
    ['NAT64', ['64:ff9b::a9fe:a9fe']],
    ['one public and one private address', ['140.82.121.6', '127.0.0.1']],
    ['no address', []],
  ])('is refused for a public name that resolves to %s', async (_name, addresses) => {
    const api = await upstream()
    const net = network(resolvingTo(...addresses))
    const error = await errorOf(request(net, `http://api.example.com:${api.port}/`, { allowPrivate: false }))
    expect(error).toMatchObject({ fault: 'address', isSent: false })
    expect(api.seen).toEqual([])
  })

  it('is checked at every new connection, so that a name which moves inside is refused', async () => {
    const api = await upstream()
    const asked: string[] = []
    const moving: LookupFunction = (hostname, options, callback) => {
      asked.push(hostname)
      resolvingTo('127.0.0.1')(hostname, options, callback)
    }
    const net = network(moving)
    const url = `http://api.example.com:${api.port}/`
    expect((await request(net, url, { allowPrivate: true })).status).toBe(200)
    // The connection made under the wider rule is still open and must not serve the narrower one.
    expect(await errorOf(request(net, url, { allowPrivate: false }))).toMatchObject({ fault: 'address' })
    expect([asked.length, api.seen.length]).toEqual([2, 1])
  })

  it('may be private where a private host is listed, but never link-local', async () => {
    const api = await upstream()
    expect((await request(network(), `http://localhost:${api.port}/`)).status).toBe(200)
    const metadata = network(resolvingTo('169.254.169.254'))
    expect(await errorOf(request(metadata, 'http://api.example.com/'))).toMatchObject({
      fault: 'address',
      isSent: false,
    })
  })
})

describe('what is known of a request that failed', () => {
  it('a refused connection sent nothing', async () => {
    const api = await upstream()
    await api.close()
    expect(await errorOf(request(network(), api.origin))).toMatchObject({ fault: 'connect', isSent: false })
  })

  it('a name without an address sent nothing', async () => {
    const failing: LookupFunction = (hostname, _options, callback) => {
      callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' }), '', 0)
    }
    expect(await errorOf(request(network(failing), 'http://api.example.com/'))).toMatchObject({
      fault: 'dns',
      isSent: false,
    })
  })

  it.each(['unset', 'NODE_TLS_REJECT_UNAUTHORIZED=0'])(
    'a certificate that nobody vouches for is refused and nothing was sent (%s)',
    async (setting) => {
      const directory = join(import.meta.dirname, '../fixtures/tls')
      const key = readFileSync(join(directory, 'self-signed-key.pem'))
      const cert = readFileSync(join(directory, 'self-signed-cert.pem'))
      const api = await startUpstream(undefined, (listener) => createTlsServer({ key, cert }, listener))
      open.push(api)
      if (setting !== 'unset') process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
      try {
        const error = await errorOf(request(network(), `https://localhost:${api.port}/`))
        expect(error).toMatchObject({ fault: 'tls', isSent: false })
      } finally {
        delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      }
      expect(api.seen).toEqual([])
    },
  )

  it('a server that speaks no TLS on https got nothing of the request', async () => {
    let heard = ''
    const origin = await rawServer((socket, text) => {
      heard += text
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    })
    const error = await errorOf(
      request(network(), origin.replace('http:', 'https:'), { headers: { 'x-secret': 'kept' } }),
    )
    expect(error.isSent).toBe(false)
    expect(heard).not.toContain('kept')
  })

  it('a reset after the request was written may have been acted on', async () => {
    const origin = await rawServer((socket) => socket.resetAndDestroy())
    expect(await errorOf(request(network(), origin, { method: 'POST', body: 'x' }))).toMatchObject({
      fault: 'reset',
      isSent: true,
    })
  })

  it('an answer that breaks off is no answer', async () => {
    const origin = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', () => socket.destroy())
    })
    expect(await errorOf(request(network(), origin))).toMatchObject({ fault: 'reset', isSent: true })
  })

  it('a chunked answer without its last chunk is no answer', async () => {
    const origin = await rawServer((socket) =>
      socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
    )
    expect(await errorOf(request(network(), origin))).toMatchObject({ fault: 'reset', isSent: true })
  })

  it('garbage in place of HTTP is no answer', async () => {
    const origin = await rawServer((socket) => socket.end('what?\r\n\r\n'))
    expect(await errorOf(request(network(), origin))).toMatchObject({ fault: 'reset', isSent: true })
  })

  it('a server that never answers is given up at the time limit', async () => {
    const origin = await rawServer(() => undefined)
    expect(await errorOf(request(network(), origin, { timeoutMs: 50 }))).toMatchObject({
      fault: 'timeout',
      isSent: true,
    })
  })

  it('an answer that trickles is given up at the time limit', async () => {
    const origin = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n')
      const drip = setInterval(() => socket.write('x'), 10)
      socket.on('close', () => clearInterval(drip))
    })
    expect(await errorOf(request(network(), origin, { timeoutMs: 100 }))).toMatchObject({
      fault: 'timeout',
      isSent: true,
    })
  })

  it('a lookup that never answers is given up at the time limit, with nothing sent', async () => {
    const silent: LookupFunction = () => undefined
    const error = await errorOf(request(network(silent), 'http://api.example.com/', { timeoutMs: 50 }))
    expect(error).toMatchObject({ fault: 'timeout', isSent: false })
  })

  it('a request that was given up before its connection stood is not sent on it later', async () => {
    const api = await upstream()
    let release = () => {}
    const slow: LookupFunction = (hostname, options, callback) => {
      release = () => resolvingTo('127.0.0.1')(hostname, options, callback)
    }
    const net = network(slow)
    const url = `http://api.example.com:${api.port}/`
    const stop = new AbortController()
    const given = errorOf(request(net, `${url}given-up`, { signal: stop.signal }))
    stop.abort()
    expect(await given).toMatchObject({ fault: 'aborted', isSent: false })
    release()
    const second = request(net, `${url}wanted`)
    release()
    await second
    expect(api.seen.map(({ url: path }) => path)).toEqual(['/wanted'])
  })

  it('a caller who gives up hears whether it was sent', async () => {
    const stop = new AbortController()
    const origin = await rawServer(() => stop.abort())
    expect(await errorOf(request(network(), origin, { signal: stop.signal }))).toMatchObject({
      fault: 'aborted',
      isSent: true,
    })
    expect(await errorOf(request(network(), origin, { signal: stop.signal }))).toMatchObject({
      fault: 'aborted',
      isSent: false,
    })
  })

  it('a kept connection that the server closed at the wrong moment never makes a request go out twice', async () => {
    const heard: string[] = []
    const origin = await rawServer((socket, text) => {
      heard.push(text.split(' ')[1] ?? '')
      if (heard.length === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
      else socket.destroy()
    })
    const net = network()
    await request(net, `${origin}/first`)
    for (const path of ['/second', '/third']) {
      expect(await errorOf(request(net, origin + path))).toMatchObject({ fault: 'reset', isSent: true })
    }
    expect(heard).toEqual(['/first', '/second', '/third'])
  })

  it('closing the network breaks what is under way and lets nothing new begin', async () => {
    const heard: string[] = []
    let arrived = () => {}
    const underWay = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const origin = await rawServer((_socket, text) => {
      heard.push(text)
      arrived()
    })
    const net = network()
    const broken = errorOf(request(net, origin))
    await underWay
    await net.close()
    expect(await broken).toMatchObject({ isSent: true })
    expect(await errorOf(request(net, origin))).toMatchObject({ fault: 'closed', isSent: false })
    expect(heard).toHaveLength(1)
  })

  it('begins nothing either where nothing was asked for before', async () => {
    const heard: string[] = []
    const origin = await rawServer((_socket, text) => heard.push(text))
    const net = network()
    await net.close()
    expect(await errorOf(request(net, origin))).toMatchObject({ fault: 'closed', isSent: false })
    expect(heard).toEqual([])
  })
})

describe('the size of an answer', () => {
  const text = 'The quick brown fox. '.repeat(100)
  it.each([
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['GZIP', gzipSync(text)],
    ['br', brotliCompressSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['identity', Buffer.from(text)],
  ])('is decompressed: %s', async (encoding, body) => {
    const api = await upstream((_seen, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(body),
    )
    expect((await request(network(), api.origin)).body.toString()).toBe(text)
  })

  it.each([
    ['gzip', gzipSync(Buffer.alloc(50_000_000))],
    ['br', brotliCompressSync(Buffer.alloc(50_000_000))],
    ['deflate', deflateSync(Buffer.alloc(50_000_000))],
  ])('is bounded after decompression: a %s bomb stops at the limit', async (encoding, bomb) => {
    expect(bomb.length).toBeLessThan(100_000)
    const api = await upstream((_seen, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(bomb),
    )
    expect(await errorOf(request(network(), api.origin))).toMatchObject({
      fault: 'too_large',
      isSent: true,
      // The decompressor itself stopped there, not a check afterwards.
      cause: { code: 'ERR_BUFFER_TOO_LARGE' },
    })
  })

  it('is bounded by the stated length before the body is read', async () => {
    const origin = await rawServer((socket) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5000000\r\n\r\n'),
    )
    expect(await errorOf(request(network(), origin))).toMatchObject({ fault: 'too_large', isSent: true })
  })

  it('is bounded on the stream where no length is stated', async () => {
    const origin = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
      const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
      const pour = () => {
        while (!socket.destroyed && socket.write(chunk));
      }
      socket.on('drain', pour)
      pour()
    })
    expect(await errorOf(request(network(), origin))).toMatchObject({ fault: 'too_large', isSent: true })
  })

  it('may be exactly the limit and not one byte more', async () => {
    const api = await upstream((seen, response) => response.end('x'.repeat(Number(seen.url.slice(1)))))
    const net = network()
    expect((await request(net, `${api.origin}/100`, { maxBytes: 100 })).body).toHaveLength(100)
    expect(await errorOf(request(net, `${api.origin}/101`, { maxBytes: 100 }))).toMatchObject({
      fault: 'too_large',
    })
  })

  it.each([
    ['zstd', Buffer.from('x')],
    ['gzip, gzip', gzipSync(gzipSync(text))],
    ['__proto__', Buffer.from('x')],
    ['gzip', Buffer.from('not gzip')],
    ['gzip', gzipSync(text).subarray(0, 30)],
    ['br', Buffer.from('not brotli at all')],
  ])('of an encoding that cannot be read (%s) is an error', async (encoding, body) => {
    const api = await upstream((_seen, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(body),
    )
    expect(await errorOf(request(network(), api.origin))).toMatchObject({ fault: 'encoding', isSent: true })
  })

  it('of an empty answer is nothing, whatever encoding it claims', async () => {
    const api = await upstream((_seen, response) =>
      response.writeHead(204, { 'content-encoding': 'gzip' }).end(),
    )
    expect((await request(network(), api.origin)).body).toHaveLength(0)
  })
})

describe('fetch for libraries', () => {
  const options = { allowPrivate: true, maxBytes: 1000 }

  it('posts JSON and reads JSON, decompressed', async () => {
    const api = await upstream((_seen, response) =>
      response
        .writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' })
        .end(gzipSync('{"a":1}')),
    )
    const fetch = createFetch(options)
    const answer = await fetch(new URL('/v1', api.origin), {
      method: 'POST',
      headers: { Authorization: 'Bearer t' },
      body: '{"b":2}',
    })
    expect(await answer.json()).toEqual({ a: 1 })
    expect([answer.ok, answer.headers.get('content-encoding')]).toEqual([true, null])
    expect(api.seen).toMatchObject([
      { method: 'POST', url: '/v1', body: '{"b":2}', headers: { authorization: 'Bearer t' } },
    ])
  })

  it.each([204, 304, 302, 400, 500])('gives a %i as an answer', async (status) => {
    const api = await upstream((_seen, response) =>
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(),
    )
    expect((await createFetch(options)(api.origin)).status).toBe(status)
  })

  it('rejects with a TypeError whose cause names the fault', async () => {
    const api = await upstream((_seen, response) => response.end('x'.repeat(2000)))
    const error = await createFetch(options)(api.origin).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ cause: { fault: 'too_large' } })
    const refused = await createFetch({ ...options, allowPrivate: false })(api.origin).catch(
      (cause: unknown) => cause,
    )
    expect(refused).toMatchObject({ cause: { fault: 'address', isSent: false } })
  })

  it('rejects with the reason of the signal that stopped it', async () => {
    const stop = new AbortController()
    const reason = new Error('enough')
    const origin = await rawServer(() => stop.abort(reason))
    await expect(createFetch(options)(origin, { signal: stop.signal })).rejects.toBe(reason)
    await expect(createFetch(options)(origin, { signal: stop.signal })).rejects.toBe(reason)
  })
})
