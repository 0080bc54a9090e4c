import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { guard } from '../../src/admin/guard.js'
import { sendRaw } from '../support/raw.js'
import { type AdminSetting, bearer, type Sent, startSetting } from './setting.js'

let setting: AdminSetting

beforeEach(async () => {
  setting = await startSetting()
})

afterEach(() => setting.stop())

const approvePath = () => `/api/approvals/${setting.ledger.approvalId}/approve`

/** What a script of our own page would send with its cookie; `headers` change it. */
async function approval(headers: Record<string, string> = {}): Promise<Sent> {
  return {
    method: 'POST',
    path: approvePath(),
    headers: {
      'Content-Type': 'application/json',
      Origin: `http://${setting.host}`,
      'Sec-Fetch-Site': 'same-origin',
      Cookie: await setting.logIn(setting.approveToken),
      ...headers,
    },
    body: JSON.stringify({ digest: setting.ledger.approvalDigest }),
  }
}

const state = async () => (await setting.ledger.store.approval(setting.ledger.approvalId))?.state

describe('the guard (A089, R053, R055)', () => {
  it('lets our own page approve', async () => {
    const { status } = await setting.send(await approval())
    expect([status, await state()]).toEqual([200, 'approved'])
  })

  it('lets a program approve with a bearer token and nothing of a browser', async () => {
    const headers = { Origin: '', 'Sec-Fetch-Site': '', Cookie: '', ...bearer(setting.approveToken) }
    const { status } = await setting.send(await approval(headers))
    expect([status, await state()]).toEqual([200, 'approved'])
  })

  const otherPages: [string, Record<string, string>][] = [
    ['a form elsewhere', { Origin: 'https://evil.test', 'Sec-Fetch-Site': 'cross-site' }],
    ['another Origin alone', { Origin: 'https://evil.test', 'Sec-Fetch-Site': '' }],
    ['another Origin that the browser takes for ours', { Origin: 'https://evil.test' }],
    [
      'a page on another port of this machine',
      { Origin: 'http://127.0.0.1:1', 'Sec-Fetch-Site': 'same-site' },
    ],
    ['another port alone', { Origin: 'http://127.0.0.1:1', 'Sec-Fetch-Site': '' }],
    ['our host under another scheme', { Origin: 'https://HOST', 'Sec-Fetch-Site': '' }],
    ['another of our names', { Origin: 'https://rouse.example.com' }],
    ['a sandboxed frame', { Origin: 'null', 'Sec-Fetch-Site': 'cross-site' }],
    ['a sandboxed frame in an old browser', { Origin: 'null', 'Sec-Fetch-Site': '' }],
    ['Sec-Fetch-Site alone', { Origin: '', 'Sec-Fetch-Site': 'cross-site' }],
    ['a page of the same site alone', { Origin: '', 'Sec-Fetch-Site': 'same-site' }],
    ['a cookie with no word of where it comes from', { Origin: '', 'Sec-Fetch-Site': '' }],
    ['an empty bearer beside the cookie', { Origin: '', 'Sec-Fetch-Site': '', Authorization: 'Basic eDp5' }],
    ['two Origins', { Origin: 'http://HOST\r\nOrigin: https://evil.test' }],
    [
      'a bearer token in a script elsewhere',
      { Origin: 'https://evil.test', Authorization: 'Bearer APPROVE' },
    ],
  ]

  it.each(otherPages)('answers 403 to %s, and nothing is decided', async (_name, headers) => {
    const filled = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        value.replace('HOST', setting.host).replace('APPROVE', setting.approveToken),
      ]),
    )
    const { status } = await setting.send(await approval(filled))
    expect([status, await state()]).toEqual([403, 'waiting'])
  })

  it('takes our own form, of which browsers say Origin: null under no-referrer', async () => {
    const cookie = await setting.logIn(setting.readToken)
    const headers = { Origin: 'null', 'Sec-Fetch-Site': 'same-origin', Cookie: cookie }
    expect((await setting.send({ method: 'POST', path: '/logout', headers })).status).toBe(303)
  })

  it.each([
    ['a script', 'same-site', 'cors', 'empty'],
    ['a script that asks for nothing back', 'cross-site', 'no-cors', 'empty'],
    ['an image', 'cross-site', 'no-cors', 'image'],
    ['a frame', 'same-site', 'navigate', 'iframe'],
  ])('answers 403 to %s of a page elsewhere that reads', async (_name, site, mode, destination) => {
    const cookie = await setting.logIn(setting.readToken)
    const fetched = { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': mode, 'Sec-Fetch-Dest': destination }
    for (const path of ['/', '/api/approvals', '/login.js']) {
      const { status } = await setting.send({ path, headers: { Cookie: cookie, ...fetched } })
      expect(status, path).toBe(403)
    }
  })

  it('lets a link from elsewhere lead here', async () => {
    const fetched = {
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Mode': 'navigate',
      'Sec-Fetch-Dest': 'document',
    }
    expect((await setting.send({ path: '/login', headers: fetched })).status).toBe(200)
  })

  it.each(['GET', 'HEAD'])(
    'changes nothing on %s of what decides: a link preview may ask',
    async (method) => {
      const cookie = await setting.logIn(setting.approveToken)
      const { status } = await setting.send({ method, path: approvePath(), headers: { Cookie: cookie } })
      expect([status, await state()]).toEqual([405, 'waiting'])
    },
  )

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])(
    'answers 415 to a decision that is %s: a form elsewhere can send that',
    async (type) => {
      const { status } = await setting.send(await approval({ 'Content-Type': type }))
      expect([status, await state()]).toEqual([415, 'waiting'])
    },
  )

  it.each(['OPTIONS', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND'])('answers 405 to %s', async (method) => {
    const { status, headers } = await setting.send({
      method,
      path: approvePath(),
      headers: { Origin: 'https://evil.test', 'Access-Control-Request-Method': 'POST' },
    })
    expect(status).toBe(405)
    expect(headers['allow']).toBe('GET, POST')
  })

  it.each([
    ['GET', '/'],
    ['GET', '/api/approvals'],
    ['OPTIONS', '/api/approvals'],
    ['POST', '/login'],
  ])('says nothing of CORS to %s %s', async (method, path) => {
    const headers = { Origin: 'https://evil.test', ...bearer(setting.readToken) }
    const answer = await setting.send({ method, path, headers })
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })
})

describe('Host', () => {
  const port = () => new URL(setting.admin.url).port

  it.each(['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]'])('takes %s with our port', async (name) => {
    expect((await setting.send({ path: '/healthz', headers: { Host: `${name}:${port()}` } })).status).toBe(
      200,
    )
  })

  it('takes what admin_hosts lists, and is https there', async () => {
    const login = { Host: 'rouse.example.com', Origin: 'https://rouse.example.com' }
    const body = new URLSearchParams({ token: setting.readToken }).toString()
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const answer = await setting.send({
      method: 'POST',
      path: '/login',
      headers: { ...login, ...type },
      body,
    })
    expect(answer.status).toBe(303)
    expect(answer.headers['set-cookie']).toMatch(/; Secure$/)
  })

  it.each([
    ['another name', 'evil.test'],
    ['another name with our port', 'evil.test:PORT'],
    ['our name without a port', '127.0.0.1'],
    ['our name with another port', '127.0.0.1:1'],
    ['a name that ends like ours', 'evil-localhost:PORT'],
    ['a name that begins like ours', 'localhost.evil.test:PORT'],
    ['our name with a dot behind it', 'localhost.:PORT'],
    ['every address of this machine', '0.0.0.0:PORT'],
  ])('answers 421 to %s, with a good token too', async (_name, written) => {
    const headers = { Host: written.replace('PORT', port()), ...bearer(setting.approveToken) }
    for (const path of ['/', '/api/approvals', '/healthz', '/login']) {
      const { status, body } = await setting.send({ path, headers })
      expect([status, body]).toEqual([421, '{"status":"misdirected request"}'])
    }
    const posted = await setting.send(await approval(headers))
    expect([posted.status, await state()]).toEqual([421, 'waiting'])
  })

  it.each(['GET / HTTP/1.0\r\n\r\n', 'GET / HTTP/1.1\r\nHost: HOST\r\nHost: evil.test\r\n\r\n'])(
    'is refused where there is none, or more than one: %j',
    async (bytes) => {
      const { status } = await sendRaw(setting.admin.url, bytes.replace('HOST', setting.host))
      expect(status).toBe(400)
    },
  )

  it.each([
    [[]],
    [['Host', 'localhost:1', 'host', 'evil.test']],
    [['Host', 'evil.test', 'Host', 'localhost:1']],
  ])('is refused by the guard itself where it is not there once: %j', (rawHeaders: string[]) => {
    const request = { method: 'GET', url: '/', rawHeaders, headers: {} }
    expect(guard(request, new Set(['http://localhost:1']))).toBe(421)
  })

  it('reads an absolute target as it reads Host', async () => {
    const get = (path: string) => setting.send({ path, headers: bearer(setting.readToken) })
    expect((await get(`http://${setting.host}/api/approvals`)).status).toBe(200)
    expect((await get('http://evil.test/api/approvals')).status).toBe(421)
    expect((await get(`http://${setting.host}@evil.test/api/approvals`)).status).toBe(421)
    expect((await get(`http://localhost:${port()}/api/approvals`)).status).toBe(421)
  })
})

describe('the headers', () => {
  const wanted = {
    'content-security-policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'x-frame-options': 'DENY',
  }

  it.each<[string, Sent]>([
    ['a page', { path: '/login' }],
    ['a page that asks for a token', { path: '/' }],
    ['a script', { path: '/login.js' }],
    ['the API', { path: '/api/approvals' }],
    ['nothing', { path: '/nothing' }],
    ['a refused Host', { headers: { Host: 'evil.test' } }],
    ['a refused method', { method: 'OPTIONS' }],
    ['a refused Origin', { method: 'POST', path: '/login', headers: { Origin: 'https://evil.test' } }],
    ['a path that the server itself refuses', { path: '/a\\b' }],
    ['a Host that comes twice', { headers: { Host: 'localhost\r\nHost: x' } }],
    ['an expectation that nobody meets', { headers: { Expect: 'x' } }],
  ])('are on the answer to %s', async (_name, request) => {
    const { headers } = await setting.send(request)
    expect(headers).toMatchObject(wanted)
    expect(headers).not.toHaveProperty('server')
    expect(headers).not.toHaveProperty('x-powered-by')
  })

  it('are on a page for who is logged in', async () => {
    const { status, headers } = await setting.send({ headers: bearer(setting.readToken) })
    expect(status).toBe(200)
    expect(headers).toMatchObject(wanted)
  })
})
