import { request } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { html } from 'hono/html'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { acceptsEncoding } from '../../src/admin/answers.js'
import { appScript, assets, icon, stylesheet } from '../../src/admin/assets.js'
import type { Page, PageRequest } from '../../src/admin/pages/page.js'
import { pages } from '../../src/admin/pages/registry.js'
import { exactly, findRoute } from '../../src/admin/routes.js'
import { AppError } from '../../src/domain/errors.js'
import { type AdminSetting, bearer, ownSecret, startSetting } from './setting.js'

let setting: AdminSetting
let asked: PageRequest[]

const looks: Page = {
  method: 'GET',
  path: /^\/things\/(\d+)$/,
  role: 'read',
  place: 'events',
  async show(request) {
    asked.push(request)
    if (request.captured[0] === '404')
      throw new AppError('store.not_found', 'there is no thing 404 in this ledger')
    const shown = html`<p>thing ${request.captured[0]} ${ownSecret} ${'<b>&"'}</p>`
    return request.query.has('part')
      ? { kind: 'part', html: shown }
      : { kind: 'page', title: 'A thing', html: shown }
  },
}

const does: Page = {
  method: 'POST',
  path: /^\/things\/(\d+)\/do$/,
  role: 'approve',
  place: 'events',
  async show(request) {
    asked.push(request)
    if (request.form.get('how') === 'late') throw new AppError('store.conflict', 'it is done already')
    return { kind: 'redirect', to: '/things/7' }
  },
}

beforeEach(async () => {
  asked = []
  setting = await startSetting({ pages: [looks, does] })
})

afterEach(() => setting.stop())

const read = () => bearer(setting.readToken)
const type = { 'Content-Type': 'application/x-www-form-urlencoded' }
const deed = (body: string, headers: Record<string, string>) =>
  setting.send({ method: 'POST', path: '/things/7/do', headers: { ...type, ...headers }, body })

describe('a page', () => {
  it('stands in the frame, with its title, place, what waits, and without our secrets', async () => {
    const { status, body } = await setting.send({ path: '/things/12?x=1', headers: read() })
    expect(status).toBe(200)
    expect(body).toMatch(/^<!doctype html><html/)
    expect(body).toContain('<title>A thing · rouse</title>'.replace('·', Buffer.from('·').toString('latin1')))
    expect(body).toContain('<a href="/events" aria-current="page">')
    expect(body).toContain('<span class="count is-wait">1</span>')
    expect(body).toContain('thing 12 [redacted] &lt;b&gt;&amp;&quot;')
    expect(body).not.toContain(ownSecret)
    expect([asked[0]?.captured, asked[0]?.query.get('x'), asked[0]?.isPart]).toEqual([['12'], '1', false])
  })

  it('has its navigation anew for htmx alone, and says it to nobody else', async () => {
    const path = '/nav?place=events'
    const htmx = { 'HX-Request': 'true' }
    const part = await setting.send({ path, headers: { ...read(), ...htmx } })
    expect(part.status).toBe(200)
    expect(part.body).toMatch(/^<a href="\/">Now<\/a><a href="\/events" aria-current="page">Events<\/a>/)
    expect(part.body).toContain('Approvals<span class="count is-wait">1</span></a>')
    expect((await setting.send({ path, headers: htmx })).status).toBe(401)
    const { status, headers } = await setting.send({ path, headers: read() })
    expect([status, headers['location']]).toEqual([303, '/'])
  })

  it('is its part alone for htmx, and the whole for everybody else', async () => {
    const part = await setting.send({
      path: '/things/12?part=x',
      headers: { ...read(), 'HX-Request': 'true' },
    })
    expect(part.body).toMatch(/^<p>thing 12 \[redacted\].*<\/p>$/)
    expect(part.headers['vary']).toContain('HX-Request')
    expect((await setting.send({ path: '/things/12?part=x', headers: read() })).body).toContain('<html')
  })

  it('says what is not in the ledger, in words and as 404', async () => {
    const { status, body } = await setting.send({ path: '/things/404', headers: read() })
    expect([status, body.includes('there is no thing 404')]).toEqual([404, true])
  })

  it('asks for a token in the whole page, also where only a part was asked for', async () => {
    const whole = await setting.send({ path: '/things/12' })
    expect([whole.status, whole.body.includes('name="token"')]).toEqual([401, true])
    const part = await setting.send({ path: '/things/12', headers: { 'HX-Request': 'true' } })
    expect([part.status, part.headers['hx-refresh'], part.body]).toEqual([
      401,
      'true',
      '{"status":"unauthorized"}',
    ])
    expect(asked).toEqual([])
  })
})

describe('a deed of a page', () => {
  it('takes a form of our own and leads on', async () => {
    const { status, headers } = await deed('how=now&why=a+b', bearer(setting.approveToken))
    expect([status, headers['location']]).toEqual([303, '/things/7'])
    expect(asked[0]?.form.get('why')).toBe('a b')
    expect(setting.log.join('')).toMatch(/"path":"\/things\/7\/do","by":"approve token /)
  })

  it('is not for the read role, and not for pages elsewhere', async () => {
    expect((await deed('how=now', read())).status).toBe(403)
    const cookie = await setting.logIn(setting.approveToken)
    for (const origin of ['https://evil.test', 'null']) {
      expect((await deed('how=now', { Cookie: cookie, Origin: origin })).status).toBe(403)
    }
    expect((await deed('how=now', { Cookie: cookie })).status).toBe(403)
    expect(asked).toEqual([])
    expect((await deed('how=now', { Cookie: cookie, Origin: `http://${setting.host}` })).status).toBe(303)
  })

  it('is told in words where somebody was faster', async () => {
    const { status, body } = await deed('how=late', bearer(setting.approveToken))
    expect([status, body.includes('it is done already')]).toEqual([409, true])
  })

  it('takes no other content, and no more than 64 KB', async () => {
    const approve = bearer(setting.approveToken)
    expect((await deed('{}', { ...approve, 'Content-Type': 'application/json' })).status).toBe(415)
    expect((await deed('x', { ...approve, 'Content-Type': '' })).status).toBe(415)
    expect((await deed(`how=${'x'.repeat(70_000)}`, approve)).status).toBe(413)
    expect((await deed(`how=${'x'.repeat(60_000)}`, approve)).status).toBe(303)
    expect(asked).toHaveLength(1)
  })

  it('is not done by GET, nor a page read by POST', async () => {
    const get = await setting.send({ path: '/things/7/do', headers: bearer(setting.approveToken) })
    expect([get.status, get.headers['allow']]).toEqual([405, 'POST'])
    const headers = { ...type, ...bearer(setting.approveToken) }
    const post = await setting.send({ method: 'POST', path: '/things/7', headers, body: '' })
    expect([post.status, post.headers['allow']]).toEqual([405, 'GET'])
    expect(asked).toEqual([])
  })
})

describe('the registry', () => {
  it('has whole paths, and GET for those who read', () => {
    for (const { path, method, role } of pages) {
      expect(path.source).toMatch(/^\^.*\$$/)
      expect(path.flags).toBe('')
      if (method === 'POST') expect([path.source, role]).toEqual([path.source, 'approve'])
    }
  })

  it('has no method and path twice', () => {
    const keys = pages.map(({ method, path }) => `${method} ${path.source}`)
    expect(new Set(keys).size).toBe(keys.length)
  })
})

it('a route is found by its whole path only', () => {
  const answer = () => new Response()
  const routes = [
    { method: 'GET', path: /\/a/, answer },
    { method: 'POST', path: exactly('/b.c'), answer },
  ] as const
  expect(findRoute(routes, 'GET', '/a')).toMatchObject({ captured: [] })
  for (const path of ['/ab', '/a\n', 'x/a', '/a/', '/bxc', ''])
    expect(findRoute(routes, 'GET', path), path).toBe(404)
  expect(findRoute(routes, 'GET', '/b.c')).toBe(405)
})

describe('what browsers load', () => {
  it('is named by its digest, kept for ever, and not there under another', async () => {
    for (const { path } of [appScript, stylesheet, icon]) {
      const { status, headers } = await setting.send({ path })
      expect([status, headers['cache-control']]).toEqual([200, 'private, max-age=31536000, immutable'])
      const again = await setting.send({ path, headers: { 'If-None-Match': headers['etag'] ?? '' } })
      expect([again.status, again.body]).toEqual([304, ''])
      const other = path.replace(/[0-9a-f]{16}/, '0'.repeat(16))
      expect((await setting.send({ path: other })).status).toBe(404)
    }
  })

  it.each(['br', 'gzip', undefined])('is sent as %s where that is taken', async (coding) => {
    const headers: Record<string, string> =
      coding === undefined ? {} : { 'Accept-Encoding': `deflate, ${coding};q=0.5` }
    const answer = await setting.send({ path: appScript.path, headers })
    expect([answer.status, answer.headers['content-encoding']]).toEqual([200, coding])
    expect(answer.headers['vary']).toBe('Accept-Encoding')
  })

  it('is, with a page, less than 60 KB on the wire', async () => {
    const headers = { ...read(), 'Accept-Encoding': 'gzip, br' }
    let bytes = (await setting.send({ path: '/things/12', headers })).body.length
    for (const { path } of assets) bytes += (await setting.send({ path, headers })).body.length
    expect(bytes).toBeLessThan(60_000)
  })
})

describe('a page on the wire', () => {
  const get = (path: string, headers: Record<string, string>) =>
    new Promise<{ coding: string | undefined; bytes: Buffer }>((resolve, reject) => {
      const sent = request(
        `${setting.admin.url}${path}`,
        { headers: { ...read(), ...headers } },
        async (answer) => {
          const parts: Buffer[] = []
          for await (const part of answer) parts.push(part as Buffer)
          resolve({ coding: answer.headers['content-encoding'], bytes: Buffer.concat(parts) })
        },
      )
      sent.on('error', reject)
      sent.end()
    })

  it('is gzipped where that is taken, and the same', async () => {
    const plain = await get('/things/12', {})
    const packed = await get('/things/12', { 'Accept-Encoding': 'gzip' })
    expect([plain.coding, packed.coding]).toEqual([undefined, 'gzip'])
    expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true)
    expect((await get('/healthz', { 'Accept-Encoding': 'gzip' })).coding).toBeUndefined()
  })

  it.each([
    ['gzip', true],
    ['br, GZIP;q=0.1', true],
    ['gzip;q=0', false],
    ['gzip; q=0.0', false],
    ['xgzip', false],
    ['', false],
  ])('is taken as gzip by %j: %s', (offered, expected) => {
    expect(acceptsEncoding({ headers: { 'accept-encoding': offered } }, 'gzip')).toBe(expected)
  })
})
