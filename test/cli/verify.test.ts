import { createHmac } from 'node:crypto'
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { rouse, type Said } from './filled-ledger.js'
import { now } from './recorded.js'

const secrets = {
  STRIPE_WEBHOOK_SECRET: 'whsec_8f1b2c3d4e5f60718293a4b5c6d7e8f9',
  STRIPE_TEST_SECRET: 'whsec_0a1b2c3d4e5f60718293a4b5c6d7e8f9',
  CI_SECRET: '8f1b2c3d4e5f60718293a4b5c6d7e8f9',
  CLERK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  SQUARE_KEY: 'Ibxx_5AKakO-3qeNVR61Dw',
  BOT_TOKEN: 'tg-0f9e8d7c6b5a49382716',
}

const config = `
version: 1
server: { hooks: "127.0.0.1:0", admin: off, public_url: "https://hooks.example.com" }
store: sqlite:./rouse.db
models: { default: { base_url: "scripted:", model: none } }
sources:
  payments: { kind: stripe, secret: ["\${STRIPE_WEBHOOK_SECRET}", whsec_ffeeddccbbaa99887766554433221100] }
  payments-test: { kind: stripe, secret: "\${STRIPE_TEST_SECRET}" }
  ci: { kind: github, secret: "\${CI_SECRET}" }
  users: { kind: standard-webhooks, secret: "\${CLERK_SECRET}" }
  tasks: { kind: asana, secret_file: ./secrets/asana, registration: "\${CI_SECRET}" }
  shop: { kind: square, secret: "\${SQUARE_KEY}" }
  bot: { kind: custom, verify: { scheme: token, header: x-bot-token, secret: "\${BOT_TOKEN}" } }
  signs-time: { kind: schedule, cron: "0 7 * * *", timezone: UTC }
`

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-verify-'))
  await writeFile(join(directory, 'config.yaml'), config)
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const seconds = Math.floor(now / 1000)
const event =
  '{"id":"evt_1","type":"charge.dispute.created","data":{"object":{"id":"du_1","note":"h\u00e9/x"}}}'

function hex(secret: string | Buffer, text: string | Buffer, hash = 'sha256'): string {
  return createHmac(hash, secret).update(text).digest('hex')
}

interface Sent {
  readonly path?: string
  readonly headers: readonly string[]
  readonly body: string | Buffer
  readonly lineEnd?: string
}

async function verify(
  { path = '/hooks/payments', headers, body, lineEnd = '\r\n' }: Sent,
  ...more: string[]
): Promise<Said> {
  const head = [`POST ${path} HTTP/1.1`, ...headers, '', ''].join(lineEnd)
  await writeFile(join(directory, 'captured.http'), Buffer.concat([Buffer.from(head), Buffer.from(body)]))
  return run('captured.http', ...more)
}

const run = (...argv: string[]): Promise<Said> =>
  rouse({ directory }, ['verify', ...argv], { environment: secrets })

function stripe(body: string | Buffer, signature: string, more: Partial<Sent> = {}): Sent {
  return { headers: [`Stripe-Signature: t=${seconds},v1=${signature}`], body, ...more }
}

const signed = (body: string, secret: string | Buffer = secrets.STRIPE_WEBHOOK_SECRET) =>
  hex(secret, `${seconds}.${body}`)

describe('a request that verifies', () => {
  test.each(['\r\n', '\n'])('is told step by step, whatever its lines end with (%j)', async (lineEnd) => {
    const signature = signed(event)
    const { out, code } = await verify(stripe(event, signature, { lineEnd }))
    expect(code).toBe(0)
    expect(out).toContain(`signature (stripe-signature): t=${seconds},v1=${signature.slice(0, 8)}…`)
    expect(out).toContain(`STRIPE_WEBHOOK_SECRET gives ${signature.slice(0, 8)}…`)
    expect(out).toContain('secret 2 of payments gives')
    expect(out).toContain(
      'It verifies with STRIPE_WEBHOOK_SECRET. It is charge.dispute.created evt_1 about du_1.',
    )
  })

  test('comes from standard input, and its body from a file beside it', async () => {
    await writeFile(join(directory, 'body.json'), event)
    const text = `# from the proxy\n\nPOST /hooks/payments\nstripe-signature: t=${seconds},v1=${signed(event)}\n\n< body.json\n`
    const io = { environment: secrets, readInput: async () => Buffer.from(text) }
    const { out, code } = await rouse({ directory }, ['verify', '-'], io)
    expect([out, code]).toEqual([expect.stringContaining('It verifies'), 0])
  })

  test('with a token says of the token nothing but that it is right', async () => {
    const headers = [`X-Bot-Token: ${secrets.BOT_TOKEN}`]
    const { out, code } = await verify({ path: '/hooks/bot', headers, body: '{}' })
    expect(code).toBe(0)
    expect(out).toContain('BOT_TOKEN is what was sent')
    expect(out).not.toContain('tg-0')
  })

  test('and has no event in it is told apart', async () => {
    const { out, code } = await verify(stripe('hello', signed('hello')))
    expect([code, out]).toEqual([
      0,
      expect.stringContaining('but there is no event in it, and the daemon answers 400'),
    ])
  })
})

describe('a request that does not verify says what would', () => {
  const re = JSON.stringify(JSON.parse(event), null, 2)
  const raw = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')
  const standard = (key: string | Buffer, names = 'webhook') => ({
    path: '/hooks/users',
    headers: [
      `${names}-id: msg_1`,
      `${names}-timestamp: ${seconds}`,
      `${names}-signature: v1,${createHmac('sha256', key).update(`msg_1.${seconds}.{}`).digest('base64')}`,
    ],
    body: '{}',
  })

  test.each<[string, Sent, string]>([
    [
      'a line break at the end',
      stripe(`${event}\n`, signed(event)),
      'without the line break at the end of the body',
    ],
    ['one that was lost', stripe(event, signed(`${event}\n`)), 'with a line break (LF) at the end'],
    ['CRLF for LF', stripe(re.replaceAll('\n', '\r\n'), signed(re)), 'with LF for each CRLF'],
    ['LF for CRLF', stripe(re, signed(re.replaceAll('\n', '\r\n'))), 'with CRLF for each LF'],
    ['re-formatted JSON', stripe(re, signed(event)), 'with the body’s JSON minified'],
    ['minified JSON', stripe(event, signed(re)), 'with the body’s JSON indented by 2'],
    [
      'JSON as Python writes it',
      stripe('{"a":1,"b":"x:y,\u00e9"}', signed('{"a": 1, "b": "x:y,\\u00e9"}')),
      'with a space behind each comma and colon (Python) and \\u escapes',
    ],
    ['escaped slashes', stripe(event, signed(event.replaceAll('/', '\\/'))), 'escaped slashes (PHP)'],
    ['a byte order mark', stripe(`\ufeff${event}`, signed(event)), 'without the byte order mark'],
    [
      'the secret without its prefix',
      stripe(event, signed(event, secrets.STRIPE_WEBHOOK_SECRET.slice(6))),
      'STRIPE_WEBHOOK_SECRET taken as text without its prefix',
    ],
    [
      'the secret as hex',
      {
        path: '/hooks/ci',
        headers: [`X-Hub-Signature-256: sha256=${hex(Buffer.from(secrets.CI_SECRET, 'hex'), '{}')}`],
        body: '{}',
      },
      'CI_SECRET taken as hex',
    ],
    [
      'the secret with a line break',
      stripe(event, signed(event, `${secrets.STRIPE_WEBHOOK_SECRET}\n`)),
      'with a line break behind it',
    ],
    ['the secret as text', standard(secrets.CLERK_SECRET), 'CLERK_SECRET taken as text'],
    [
      'the secret of test for live',
      stripe(event, signed(event, secrets.STRIPE_TEST_SECRET)),
      'STRIPE_TEST_SECRET, which is configured for the source payments-test',
    ],
    ['capitals', stripe(event, signed(event).toUpperCase()), 'stripe-signature in lower case'],
    [
      'a prefix that is missing',
      { path: '/hooks/ci', headers: [`X-Hub-Signature-256: ${hex(secrets.CI_SECRET, '{}')}`], body: '{}' },
      'x-hub-signature-256 with sha256= before it',
    ],
    [
      'another header name',
      { path: '/hooks/ci', headers: [`X-Signature: sha256=${hex(secrets.CI_SECRET, '{}')}`], body: '{}' },
      'x-signature under the name x-hub-signature-256',
    ],
    ['names as a log has them', standard(raw, 'HTTP_WEBHOOK'.toLowerCase()), 'without HTTP_'],
    [
      'a header twice',
      { headers: [`Stripe-Signature: t=${seconds},v1=${signed(event)}`, 'Stripe-Signature: x'], body: event },
      'only the first of the stripe-signature headers',
    ],
    [
      'a secret with the wrong encoding and a line break at once',
      stripe(`${event}\n`, signed(event, secrets.STRIPE_WEBHOOK_SECRET.slice(6))),
      'without its prefix',
    ],
  ])('%s', async (_what, sent, says) => {
    const { out, code } = await verify(sent)
    expect(code).toBe(1)
    expect(out.replace(/\s+/g, ' ')).toContain(`It would verify`)
    expect(out.replace(/\s+/g, ' ')).toContain(says)
  })

  test.each([
    'http://hooks.example.com/hooks/shop',
    'https://hooks.example.com:443/hooks/shop',
    'https://hooks.example.com/hooks/shop/',
    'https://tunnel.example.net/hooks/shop',
    'https://hooks.example.com/hooks/shop?from=square',
  ])('of a URL that is registered otherwise: %s', async (url) => {
    const path = url.includes('?') ? '/hooks/shop?from=square' : '/hooks/shop'
    const signature = createHmac('sha256', secrets.SQUARE_KEY).update(`${url}{}`).digest('base64')
    const headers = ['Host: tunnel.example.net', `x-square-hmacsha256-signature: ${signature}`]
    const { out, code } = await verify({ path, headers, body: '{}' })
    expect(code).toBe(1)
    expect(out.replace(/\s+/g, ' ')).toContain(
      `with the URL ${url}, where this source has https://hooks.example.com/hooks/shop`,
    )
  })

  test('nothing, where nothing would', async () => {
    const { out, code } = await verify(stripe(event, '0'.repeat(64)))
    expect(code).toBe(1)
    expect(out).toMatch(/None of [\d,]+ variations/)
    expect(out).toContain('(verification.signature_mismatch)')
  })
})

test('the clock is set with --at, and of a stale request it says which time would do', async () => {
  const sent = stripe(event, signed(event))
  expect((await verify(sent, '--at', '2026-11-21T07:04:59Z')).code).toBe(0)
  const { out, code } = await verify(sent, '--at', '2026-11-21T09:00:00Z')
  expect(code).toBe(1)
  expect(out).toContain('2h before the clock')
  expect(out).toContain('--at 2026-11-21T07:00:00.000Z')
  expect((await verify(sent, '--at', 'yesterday')).code).toBe(2)
})

test('--json has the same in one document', async () => {
  const { out, code } = await verify(stripe(`${event}\n`, signed(event)), '--json')
  expect(code).toBe(1)
  expect(JSON.parse(out)).toMatchObject({
    source: 'payments',
    verifies: false,
    steps: [
      { step: 'found' },
      { step: 'found' },
      { step: 'signed', bytes: Buffer.byteLength(event) + 12 },
      {
        step: 'tried',
        secret: 'STRIPE_WEBHOOK_SECRET',
        matches: false,
        found: [`${signed(event).slice(0, 8)}…`],
      },
      { step: 'tried', secret: 'secret 2 of payments' },
      { step: 'clock', difference_ms: 0 },
    ],
    error: { code: 'verification.signature_mismatch' },
    would_verify: [expect.stringContaining('line break')],
  })
})

test.each<[string, string[], string]>([
  ['a source that there is not', ['captured.http', '--source', 'payment'], 'Did you mean'],
  ['a source to which nothing is sent', ['captured.http', '--source', 'signs-time'], 'comes by the clock'],
])('%s is a usage error', async (_what, argv, says) => {
  await writeFile(join(directory, 'captured.http'), 'POST /x HTTP/1.1\n\n{}')
  const { err, code } = await run(...argv)
  expect([code, err]).toEqual([2, expect.stringContaining(says)])
})

test('what is no request says in which line', async () => {
  await writeFile(join(directory, 'captured.http'), 'POST /x HTTP/1.1\nhost: x\nno header\n\n{}')
  const { err, code } = await run('captured.http', '--source', 'ci')
  expect([code, err]).toEqual([1, expect.stringContaining('captured.http:3: expected a header')])
})

test('keeps no secret that a captured first request hands over', async () => {
  const path = `/hooks/tasks?registration=${secrets.CI_SECRET}`
  const said = await verify({ path, headers: [`X-Hook-Secret: ${secrets.STRIPE_TEST_SECRET}`], body: '{}' })
  expect(said.out).not.toContain(secrets.STRIPE_TEST_SECRET)
  await expect(access(join(directory, 'secrets'))).rejects.toThrow('ENOENT')
})
