import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRaw } from '../support/raw.js'
import { githubSecret, type Rouse, startRouse } from '../support/rouse.js'
import { until } from '../support/wait.js'
import { chunked, type SignedOptions, sign, signed } from './signed.js'

/** What may stand around a body, over raw sockets against the whole daemon. */

let rouse: Rouse

beforeAll(async () => {
  rouse = await startRouse({
    config: `sources:
  ci: { kind: github, secret: "${githubSecret}" }
  small: { kind: github, secret: "${githubSecret}", max_body: 1KB }
`,
  })
})
afterAll(() => rouse.stop())

async function recordedCount(): Promise<number> {
  const { events } = await rouse.ledger.counts()
  return events.recorded + events.dispatched + events.ignored
}

async function answered(bytes: string | Buffer) {
  const before = await recordedCount()
  const stream = openRaw(rouse.url, bytes)
  await until(
    'an answer or the close',
    () => stream.statuses().some((status) => status >= 200) || stream.isClosed(),
  )
  const result = {
    statuses: stream.statuses(),
    text: stream.text(),
    recorded: (await recordedCount()) - before,
  }
  return { ...result, stream }
}

async function refusal(bytes: string | Buffer): Promise<number | undefined> {
  const { statuses, recorded, stream } = await answered(bytes)
  await until('the close', stream.isClosed)
  expect(recorded).toBe(0)
  expect(statuses.length).toBeLessThanOrEqual(1)
  return statuses[0]
}

describe('a version', () => {
  it.each([
    'HTTP/0.9',
    'HTTP/1.2',
    'HTTP/2.0',
    'HTTP/3.0',
    'HTTP/11',
    'http/1.1',
    'HTTPS/1.1',
    'ICE/1.0',
    '',
  ])('other than 1.1 and 1.0 is refused: %j', async (version) => {
    expect(await refusal(signed({ version }))).toBe(400)
  })

  it.each([
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'],
    ['a TLS handshake', Buffer.from('16030100f4010000f00303', 'hex')],
    ['SSH', 'SSH-2.0-OpenSSH_9.7\r\n'],
    ['the PROXY protocol', `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n${signed().toString('latin1')}`],
    ['zeros', Buffer.alloc(1000)],
  ])('is what a request has: %s is refused', async (_what, bytes) => {
    expect(await refusal(bytes)).toBe(400)
  })
})

describe('an offer to change the protocol', () => {
  const upgrade = (what: string, ...headers: string[]) => [
    `Connection: Upgrade`,
    `Upgrade: ${what}`,
    ...headers,
  ]
  const h2c = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']
  const websocket = upgrade(
    'websocket',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
  )

  it.each<[string, readonly string[], SignedOptions, number]>([
    ['h2c', h2c, {}, 202],
    ['h2c to a path that is none', h2c, { start: 'POST /' }, 404],
    ['a websocket', websocket, { start: 'GET /hooks/ci' }, 405],
    ['a websocket at the health', websocket, { start: 'GET /healthz' }, 200],
    ['TLS', upgrade('TLS/1.0'), { start: 'POST /healthz' }, 405],
  ])('is ignored, and the connection ends with the answer: %s', async (_what, headers, options, status) => {
    const { stream, statuses } = await answered(signed({ ...options, headers }))
    expect(statuses).toEqual([status])
    await until('the close', stream.isClosed)
    expect(stream.text()).not.toContain('101')
  })

  it('with CONNECT is not answered at all', async () => {
    for (const target of ['localhost:22', '/hooks/ci', '169.254.169.254:80'])
      expect(await refusal(`CONNECT ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`)).toBeUndefined()
  })
})

describe('a target', () => {
  it.each([
    ['http://localhost/hooks/ci', 404],
    ['http://localhost/admin', 404],
    ['https://evil.example/hooks/ci', 404],
    ['localhost:80', 400],
    ['*', 400],
    ['hooks/ci', 400],
    ['?/hooks/ci', 400],
    ['/hooks/ci#x', 404],
    ['/hooks/ci%', 404],
    ['/hooks/ci%zz', 404],
    ['/hooks/%c0%afci', 404],
    ['/hooks/%2e%2e/hooks/ci', 404],
    ['/hooks/..%5cci', 404],
    ['/%68ooks/ci', 404],
    ['/hooks/ci?x y', 400],
    ['/hooks/ci\t', 400],
    ['/hooks/ci\0', 400],
    ['/hooks\\ci', 400],
    ['\\hooks\\ci', 400],
    ['/hooks/\xc0\xafci', 400],
    ['/hooks/\xffci', 400],
    ['/api', 404],
    ['/api/events', 404],
    ['/healthz/', 404],
    ['/healthz;x', 404],
    ['/assets/../hooks/ci', 404],
    [`/hooks/ci?${'x'.repeat(20_000)}`, 431],
  ])('is exactly the path of a source: %j', async (target, status) => {
    expect(await refusal(signed({ start: `POST ${target}` }))).toBe(status)
  })

  it('may have a query, which is no part of the path and decodes to nothing', async () => {
    for (const query of ['?', '?x=1', '?%zz', '?a=%00', `?${'x'.repeat(9000)}`])
      expect(await answered(signed({ start: `POST /hooks/ci${query}` }))).toMatchObject({
        statuses: [202],
        recorded: 1,
      })
  })
})

describe('a method', () => {
  it.each([
    'GET',
    'HEAD',
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'PROPFIND',
    'SOURCE',
    'QUERY',
    'M-SEARCH',
  ])('that a source does not take is answered 405 before anything is looked at: %s', async (method) => {
    expect(await refusal(signed({ start: `${method} /hooks/ci`, signature: 'x' }))).toBe(405)
  })

  it.each(['post', 'Post', 'FOO', 'POSTT', 'P OST', 'POST\t', `${'X'.repeat(300)}`, 'POST\x0b', ''])(
    'that is none is refused: %j',
    async (method) => {
      expect(await refusal(signed({ start: `${method} /hooks/ci` }))).toBe(400)
    },
  )

  it('is not made another by a header or a query', async () => {
    const headers = ['X-HTTP-Method-Override: POST', 'X-HTTP-Method: POST', 'X-Method-Override: POST']
    expect(await refusal(signed({ start: 'GET /hooks/ci?_method=POST', headers }))).toBe(405)
  })

  it('POST with more than one space behind it is POST, and needs its signature', async () => {
    expect(await answered(signed({ start: 'POST  /hooks/ci' }))).toMatchObject({
      statuses: [202],
      recorded: 1,
    })
    expect(await refusal(signed({ start: 'POST  /hooks/ci', signature: 'sha256=00' }))).toBe(401)
    expect(await refusal(signed({ start: 'POST  /admin' }))).toBe(404)
  })
})

describe('Expect: 100-continue', () => {
  const expecting = (path: string, length: number, expectation = '100-continue') =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nExpect: ${expectation}\r\nContent-Length: ${length}\r\n\r\n`

  it.each<[string, string, number]>([
    ['a body over the source’s own cap', expecting('/hooks/small', 1025), 413],
    ['a body of 2 GB', expecting('/hooks/ci', 2_000_000_000), 413],
    ['in upper case', expecting('/hooks/small', 1025, '100-CONTINUE'), 413],
    ['a path that is none', expecting('/hooks/none', 10), 404],
    ['the health', expecting('/healthz', 10), 405],
    ['another expectation', expecting('/hooks/ci', 10, '200-ok'), 417],
  ])('is not encouraged for %s', async (_what, bytes, status) => {
    // Were the refusal not the end of the connection, this would be taken for the body, or for a request.
    expect(await refusal(Buffer.concat([Buffer.from(bytes), signed()]))).toBe(status)
  })

  it('is encouraged for a body that the source takes, and the body is taken', async () => {
    const delivery = signed({ start: 'POST /hooks/small', headers: ['Expect: 100-continue'] })
    const end = delivery.indexOf('\r\n\r\n') + 4
    const stream = openRaw(rouse.url, delivery.subarray(0, end))
    await until('the go-ahead', () => stream.statuses()[0] === 100)
    stream.socket.write(delivery.subarray(end))
    await until('the answer', () => stream.statuses().length === 2)
    expect(stream.statuses()).toEqual([100, 202])
  })

  it('of an HTTP/1.0 sender is not answered', async () => {
    const headers = ['Expect: 100-continue']
    expect((await answered(signed({ version: 'HTTP/1.0', headers }))).statuses).toEqual([202])
  })
})

describe('headers', () => {
  const fill = (bytes: number) => [`X-Fill: ${'x'.repeat(bytes)}`]

  it.each<[string, readonly string[]]>([
    ['17 KB', fill(17_000)],
    ['a cookie of 1 MB', [`Cookie: ${'x'.repeat(1_000_000)}`]],
    ['10,000 of them', Array.from({ length: 10_000 }, (_none, at) => `X-${at}: y`)],
  ])('over 16 KB together are refused with 431: %s', async (_what, headers) => {
    expect(await refusal(signed({ headers }))).toBe(431)
  })

  it.each<[string, readonly string[]]>([
    ['15 KB in one', fill(15_000)],
    ['1,000 of them', Array.from({ length: 1000 }, (_none, at) => `X-${at}: y`)],
  ])('under 16 KB are nobody’s business: %s', async (_what, headers) => {
    expect(await answered(signed({ headers }))).toMatchObject({ statuses: [202], recorded: 1 })
  })

  it('are all seen, also where there are more than 2000: a second signature cannot hide behind them', async () => {
    const many = Array.from({ length: 2500 }, () => 'a:b')
    expect(
      await answered(signed({ framing: [], headers: [...many, 'Content-Length: 0'], body: '' })),
    ).toMatchObject({
      statuses: [400],
    })
    const second = `X-Hub-Signature-256: ${sign('x')}`
    const { statuses, text, recorded } = await answered(signed({ headers: [...many, second] }))
    expect([statuses, recorded]).toEqual([[400], 0])
    expect(text).toContain('bad request')
  })

  it.each([
    'application/json;charset=utf-7',
    'application/json; charset=utf-16',
    'text/plain',
    'text/html',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    '',
    '\xff\xfe',
    'application/json\r\nContent-Type: text/plain',
  ])('do not say how the body is read: Content-Type: %j', async (type) => {
    expect(await answered(signed({ headers: [`Content-Type: ${type}`] }))).toMatchObject({
      statuses: [202],
      recorded: 1,
    })
  })

  it.each([
    'gzip',
    'x-gzip',
    'br',
    'zstd',
    'deflate',
    'gzip, gzip',
    'identity, gzip',
    'aes128gcm',
    'none',
    '',
  ])('that say the body is encoded are refused with 415, and nothing is inflated: %j', async (encoding) => {
    expect(await refusal(signed({ headers: [`Content-Encoding: ${encoding}`] }))).toBe(415)
  })

  it('that say twice how the body is encoded are refused with 415', async () => {
    const headers = ['Content-Encoding: identity', 'Content-Encoding: gzip']
    expect(await refusal(signed({ headers }))).toBe(415)
  })

  it('may say that it is not encoded', async () => {
    for (const encoding of ['identity', 'Identity'])
      expect((await answered(signed({ headers: [`Content-Encoding: ${encoding}`] }))).statuses).toEqual([202])
  })
})

describe('a body', () => {
  it('of a form with files is bytes like any other, and names no file', async () => {
    const body =
      '{"action":"opened","files":{"upload":{"filepath":"/etc/passwd"}},"issue":{"number":3,"id":3}}'
    const { statuses, text } = await answered(
      signed({ body, headers: ['Content-Type: multipart/form-data'] }),
    )
    expect(statuses).toEqual([202])
    const [, id = ''] = /"(evt_[^"]+)"/.exec(text) ?? []
    expect((await rouse.ledger.event(id))?.data).toMatchObject({
      files: { upload: { filepath: '/etc/passwd' } },
    })
  })

  it.each<[string, Buffer]>([
    ['a byte order mark', Buffer.from('\ufeff{"action":"opened"}')],
    ['UTF-16', Buffer.from('{"action":"opened"}', 'utf16le')],
    ['an overlong character', Buffer.from('7b2261223a22c0af227d', 'hex')],
    ['half a character', Buffer.from('7b2261223a22e282227d', 'hex')],
    ['a surrogate in UTF-8', Buffer.from('7b2261223a22eda080227d', 'hex')],
    ['NUL', Buffer.from('{"action":"a\0b"}')],
    ['64 levels and one', Buffer.from(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`)],
    ['a million levels', Buffer.from('['.repeat(1_000_000))],
    ['a key twice', Buffer.from('{"action":"closed","action":"opened"}')],
    ['a key twice, once escaped', Buffer.from('{"action":"closed","\\u0061ction":"opened"}')],
    ['__proto__ twice', Buffer.from('{"__proto__":{"a":1},"__proto__":{"b":1}}')],
    ['a number that is none', Buffer.from('{"a":NaN}')],
    ['a comma too many', Buffer.from('{"a":[1,]}')],
    ['two documents', Buffer.from('{}{}')],
  ])(
    'that was signed and is %s is verified over its bytes, and then refused and kept',
    async (_what, body) => {
      const before = (await rouse.ledger.counts()).deliveries.malformed
      expect(await refusal(signed({ body }))).toBe(400)
      expect((await rouse.ledger.counts()).deliveries.malformed).toBe(before + 1)
      expect((await answered('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')).statuses).toEqual([200])
    },
  )

  it.each<[string, () => string]>([
    ['100,000 keys', () => `{${Array.from({ length: 99_000 }, (_none, at) => `"k${at}":1`).join()}}`],
    [
      'integers for keys',
      () => `{${Array.from({ length: 50_000 }, (_none, at) => `"${at * 65_536}":1`).join()}}`,
    ],
    ['one key of 900 KB', () => `{"${'k'.repeat(900_000)}":1}`],
    ['one text of 900 KB', () => `{"a":"${'\\u0041'.repeat(150_000)}"}`],
    ['a number of 900 KB', () => `{"a":${'9'.repeat(900_000)}}`],
    ['900 KB of spaces', () => `{"a":${' '.repeat(900_000)}1}`],
  ])('of %s is read in a moment or refused in one', async (_what, body) => {
    const startedAt = performance.now()
    const { statuses } = await answered(signed({ body: body() }))
    expect([202, 400]).toContain(statuses[0])
    expect(performance.now() - startedAt).toBeLessThan(3000)
  })

  it('that names prototypes changes none', async () => {
    const body =
      '{"action":"opened","issue":{"number":8,"id":8},"repository":{"full_name":"acme/web"},"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"prototype":{"polluted":1}}'
    expect((await answered(signed({ body }))).statuses).toEqual([202])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('that is signed is taken whichever way it comes, and refused when one byte is another', async () => {
    const framing = ['Transfer-Encoding: chunked']
    expect((await answered(signed({ framing, framed: chunked }))).statuses).toEqual([202])
    const framed = (body: Buffer) => chunked(Buffer.from(body.toString('latin1').replace('opened', 'closed')))
    expect(await refusal(signed({ framing, framed }))).toBe(401)
  })
})
