import { createHmac } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRaw } from '../support/raw.js'
import { githubSecret, type Rouse, startRouse } from '../support/rouse.js'
import { until } from '../support/wait.js'
import { sign, signed } from './signed.js'

/** Signatures of three schemes as attackers put them, over raw sockets against the whole daemon. */

const stripeSecret = 'whsec_q8Zt3LmV5xRk1JdP7yWn'
const standardSecret = `whsec_${Buffer.from('vN4hK9sT2bQe7XcR5mZj8Lw0').toString('base64')}`
const zeros = '0'.repeat(64)
const seconds = () => Math.floor(Date.now() / 1000)

let rouse: Rouse
let directory: string
let number = 0

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-signatures-'))
  await writeFile(join(directory, 'github-secret'), `${githubSecret}\n`, { mode: 0o600 })
  const config = `sources:
  ci: { kind: github, secret: "\${file:${join(directory, 'github-secret')}}" }
  pay: { kind: stripe, secret: "${stripeSecret}" }
  std: { kind: standard-webhooks, secret: "${standardSecret}" }
`
  rouse = await startRouse({ directory, config })
})
afterAll(async () => {
  await rouse.stop()
  await rm(directory, { recursive: true, force: true })
})

async function statusOf(bytes: Buffer): Promise<number | undefined> {
  const stream = openRaw(rouse.url, bytes)
  await until('the answer', () => stream.statuses().length > 0 || stream.isClosed())
  stream.socket.destroy()
  return stream.statuses()[0]
}

async function recordedCount(): Promise<number> {
  const { events } = await rouse.ledger.counts()
  return events.recorded + events.dispatched + events.ignored
}

function request(path: string, headers: readonly string[], body: string): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    ...headers,
    `Content-Length: ${body.length}`,
    '\r\n',
  ]
  return Buffer.from(head.join('\r\n') + body)
}

const stripeBody = () =>
  JSON.stringify({
    id: `evt_${++number}`,
    object: 'event',
    type: 'charge.failed',
    created: seconds(),
    data: { object: {} },
  })
const stripeDigest = (time: string, body: string) =>
  createHmac('sha256', stripeSecret).update(`${time}.${body}`).digest('hex')

/** A delivery whose signature is right for the time that it says, and what stands around it in the header. */
function stripe(header: (time: string, right: string) => string, time = String(seconds())): Buffer {
  const body = stripeBody()
  return request('/hooks/pay', [`Stripe-Signature: ${header(time, stripeDigest(time, body))}`], body)
}

function standard(header: (right: string) => string, time = String(seconds())): Buffer {
  const body = '{"type":"a.b","data":{}}'
  const id = `msg_${++number}`
  const key = Buffer.from(standardSecret.slice('whsec_'.length), 'base64')
  const right = createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64')
  return request(
    '/hooks/std',
    [`webhook-id: ${id}`, `webhook-timestamp: ${time}`, `webhook-signature: ${header(right)}`],
    body,
  )
}

describe('a signature', () => {
  it.each([
    '',
    ' ',
    '\t',
    'sha256=',
    'sha256',
    '=',
    'sha256=zz',
    'sha256=ab',
    `sha256=${'a'.repeat(63)}`,
    `0x${zeros}`,
  ])('of GitHub that is empty or no digest is refused: %j', async (signature) => {
    expect(await statusOf(signed({ signature }))).toBe(401)
  })

  it('of GitHub by another hash, in another spelling or beside another is refused', async () => {
    const body = '{"action":"opened"}'
    const right = sign(body)
    const sha1 = createHmac('sha1', githubSecret).update(body).digest('hex')
    for (const signature of [
      `sha1=${sha1}`,
      sha1,
      right.replace('sha256=', 'sha512='),
      right.replace('sha256=', ''),
      right.toUpperCase(),
      `${right}0`,
      `${right}, ${right}`,
      `${right},sha256=${zeros}`,
    ])
      expect([signature, await statusOf(signed({ body, signature }))]).toEqual([signature, 401])
  })

  it.each([0, 2, 4])('is found in a list of five, at place %i', async (place) => {
    const among = (wrong: string, right: string) =>
      Array.from({ length: 5 }, (_none, at) => (at === place ? right : wrong))
    expect(
      await statusOf(stripe((time, right) => [`t=${time}`, ...among(`v1=${zeros}`, `v1=${right}`)].join())),
    ).toBe(202)
    const other = `v1,${Buffer.alloc(32).toString('base64')}`
    expect(await statusOf(standard((right) => among(other, `v1,${right}`).join(' ')))).toBe(202)
  })

  it('is not looked for in a list of two hundred', async () => {
    const many = Array.from({ length: 200 }, () => `v1=${zeros}`).join()
    expect(await statusOf(stripe((time, right) => `t=${time},${many},v1=${right}`))).toBe(401)
    const others = Array.from({ length: 200 }, () => `v1,${Buffer.alloc(32).toString('base64')}`).join(' ')
    expect(await statusOf(standard((right) => `${others} v1,${right}`))).toBe(401)
  })

  it.each([
    (time: string, right: string) => `t=${time},v0=${right}`,
    (time: string, right: string) => `t=${time},v2=${right}`,
    (time: string, right: string) => `t=${time},${right}`,
    (_time: string, right: string) => `v1=${right}`,
    (time: string) => `t=${time},v1=`,
    (time: string) => `t=${time}`,
    () => 't=1,v1=',
    () => '',
    (time: string, right: string) => `t=${time},t=${Number(time) + 1},v1=${right}`,
  ])(
    'of Stripe of another version, without its parts or with two times is refused: case %#',
    async (header) => {
      expect(await statusOf(stripe(header))).toBe(401)
    },
  )

  it.each([
    (right: string) => `v0,${right}`,
    (right: string) => `v1a,${right}`,
    (right: string) => `none,${right}`,
    (right: string) => right,
    () => 'v1,',
    () => '',
  ])('of Standard Webhooks of another version or without its parts is refused: case %#', async (header) => {
    expect(await statusOf(standard(header))).toBe(401)
  })

  it('comes in one header: two are answered 400, whichever is right', async () => {
    const time = String(seconds())
    const body = stripeBody()
    const right = `Stripe-Signature: t=${time},v1=${stripeDigest(time, body)}`
    const wrong = `Stripe-Signature: t=${time},v1=${zeros}`
    for (const headers of [
      [right, wrong],
      [wrong, right],
      [right, right],
      [right, right.toLowerCase()],
    ])
      expect(await statusOf(request('/hooks/pay', headers, body))).toBe(400)
  })
})

describe('a time', () => {
  const odd = [
    ...['NaN', '', ' ', '1e9', 'Infinity', '-1', '0', '1700000000abc', '0x65000000', '１７００００００００'],
    ...[() => String(seconds() - 302), () => String(seconds() + 302), () => String(Date.now())],
    ...[() => `${seconds()}.0`, () => `+${seconds()}`, () => `-${seconds()}`, () => `${seconds()} `],
  ].map((text) => (typeof text === 'function' ? text : () => text))

  it.each(odd)('that is stale, ahead or none is refused though it is signed: case %#', async (time) => {
    const text = time()
    const before = await recordedCount()
    expect([400, 401]).toContain(await statusOf(stripe((_time, right) => `t=${text},v1=${right}`, text)))
    expect([400, 401]).toContain(await statusOf(standard((right) => `v1,${right}`, text)))
    expect(await recordedCount()).toBe(before)
  })

  it('within five minutes is taken', async () => {
    for (const shift of [-290, 0, 290])
      expect(await statusOf(standard((right) => `v1,${right}`, String(seconds() + shift)))).toBe(202)
  })
})

describe('a replay', () => {
  it('of a signed body under ids that are new is no second event', async () => {
    const body = '{"action":"opened","issue":{"id":77,"number":77},"repository":{"full_name":"acme/web"}}'
    expect(await statusOf(signed({ body }))).toBe(202)
    const before = await recordedCount()
    for (let at = 0; at < 5; at++) expect(await statusOf(signed({ body }))).toBe(200)
    expect(await recordedCount()).toBe(before)
  })
})

describe('a secret', () => {
  it('that is changed in its file counts from then on, and the old one no longer', async () => {
    const body = '{"action":"opened","issue":{"id":78,"number":78},"repository":{"full_name":"acme/web"}}'
    const next = 'w3Nf8Jz5qYt1Vd6Rk9Hb'
    const signature = `sha256=${createHmac('sha256', next).update(body).digest('hex')}`
    expect(await statusOf(signed({ body, signature }))).toBe(401)
    await writeFile(join(directory, 'github-secret'), `${next}\n`)
    await until('the reload', () => rouse.log.some((line) => line.includes('configuration reloaded')))
    expect(await statusOf(signed({ body, signature }))).toBe(202)
    expect(await statusOf(signed())).toBe(401)
    await writeFile(join(directory, 'github-secret'), `${githubSecret}\n`)
    await until(
      'another',
      () => rouse.log.filter((line) => line.includes('configuration reloaded')).length === 2,
    )
  })
})

describe('the log', () => {
  it('has one line for each thing, no control characters, no body, no signature and no credential', async () => {
    const canary = 'CANARY4711'
    const hostile = `${canary}\r\n{"level":"info"}\u001b]52;c;aGk=\u0007\u001b]8;;https://evil.example\u0007\u202e\u2066`
    const issue = { id: 79, number: 79, title: hostile, body: 'x'.repeat(500_000), user: { login: hostile } }
    const body = JSON.stringify({ action: 'opened', issue, repository: { full_name: 'acme/web' } })
    const secretHeaders = [`Authorization: Bearer ${canary}`, `Cookie: s=${canary}`, `X-Api-Key: ${canary}`]
    expect(await statusOf(signed({ body, headers: secretHeaders }))).toBe(202)
    expect(await statusOf(signed({ body, headers: secretHeaders, signature: `sha256=${canary}` }))).toBe(401)
    expect(await statusOf(signed({ body: `{"a":"${canary}"`, headers: secretHeaders }))).toBe(400)
    expect(await statusOf(signed({ start: `POST /hooks/${canary}` }))).toBe(404)
    await until('the lines', () => rouse.log.some((line) => line.includes('malformed')))
    for (const line of rouse.log) {
      expect(line.trimEnd()).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u)
      expect(() => JSON.parse(line)).not.toThrow()
      expect(line).not.toContain(canary)
      expect(line).not.toContain(githubSecret)
      expect(line.length).toBeLessThan(2000)
    }
  })
})
