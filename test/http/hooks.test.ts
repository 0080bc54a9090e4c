import { createHmac, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendRaw } from '../support/raw.js'
import { githubSecret, issueOpened, type Rouse, sendGithub, startRouse } from '../support/rouse.js'

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

function sign(body: Buffer | string): string {
  return `sha256=${createHmac('sha256', githubSecret).update(body).digest('hex')}`
}

/** A delivery as bytes, with what the test changes. */
function delivery(options: {
  path?: string
  method?: string
  body?: Buffer | string
  signatures?: readonly string[]
  headers?: readonly string[]
}): Buffer {
  const body = Buffer.from(options.body ?? JSON.stringify(issueOpened(1)))
  const signatures = options.signatures ?? [sign(body)]
  const head = [
    `${options.method ?? 'POST'} ${options.path ?? '/hooks/ci'} HTTP/1.1`,
    'Host: localhost',
    'X-GitHub-Event: issues',
    `X-GitHub-Delivery: ${randomUUID()}`,
    ...signatures.map((signature) => `X-Hub-Signature-256: ${signature}`),
    `Content-Length: ${body.length}`,
    ...(options.headers ?? []),
    '',
    '',
  ].join('\r\n')
  return Buffer.concat([Buffer.from(head), body])
}

async function recordedCount(): Promise<number> {
  const { events } = await rouse.ledger.counts()
  return events.recorded + events.dispatched + events.ignored
}

describe('the public listener', () => {
  it('answers 202 with the event, and 200 with the same event for its redelivery', async () => {
    const body = issueOpened(100)
    const first = await sendGithub(rouse.url, 'issues', body)
    const again = await sendGithub(rouse.url, 'issues', body)
    expect(first).toMatchObject({ status: 202, body: { status: 'recorded' } })
    expect(again).toMatchObject({ status: 200, body: { status: 'duplicate', events: first.body.events } })
  })

  it('makes one event of a hundred identical deliveries at once', async () => {
    const body = issueOpened(101)
    const before = await recordedCount()
    const sent = await Promise.all(Array.from({ length: 100 }, () => sendGithub(rouse.url, 'issues', body)))
    expect(sent.filter(({ status }) => status === 202)).toHaveLength(1)
    expect(new Set(sent.flatMap(({ body: { events } }) => events)).size).toBe(1)
    expect(await recordedCount()).toBe(before + 1)
  })

  it('says it is well', async () => {
    const response = await fetch(`${rouse.url}/healthz`)
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
  })

  it.each([
    '//hooks/ci',
    '/hooks//ci',
    '/./hooks/ci',
    '/hooks/../hooks/ci',
    '/hooks/..%2fci',
    '/hooks/c%69',
    '/hooks/ci/',
    '/hooks/ci;x=1',
    '/hooks/ci%00',
    '/hooks%2Fci',
    '/HOOKS/ci',
    '/hooks/CI',
    '/hooks/__proto__',
    '/hooks/constructor',
    '/hooks/',
    '/admin',
    '/metrics',
    '/',
  ])('knows no %s', async (path) => {
    expect((await sendRaw(rouse.url, delivery({ path }))).status).toBe(404)
  })

  it.each(['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'])(
    'answers %s with 405 and what it allows',
    async (method) => {
      const answer = await sendRaw(rouse.url, delivery({ method }))
      expect(answer.status).toBe(405)
      expect(answer.headers['allow']).toBe('POST')
    },
  )

  it.each<[string, readonly string[], number]>([
    ['no signature', [], 401],
    ['an empty one', [''], 401],
    ['only the prefix', ['sha256='], 401],
    ['one that is short by a byte', [sign('x').slice(0, -2)], 401],
    ['one that is long by a byte', [`${sign('x')}00`], 401],
    ['one of another body', [sign('x')], 401],
    ['one that is not hex', [`sha256=${'z'.repeat(64)}`], 401],
    ['one in upper case', [sign(JSON.stringify(issueOpened(1))).toUpperCase()], 401],
    ['two, the good one first', [sign(JSON.stringify(issueOpened(1))), sign('x')], 400],
    ['two, the good one last', [sign('x'), sign(JSON.stringify(issueOpened(1)))], 400],
  ])('refuses %s, with a constant answer, and records nothing', async (_what, signatures, status) => {
    const before = await recordedCount()
    const answer = await sendRaw(rouse.url, delivery({ signatures }))
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.body)).toEqual({ status: status === 401 ? 'unauthorized' : 'bad request' })
    expect(await recordedCount()).toBe(before)
  })

  it.each<[string, Buffer | string]>([
    ['invalid UTF-8', Buffer.from('{"action":"\xff\xfe"}', 'latin1')],
    ['65 levels', `${'['.repeat(65)}${']'.repeat(65)}`],
    ['a million levels', '['.repeat(900_000)],
    ['the same key twice', '{"action":"closed","action":"opened","issue":{"number":1}}'],
    ['a hundred thousand and one values', `[${'1,'.repeat(100_001)}1]`],
    ['no JSON at all', 'hello'],
    ['nothing', ''],
    ['a byte order mark', '\ufeff{}'],
    ['a list', '[1,2]'],
  ])('answers 400 to a signed body of %s, keeps its bytes, and wakes nobody', async (_what, body) => {
    const before = await recordedCount()
    const malformed = (await rouse.ledger.counts()).deliveries.malformed
    const answer = await sendRaw(rouse.url, delivery({ body }))
    expect(answer.status).toBe(400)
    expect(await recordedCount()).toBe(before)
    expect((await rouse.ledger.counts()).deliveries.malformed).toBe(malformed + 1)
  })

  it('keeps __proto__ as an ordinary key and every digit of a large number', async () => {
    const body =
      '{"action":"opened","__proto__":{"polluted":true},"issue":{"number":7,"id":12345678901234567890},"repository":{"full_name":"acme/web"}}'
    const { body: answer } = await sendGithub(rouse.url, 'issues', body)
    const event = await rouse.ledger.event(answer.events?.[0] ?? '')
    expect(Object.hasOwn(event?.data as object, '__proto__')).toBe(true)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(event?.data).toMatchObject({ issue: { id: 12345678901234567890n } })
  })

  it('records an event of a type that it does not know', async () => {
    const { status } = await sendGithub(rouse.url, 'something_new', { anything: 1 })
    expect(status).toBe(202)
  })

  it('answers 413 to a body that is announced too large, without reading it', async () => {
    const head = 'POST /hooks/small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000000\r\n\r\n'
    const answer = await sendRaw(rouse.url, head)
    expect(answer.status).toBe(413)
    expect(answer.headers['connection']).toBe('close')
  })

  it('answers 413 to a chunked body as soon as it is too large', async () => {
    const head = 'POST /hooks/small HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n'
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`
    expect((await sendRaw(rouse.url, [head, chunk, chunk, chunk])).status).toBe(413)
  })

  it('does not run a request that is smuggled behind a body it refused', async () => {
    const before = await recordedCount()
    const smuggled = delivery({ body: JSON.stringify(issueOpened(666)) })
    const head = 'POST /hooks/small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n'
    const answer = await sendRaw(rouse.url, [head, smuggled])
    expect(answer.status).toBe(413)
    expect(await recordedCount()).toBe(before)
  })

  it.each(['gzip', 'br', 'deflate', 'zstd', 'gzip, gzip'])('answers 415 to %s', async (encoding) => {
    const answer = await sendRaw(rouse.url, delivery({ headers: [`Content-Encoding: ${encoding}`] }))
    expect(answer.status).toBe(415)
  })

  it('refuses both framings at once', async () => {
    const answer = await sendRaw(
      rouse.url,
      'POST /hooks/ci HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    )
    expect(answer.status).toBe(400)
    expect(answer.isClosed).toBe(true)
  })

  it('answers 431 to too many headers', async () => {
    const answer = await sendRaw(rouse.url, delivery({ headers: [`X-Padding: ${'x'.repeat(20_000)}`] }))
    expect(answer.status).toBe(431)
  })

  it('records nothing of a sender that leaves in the middle', async () => {
    const before = await recordedCount()
    const whole = delivery({ body: JSON.stringify(issueOpened(777)) })
    const { connect } = await import('node:net')
    await new Promise<void>((resolve) => {
      const socket = connect(Number(new URL(rouse.url).port), '127.0.0.1', () => {
        socket.write(whole.subarray(0, whole.length - 5))
        socket.end()
      })
      socket.on('close', () => resolve())
      socket.resume()
    })
    expect(await recordedCount()).toBe(before)
  })

  it('limits a flood of refused deliveries and still takes verified ones from the same address', async () => {
    const statuses = new Set<number>()
    for (let at = 0; at < 160; at++)
      statuses.add((await sendGithub(rouse.url, 'issues', issueOpened(1), { secret: 'x'.repeat(20) })).status)
    expect(statuses).toEqual(new Set([401, 429]))
    expect((await sendGithub(rouse.url, 'issues', issueOpened(4242))).status).toBe(202)
  })
})
