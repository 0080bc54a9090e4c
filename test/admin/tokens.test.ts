import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { dirname } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assets } from '../../src/admin/assets.js'
import { Sessions } from '../../src/admin/sessions.js'
import { addToken, findToken, readTokens } from '../../src/admin/tokens.js'
import { now } from '../cli/recorded.js'
import { type AdminSetting, bearer, loginRequest, startSetting } from './setting.js'

let setting: AdminSetting

beforeEach(async () => {
  setting = await startSetting()
})

afterEach(() => setting.stop())

const list = (headers: Record<string, string>) => setting.send({ path: '/api/approvals', headers })
const approve = (headers: Record<string, string>) =>
  setting.send({
    method: 'POST',
    path: `/api/approvals/${setting.ledger.approvalId}/approve`,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ digest: setting.ledger.approvalDigest }),
  })
const state = async () => (await setting.ledger.store.approval(setting.ledger.approvalId))?.state

describe('a token (R057)', () => {
  it('is asked for by everything but health, the login page and its files', async () => {
    const id = setting.ledger.approvalId
    for (const path of ['/', '/api/approvals', `/api/approvals/${id}`]) {
      expect((await setting.send({ path })).status, path).toBe(401)
    }
    for (const path of ['/healthz', '/readyz', '/login', ...assets.map((asset) => asset.path)]) {
      expect((await setting.send({ path })).status, path).toBe(200)
    }
    const origin = { Origin: `http://${setting.host}` }
    expect((await approve(origin)).status).toBe(401)
  })

  it('of the read role sees everything and decides nothing', async () => {
    const headers = bearer(setting.readToken)
    expect((await list(headers)).status).toBe(200)
    const denied = await setting.send({
      method: 'POST',
      path: `/api/approvals/${setting.ledger.approvalId}/deny`,
      headers: { 'Content-Type': 'application/json', ...headers },
      body: '{}',
    })
    expect([(await approve(headers)).status, denied.status, await state()]).toEqual([403, 403, 'waiting'])
    const cookie = await setting.logIn(setting.readToken)
    const byPage = { Cookie: cookie, Origin: `http://${setting.host}`, 'Sec-Fetch-Site': 'same-origin' }
    expect([(await approve(byPage)).status, await state()]).toEqual([403, 'waiting'])
  })

  it.each([
    ['of another ledger', () => bearer('A'.repeat(43))],
    ['that is empty', () => ({ Authorization: 'Bearer ' })],
    ['one character short', () => bearer(setting.approveToken.slice(1))],
    ['one character long', () => bearer(`${setting.approveToken}A`)],
    ['as a user’s password', () => ({ Authorization: `Basic ${btoa(`x:${setting.approveToken}`)}` })],
    ['that comes twice', () => ({ Authorization: `Bearer ${setting.readToken}\r\nAuthorization: Bearer x` })],
    ['as a cookie', () => ({ Cookie: `rouse_0=${setting.approveToken}` })],
    ['in another header', () => ({ 'X-Api-Key': setting.approveToken })],
  ])('%s opens nothing', async (_name, headers) => {
    expect((await list(headers())).status).toBe(401)
    expect((await setting.send({ headers: headers() })).status).toBe(401)
  })

  it('counts for nothing in a query, and stands in no log', async () => {
    for (const path of ['/', '/api/approvals', '/login', '/nothing']) {
      const { headers } = await setting.send({ path: `${path}?token=${setting.approveToken}` })
      expect(JSON.stringify(headers)).not.toContain(setting.approveToken)
    }
    expect((await list({})).status).toBe(401)
    expect((await setting.send({ path: `/api/approvals?token=${setting.approveToken}` })).status).toBe(401)
    await setting.logIn(setting.approveToken)
    await setting.logIn('wrong-token-9f2c81d09a7e4b36')
    await approve(bearer(setting.approveToken))
    const log = setting.log.join('')
    expect(log).toContain('logged in')
    expect(log).toContain('a decision')
    for (const secret of [setting.approveToken, setting.readToken, 'wrong-token']) {
      expect(log).not.toContain(secret)
    }
  })

  it('decides before the cookie that comes with it', async () => {
    const cookie = await setting.logIn(setting.approveToken)
    expect((await approve({ ...bearer(setting.readToken), Cookie: cookie })).status).toBe(403)
    expect((await list({ ...bearer('A'.repeat(43)), Cookie: cookie })).status).toBe(401)
  })

  it('is named in the ledger by whoever decided, whatever they say themselves', async () => {
    const [, { id } = { id: '' }] = await readTokens(setting.file)
    const answer = await setting.send({
      method: 'POST',
      path: `/api/approvals/${setting.ledger.approvalId}/approve`,
      headers: { 'Content-Type': 'application/json', ...bearer(setting.approveToken) },
      body: JSON.stringify({ digest: setting.ledger.approvalDigest, by: 'the boss' }),
    })
    expect(answer.status).toBe(400)
    expect((await approve(bearer(setting.approveToken))).status).toBe(200)
    const approval = await setting.ledger.store.approval(setting.ledger.approvalId)
    expect(approval?.decidedBy).toBe(`approve token ${id}`)
  })

  it('that is good gets in after ten thousand guesses of the same peer, at once, and in any session', {
    timeout: 120_000,
  }, async () => {
    const cookie = await setting.logIn(setting.approveToken)
    const agent = new Agent({ keepAlive: true, maxSockets: 16 })
    const statuses = new Map<number, number>()
    const guess = (n: number) =>
      new Promise<void>((resolve, reject) => {
        const token = n.toString(36).padStart(43, 'x')
        const options = { agent, headers: bearer(token), path: '/api/approvals', host: '127.0.0.1' }
        request({ ...options, port: new URL(setting.admin.url).port }, (answer) => {
          const status = answer.statusCode ?? 0
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
          answer.resume().on('end', resolve)
        })
          .on('error', reject)
          .end()
      })
    await Promise.all(Array.from({ length: 10_000 }, (_, n) => guess(n)))
    agent.destroy()
    expect([...statuses]).toEqual([
      [401, 10],
      [429, 9990],
    ])
    expect((await list(bearer(setting.readToken))).status).toBe(200)
    expect((await list({ Cookie: cookie })).status).toBe(200)
    expect(await setting.logIn(setting.readToken)).toMatch(/^rouse_0=/)
    expect(setting.log.filter((line) => line.includes('opens nothing'))).toHaveLength(10)
  })
})

describe('a guess', () => {
  it('waits, once the peer has made many, and a good token of the peer does not', async () => {
    await setting.stop()
    setting = await startSetting({ guessDelayMs: 60_000, guesses: { isOver: () => true } })
    const guesses = Array.from({ length: 32 }, () => list(bearer('A'.repeat(43))).catch(() => undefined))
    const first = await Promise.race([list(bearer(setting.readToken)), ...guesses])
    expect(first?.status).toBe(200)
    expect((await setting.send(loginRequest(setting.readToken, setting.host))).status).toBe(303)
    // No more than so many are held back: the connections are for others too.
    const answered = await Promise.any(
      Array.from({ length: 32 }, () => list(bearer('B'.repeat(43)))).concat(list(bearer('C'.repeat(43)))),
    )
    expect(answered.status).toBe(429)
  })
})

describe('a session', () => {
  it('is a cookie that no script reads and no other page sends', async () => {
    const { status, headers } = await setting.send(loginRequest(setting.readToken, setting.host))
    expect([status, headers['location']]).toEqual([303, '/'])
    expect(headers['set-cookie']).toMatch(
      /^rouse_0=[A-Za-z0-9_-]{43}; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/,
    )
    expect(headers['set-cookie']).not.toContain(setting.readToken)
    expect(await setting.logIn(setting.readToken)).not.toBe(await setting.logIn(setting.readToken))
  })

  it('ends when it is logged out', async () => {
    const cookie = await setting.logIn(setting.readToken)
    expect((await list({ Cookie: cookie })).status).toBe(200)
    const headers = { Cookie: cookie, Origin: `http://${setting.host}` }
    const { status, headers: answered } = await setting.send({ method: 'POST', path: '/logout', headers })
    expect([status, answered['location']]).toEqual([303, '/login'])
    expect(answered['set-cookie']).toContain('rouse_0=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0')
    expect((await list({ Cookie: cookie })).status).toBe(401)
  })

  it('ends when its time is over', async () => {
    const cookie = await setting.logIn(setting.readToken)
    setting.advance(12 * 3600_000 - 1)
    expect((await list({ Cookie: cookie })).status).toBe(200)
    setting.advance(1)
    expect((await list({ Cookie: cookie })).status).toBe(401)
  })

  it('is found beside a cookie of the same name that another program set', async () => {
    const cookie = await setting.logIn(setting.readToken)
    expect((await list({ Cookie: `rouse_0=x; ${cookie}; a=b` })).status).toBe(200)
  })

  it('is not opened by a token that opens nothing', async () => {
    const answer = await setting.send(loginRequest('A'.repeat(43), setting.host))
    expect(answer.status).toBe(401)
    expect(answer.headers).not.toHaveProperty('set-cookie')
  })

  it.each(['text/plain', 'application/json', 'multipart/form-data; boundary=x', ''])(
    'is begun by our form alone, not by what is %j',
    async (type) => {
      const request = loginRequest(setting.readToken, setting.host)
      const answer = await setting.send({ ...request, headers: { ...request.headers, 'Content-Type': type } })
      expect(answer.status).toBe(415)
    },
  )

  it('makes room for others: of many the oldest ends', () => {
    const sessions = new Sessions({ now: () => 0, monotonic: () => 0 })
    const ids = Array.from({ length: 501 }, () => sessions.begin('read', '7be01d33').id)
    expect(ids.map((id) => sessions.find(id) !== undefined)).toEqual([false, ...Array(500).fill(true)])
  })

  it('takes no body that is larger than a token', async () => {
    const answer = await setting.send(loginRequest('A'.repeat(5000), setting.host))
    expect(answer.status).toBe(413)
  })
})

describe('the file of tokens', () => {
  it('holds digests, for its owner only, and no token', async () => {
    const text = await readFile(setting.file, 'utf8')
    expect(text).not.toContain(setting.readToken)
    expect(text).not.toContain(setting.approveToken)
    expect((await stat(setting.file)).mode & 0o777).toBe(0o600)
    expect((await readTokens(setting.file)).map(({ role }) => role)).toEqual(['read', 'approve'])
    expect(await readdir(dirname(setting.file))).not.toContainEqual(expect.stringMatching(/\.tokens\./))
  })

  it('is read anew: what is revoked opens nothing from then on, nor does its session (R064)', async () => {
    const cookie = await setting.logIn(setting.approveToken)
    const next = await addToken(setting.file, { role: 'approve', rotate: true, now })
    expect((await list(bearer(setting.approveToken))).status).toBe(401)
    expect((await list({ Cookie: cookie })).status).toBe(401)
    expect((await list(bearer(next))).status).toBe(200)
    expect((await list(bearer(setting.readToken))).status).toBe(200)
  })

  it('lets a second token of a role in beside the first', async () => {
    const next = await addToken(setting.file, { role: 'approve', rotate: false, now })
    expect((await list(bearer(next))).status).toBe(200)
    expect((await list(bearer(setting.approveToken))).status).toBe(200)
  })

  it('lets nobody in when others may write to it, or when it is something else', async () => {
    await chmod(setting.file, 0o620)
    const answers = [await list(bearer(setting.readToken))]
    await chmod(setting.file, 0o600)
    await writeFile(setting.file, '{"tokens":[{"role":"approve"}]}')
    answers.push(await list(bearer(setting.readToken)))
    for (const { status, body } of answers) {
      expect([status, body]).toEqual([500, '{"status":"internal error"}'])
    }
    expect(setting.log.join('')).toContain('others may write')
    await writeFile(setting.file, '{"tokens":[]}')
    expect((await list(bearer(setting.readToken))).status).toBe(401)
  })

  it('takes twenty tokens and no more, until some are revoked', async () => {
    const add = (rotate: boolean) => addToken(setting.file, { role: 'read', rotate, now })
    for (let made = 2; made < 20; made++) await add(false)
    await expect(add(false)).rejects.toThrow('--rotate')
    await add(true)
    expect(await readTokens(setting.file)).toHaveLength(2)
  })

  it('knows a token by its digest alone', async () => {
    const tokens = await readTokens(setting.file)
    expect(findToken(tokens, setting.readToken)?.role).toBe('read')
    expect(findToken(tokens, tokens[0]?.sha256 ?? '')).toBeUndefined()
    expect(findToken(tokens, '')).toBeUndefined()
    expect(findToken([], setting.readToken)).toBeUndefined()
  })
})
