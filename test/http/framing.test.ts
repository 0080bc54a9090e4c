import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRaw } from '../support/raw.js'
import { githubSecret, type Rouse, startRouse } from '../support/rouse.js'
import { until } from '../support/wait.js'
import { chunked, forged, type SignedOptions, signed } from './signed.js'

/** Requests whose end two readers could see in two places, over raw sockets against the whole daemon. */

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

/** Sends, waits for the close, and says what was answered and how many events came of it. */
async function sent(bytes: string | Buffer): Promise<{ statuses: number[]; recorded: number }> {
  const before = await recordedCount()
  const stream = openRaw(rouse.url, bytes)
  await until('the close', stream.isClosed)
  // What was begun before this one is in the ledger when this one is.
  const last = openRaw(rouse.url, signed())
  await until('another delivery', () => last.statuses()[0] === 202)
  last.socket.destroy()
  return { statuses: stream.statuses(), recorded: (await recordedCount()) - before - 1 }
}

/** Each would be an event if it were taken: its signature is right over the bytes of its body. */
const faulty: [string, SignedOptions][] = [
  ['CL and TE', { headers: ['Transfer-Encoding: chunked'], framed: chunked }],
  ['TE and CL', { framing: ['Transfer-Encoding: chunked', 'Content-Length: 4'], framed: chunked }],
  ...[
    'xchunked',
    'identity',
    'chunked, identity',
    'identity, chunked',
    'gzip, chunked',
    'x, chunked',
    'chunked, chunked',
    'chunked\x0b',
    '\x0bchunked',
    '"chunked"',
    'chunked;q=1',
    'chunked,',
    ',chunked',
    '',
  ].map((coding): [string, SignedOptions] => [
    `Transfer-Encoding: ${JSON.stringify(coding)}`,
    { framing: [`Transfer-Encoding: ${coding}`], framed: chunked },
  ]),
  ...[
    ['chunked', 'identity'],
    ['identity', 'chunked'],
    ['chunked', 'chunked'],
    ['x', 'chunked'],
  ].map((codings): [string, SignedOptions] => [
    `two Transfer-Encodings: ${codings.join(' and ')}`,
    { framing: codings.map((coding) => `Transfer-Encoding: ${coding}`), framed: chunked },
  ]),
  ['a space before the colon of TE', { framing: ['Transfer-Encoding : chunked'], framed: chunked }],
  ['TE on a line of its own', { framing: ['Transfer-Encoding:', ' chunked'], framed: chunked }],
  ['TE after a bare LF', { framing: ['X-A: b\nTransfer-Encoding: chunked'], framed: chunked }],
  ['TE after a bare CR', { framing: ['X-A: b\rTransfer-Encoding: chunked'], framed: chunked }],
  [
    'chunked of an HTTP/1.0 sender',
    { version: 'HTTP/1.0', framing: ['Transfer-Encoding: chunked'], framed: chunked },
  ],
  ...['-1', '+5', '0x5', '5 5', '5,5', '5, 5', '1e3', '5.0', '', '99999999999999999999', '5;'].map(
    (length): [string, SignedOptions] => [
      `Content-Length: ${JSON.stringify(length)}`,
      { framing: [`Content-Length: ${length}`], body: 'hello' },
    ],
  ),
  ['the same length twice', { framing: ['Content-Length: 5', 'Content-Length: 5'], body: 'hello' }],
  ['two lengths', { framing: ['Content-Length: 5', 'Content-Length: 6'], body: 'hello' }],
  ['a space before the colon of the length', { framing: ['Content-Length : 5'], body: 'hello' }],
  ['a folded length', { framing: ['Content-Length:', ' 5'], body: 'hello' }],
  ['a folded header', { headers: ['X-A: b', ' c'] }],
  ['a space before a colon', { headers: ['X-A : b'] }],
  ['a line without a colon', { headers: ['garbage'] }],
  ['a header without a name', { headers: [': x'] }],
  ['NUL in a header', { headers: ['X-A: b\0c'] }],
  ['a bare LF between headers', { headers: ['X-A: b\nX-C: d'] }],
  ['two hosts', { host: ['Host: localhost', 'Host: localhost'] }],
  ['no host', { host: [] }],
  ['two hosts of an HTTP/1.0 sender', { version: 'HTTP/1.0', host: ['Host: a', 'Host: b'] }],
]

/** A body that is right but for how its chunks are put. */
const faultyChunks: [string, (size: string, body: string) => string][] = [
  ['LF after the size', (size, body) => `${size}\n${body}\r\n0\r\n\r\n`],
  ['LF only', (size, body) => `${size}\n${body}\n0\n\n`],
  ['CR only', (size, body) => `${size}\r${body}\r0\r\r`],
  ['LF in an extension', (size, body) => `${size};a\nb\r\n${body}\r\n0\r\n\r\n`],
  ['a size with 0x', (size, body) => `0x${size}\r\n${body}\r\n0\r\n\r\n`],
  ['a size with +', (size, body) => `+${size}\r\n${body}\r\n0\r\n\r\n`],
  ['a size below 0', (size, body) => `-${size}\r\n${body}\r\n0\r\n\r\n`],
  ['a space before the size', (size, body) => ` ${size}\r\n${body}\r\n0\r\n\r\n`],
  ['a space after the size', (size, body) => `${size} \r\n${body}\r\n0\r\n\r\n`],
  ['a size of 68 bits', (size, body) => `10000000000000000${size}\r\n${body}\r\n0\r\n\r\n`],
  ['no size', (_size, body) => `\r\n${body}\r\n0\r\n\r\n`],
  ['a chunk longer than its size', (size, body) => `${size}\r\n${body}x\r\n0\r\n\r\n`],
  ['a length among the trailers', (size, body) => `${size}\r\n${body}\r\n0\r\nContent-Length: 5\r\n\r\n`],
  ['TE among the trailers', (size, body) => `${size}\r\n${body}\r\n0\r\nTransfer-Encoding: x\r\n\r\n`],
]

describe('a request whose end is not certain', () => {
  it.each(faulty)('is refused, and nothing behind it is read: %s', async (_what, options) => {
    const { statuses, recorded } = await sent(Buffer.concat([signed(options), signed()]))
    expect(statuses).toEqual([400])
    expect(recorded).toBe(0)
  })

  it.each(faultyChunks)('is refused, and nothing behind it is read: %s', async (_what, frame) => {
    const framed = (body: Buffer) => frame(body.length.toString(16), body.toString('latin1'))
    const options = { framing: ['Transfer-Encoding: chunked'], framed }
    const { statuses, recorded } = await sent(Buffer.concat([signed(options), signed()]))
    expect(statuses).toEqual([400])
    expect(recorded).toBe(0)
  })

  it.each<[string, number, string]>([
    ['20 KB of extensions', 413, `;${'a'.repeat(20_000)}`],
    ['endless extensions', 413, `;${'a=b;'.repeat(50_000)}`],
  ])('or that has %s is refused with %i', async (_what, status, extension) => {
    const framed = (body: Buffer) => `${body.length.toString(16)}${extension}\r\n${body}\r\n0\r\n\r\n`
    const { statuses, recorded } = await sent(signed({ framing: ['Transfer-Encoding: chunked'], framed }))
    expect([statuses, recorded]).toEqual([[status], 0])
  })

  it('or that has 160 KB of trailers is refused with 431', async () => {
    const framed = (body: Buffer) =>
      `${body.length.toString(16)}\r\n${body}\r\n0\r\n${'X-A: b\r\n'.repeat(20_000)}\r\n`
    const { statuses } = await sent(signed({ framing: ['Transfer-Encoding: chunked'], framed }))
    expect(statuses).toEqual([431])
  })

  it.each<[string, SignedOptions]>([
    ['by length', {}],
    ['in one chunk', { framing: ['Transfer-Encoding: chunked'], framed: chunked }],
    ['in chunks, in upper case', { framing: ['TRANSFER-ENCODING: CHUNKED'], framed: chunked }],
    [
      'in chunks of one byte with extensions',
      {
        framing: ['Transfer-Encoding: chunked'],
        framed: (body) =>
          `${[...body].map((byte) => `1;a=b\r\n${String.fromCharCode(byte)}\r\n`).join('')}0\r\n\r\n`,
      },
    ],
    ['of an HTTP/1.0 proxy', { version: 'HTTP/1.0' }],
  ])('is not what is framed plainly: %s', async (_what, options) => {
    const { statuses, recorded } = await sent(signed({ headers: ['Connection: close'], ...options }))
    expect([statuses, recorded]).toEqual([[202], 1])
  })
})

describe('what stands behind a request in its stream', () => {
  it('is another request, where the first was taken', async () => {
    const { statuses, recorded } = await sent(
      Buffer.concat([signed(), signed(), signed({ headers: ['Connection: close'] })]),
    )
    expect([statuses, recorded]).toEqual([[202, 202, 202], 3])
  })

  it.each<[string, number, Buffer | string]>([
    ['a wrong signature', 401, forged()],
    ['another method', 405, signed({ start: 'PUT /hooks/ci' })],
    ['another path', 404, signed({ start: 'POST /hooks/no' })],
    ['the admin’s path', 404, 'GET /admin HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an encoding', 415, signed({ headers: ['Content-Encoding: gzip'] })],
    ['a body that is no JSON', 400, signed({ body: 'hello' })],
    ['a backslash in the target', 400, signed({ start: 'POST /hooks\\ci' })],
    ['a whole body announced too large', 413, signed({ start: 'POST /hooks/small', body: 'x'.repeat(2000) })],
    [
      'a whole chunked body that is too large',
      413,
      signed({
        start: 'POST /hooks/small',
        body: 'x'.repeat(2000),
        framing: ['Transfer-Encoding: chunked'],
        framed: chunked,
      }),
    ],
    ['an expectation that nobody knows', 417, signed({ headers: ['Expect: 200-ok'] })],
    ['an offer to change the protocol', 202, signed({ headers: ['Connection: Upgrade', 'Upgrade: h2c'] })],
  ])('is never begun after %s (%i)', async (_what, status, refused) => {
    const { statuses, recorded } = await sent(Buffer.concat([Buffer.from(refused), signed(), signed()]))
    expect(statuses).toEqual([status])
    expect(recorded).toBe(status === 202 ? 1 : 0)
  })

  it('is not begun before the first is answered, also when all of it is there', async () => {
    const first = signed()
    const { statuses, recorded } = await sent(
      Buffer.concat([first, first, forged(), signed({ headers: ['Connection: close'] })]),
    )
    // The second is known to be a duplicate because the first was recorded before it was looked at.
    expect([statuses, recorded]).toEqual([[202, 200, 401], 1])
  })
})
