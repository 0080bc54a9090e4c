import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AdminSetting, bearer, startSetting } from './setting.js'

let setting: AdminSetting

beforeAll(async () => {
  setting = await startSetting()
})

afterAll(() => setting.stop())

/** Whatever they might reach decoded, cleaned up or followed. */
const paths = [
  '/%5c..%5c',
  '/..%5c..%5cetc%5cpasswd',
  '//',
  '//login',
  '///etc/passwd',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/../package.json',
  '/login/../api/approvals',
  '/./login',
  '/%2flogin',
  '/api%2fapprovals',
  '/api/approvals/',
  '/api//approvals',
  '/API/approvals',
  '/Login',
  '/login.js/',
  '/login.js%00',
  '/login;x',
  '/style.css.map',
  '/assets.js',
  '/dist/admin/app.js',
  '/api/approvals/..',
  '/api/approvals/apr_x',
  '/api/approvals/apr_00000000000000000000000000000000/',
  '/api/approvals/APR_00000000000000000000000000000000',
  '/hooks/ci',
  '/metrics/',
  '/admin',
  '/__proto__',
  '/constructor',
]

describe('a path that is none of ours (R060)', () => {
  it.each(paths)('is 404 with a constant body: %s', async (path) => {
    for (const headers of [{}, bearer(setting.approveToken)]) {
      const { status, body } = await setting.send({ path, headers })
      expect([status, body]).toEqual([404, '{"status":"not found"}'])
    }
  })

  it('is 404 also to what writes', async () => {
    for (const path of paths) {
      const headers = { 'Content-Type': 'application/json', ...bearer(setting.approveToken) }
      expect((await setting.send({ method: 'POST', path, headers, body: '{}' })).status, path).toBe(404)
    }
  })

  it('is refused before us where it has a backslash', async () => {
    expect((await setting.send({ path: '/\\..\\etc' })).status).toBe(400)
  })

  it('is 404 where there is no such approval', async () => {
    const path = '/api/approvals/apr_00000000000000000000000000000000'
    expect((await setting.send({ path, headers: bearer(setting.readToken) })).status).toBe(404)
  })
})

describe('the API', () => {
  const one = () => `/api/approvals/${setting.ledger.approvalId}`
  const headers = () => ({ 'Content-Type': 'application/json', ...bearer(setting.approveToken) })
  const post = (verb: string, body: string) =>
    setting.send({ method: 'POST', path: `${one()}/${verb}`, headers: headers(), body })
  const state = async () => (await setting.ledger.store.approval(setting.ledger.approvalId))?.state

  it('says what the command line says', async () => {
    const read = bearer(setting.readToken)
    const { approvals } = JSON.parse((await setting.send({ path: '/api/approvals', headers: read })).body)
    const shown = JSON.parse((await setting.send({ path: one(), headers: read })).body)
    expect(approvals).toEqual([shown])
    expect(shown).toMatchObject({
      id: setting.ledger.approvalId,
      state: 'waiting',
      digest: setting.ledger.approvalDigest,
      request: { method: 'POST', url: 'https://api.stripe.com/v1/refunds' },
    })
  })

  it('answers HEAD as GET, without the body', async () => {
    const answer = await setting.send({ method: 'HEAD', path: one(), headers: bearer(setting.readToken) })
    expect([answer.status, answer.body]).toEqual([200, ''])
  })

  it.each(['x', '/x', '/api/approvals'])('has nothing in front of its paths: %j', async (before) => {
    const target = (path: string) => (before.startsWith('/') ? `${before}${path}` : `/${before}${path}`)
    expect((await setting.send({ path: target(one()), headers: headers() })).status).toBe(404)
    const body = JSON.stringify({ digest: setting.ledger.approvalDigest })
    const path = target(`${one()}/approve`)
    const { status } = await setting.send({ method: 'POST', path, headers: headers(), body })
    expect([status, await state()]).toEqual([404, 'waiting'])
  })

  const digest = 'c'.repeat(64)
  it.each([
    ['no digest', '{}'],
    ['a digest of another form', '{"digest":"c"}'],
    ['what is not asked for', `{"digest":"${digest}","by":"me"}`],
    ['a key twice', `{"digest":"${digest}","digest":"${digest}"}`],
    ['no JSON', 'digest=1'],
    ['no object', `"${digest}"`],
    ['nothing', ''],
    ['bad UTF-8', '{"digest":"\u00ff"}'],
    ['a reason that is no text', `{"digest":"${digest}","reason":["x"]}`],
  ])('answers 400 to a decision with %s', async (_name, body) => {
    expect([(await post('approve', body)).status, await state()]).toEqual([400, 'waiting'])
  })

  it('answers 400 to a denial that says more than is asked for', async () => {
    expect([(await post('deny', '{"by":"me"}')).status, await state()]).toEqual([400, 'waiting'])
  })

  it('answers 413 to a decision of 20 KB', async () => {
    expect([(await post('approve', ' '.repeat(20_000))).status, await state()]).toEqual([413, 'waiting'])
  })

  it('answers 409 to the digest of something else, and to a second decision', async () => {
    const other = await post('approve', JSON.stringify({ digest: 'e'.repeat(64) }))
    expect([other.status, await state()]).toEqual([409, 'waiting'])
    expect(JSON.parse(other.body)).toMatchObject({ error: { code: 'store.conflict' } })
    const denied = await post('deny', '{"reason":"the customer was called"}')
    expect([denied.status, JSON.parse(denied.body).state, await state()]).toEqual([200, 'denied', 'denied'])
    expect(JSON.parse(denied.body)).toMatchObject({ reason: 'the customer was called' })
    expect((await post('approve', JSON.stringify({ digest }))).status).toBe(409)
  })
})
