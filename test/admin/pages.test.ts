import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assets } from '../../src/admin/assets.js'
import { loginPage } from '../../src/admin/login-page.js'
import { newId } from '../../src/util/id.js'
import { sha256 } from '../../src/util/signature.js'
import { callOf, type FilledLedger, refundRequest, stepOf } from '../cli/filled-ledger.js'
import { now } from '../cli/recorded.js'
import { type AdminSetting, bearer, startSetting } from './setting.js'

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '<svg/onload=alert(1)>',
  'javascript:alert(1)',
  '{{constructor.constructor("alert(1)")()}} <%= alert(1) %>',
  '</pre></article><form action=//evil.test>',
  '![x](https://evil.test/a.png) [y](https://evil.test)',
  '\u202eevil\u2066\u200b\u0007\u001b[2J',
  '&lt;b&gt;&#60;',
]

const all = hostile.join(' ')
/** The same without what could be markup: what is cut, folded or taken apart by its form is so too. */
const harmless = all.replaceAll(/[<>"'\p{Cc}\p{Cf}]/gu, 'p')

/** A ledger in which everything that somebody else wrote is `text`, and the paths of all that there is to see of it. */
async function fillWith({ store }: FilledLedger, text: string): Promise<string[]> {
  const body = Buffer.from(JSON.stringify({ [text]: [text, { deep: text }] }))
  const { events } = await store.record({
    deliveryId: newId('dlv'),
    source: 'payments',
    receivedAt: now,
    url: '/hooks/payments',
    headers: [[text, text]],
    body,
    bodyDigest: sha256(body),
    secretIndex: 0,
    remoteAddress: text,
    events: [
      { sourceEventId: text, type: text, subject: text, time: now, ids: { [text]: text }, actor: text },
    ],
  })
  const eventId = events[0]?.id ?? ''
  await store.countRefusals([
    { source: text, reason: text, day: '2026-11-21', count: 3, lastAt: now, sample: text },
  ])
  const decisions = [
    { agent: text, reason: 'matched' },
    { agent: `other ${text}`, reason: 'if_error', detail: text },
  ] as const
  const [runId = ''] = await store.dispatch([{ eventId, decisions }], now)
  await store.raiseAlert({ cause: text, code: 'model.unreachable', message: text }, now)
  const claimed = await store.claim({ node: text, now, leaseUntil: now + 1000, notAgents: [] })
  if (!claimed) throw new Error('nothing to claim')
  const { lease } = claimed
  await store.beginRun(lease, 'd'.repeat(64), now)
  const calls = [0, 1, 2].map(() => ({ ...callOf(text, text), callId: text }))
  await store.appendStep(lease, { ...stepOf(1), text, model: text, items: [{ [text]: text }] }, calls, now)
  const [asked, failed, held] = calls
  if (!asked || !failed || !held) throw new Error('no calls')
  const headers = { [text]: text }
  const request = { ...refundRequest, method: text, url: text, headers, body: text, credential: text }
  const output = {
    ok: false,
    error: { code: 'tool.status', message: text, hint: text },
    result: { [text]: text },
  } as const
  await store.settle(lease, failed.id, { state: 'failed', output, note: text, status: 500 }, now)
  const intent = { request, effect: 'destructive', args: {}, idempotencyKey: text, ordinal: 0 } as const
  await store.prepare(lease, held.id, { ...intent, reservations: [] }, now)
  await store.markSent(lease, held.id, now)
  await store.settle(lease, held.id, { state: 'unknown', note: text }, now)
  await store.settle(lease, held.id, { state: 'held', note: text }, now)
  const approvalId = newId('apr')
  const approval = {
    id: approvalId,
    ...{ runId, toolCallId: asked.id, eventId, agent: text, tool: text, request, digest: 'c'.repeat(64) },
    ...{ facts: { [text]: [text] }, why: [text], scope: text, reservations: [], expiresAt: now + 3_600_000 },
  }
  await store.requestApproval(lease, approval, now)
  await store.finish(lease, { state: 'parked', on: 'approval' }, 1500, now)
  return [
    ...['/', '/events', '/runs', '/approvals', '/parked', '/agents', '/sources', '/sources/payments'],
    ...[`/events/${eventId}`, `/runs/${runId}`, `/approvals/${approvalId}`],
  ]
}

/** Tags with the names of their attributes, in order. */
const tagsOf = (page: string) =>
  (page.match(/<[^>]*>/g) ?? []).map((tag) => tag.replaceAll(/="[^"]*"/g, '=""'))

describe('a page (R050, R051)', () => {
  let setting: AdminSetting

  /** Each page of what was filled with `text`. */
  async function pagesOf(text: string): Promise<Map<string, string>> {
    setting = await startSetting()
    try {
      const found = new Map<string, string>()
      for (const path of await fillWith(setting.ledger, text)) {
        const { status, body } = await setting.send({ path, headers: bearer(setting.approveToken) })
        expect([path, status]).toEqual([path, 200])
        const name = path.replace(/[0-9a-f]{32}$/, '')
        found.set(name, Buffer.from(body, 'latin1').toString('utf8'))
      }
      return found
    } finally {
      await setting.stop()
    }
  }

  it('has of outside text nothing but text, and what cannot be seen as its code', async () => {
    const [hostilePages, harmlessPages] = [await pagesOf(all), await pagesOf(harmless)]
    let shown = 0
    for (const [path, page] of hostilePages) {
      expect([path, tagsOf(page)]).toEqual([path, tagsOf(harmlessPages.get(path) ?? '')])
      expect(page.replaceAll('\n', ''), path).not.toMatch(/[\p{Cc}\p{Cf}]/u)
      if (page.includes('\\u202eevil\\u2066')) shown++
    }
    expect(shown).toBeGreaterThan(5)
  })

  it('links to, loads and sends to nothing but ourselves, and has no script or style of its own in it', async () => {
    for (const [path, page] of [...(await pagesOf(all)), ['/login', await loginPage(all)] as const]) {
      const places = [...page.matchAll(/\b(?:href|src|action|formaction|hx-[a-z]+)="([^"]*)"/g)]
      expect(places.length, path).toBeGreaterThan(0)
      for (const [, place = ''] of places.filter(
        ([whole]) => !/^hx-(trigger|swap|sync|target|select)/.test(whole),
      )) {
        expect(place, path).toMatch(/^(\/(?!\/)|#|\?)/)
      }
      for (const tag of tagsOf(page)) {
        expect(tag, path).not.toMatch(/\s(on\w+|style|hx-on[^=]*)=|^<(style|img|iframe|object|embed|base)/)
      }
      for (const [, inner] of page.matchAll(/<script[^>]*>([^<]*)<\/script>/g)) expect(inner).toBe('')
      expect(page).toMatch(/^<!doctype html><html/)
    }
  })
})

describe('the login script', () => {
  const text = assets.find(({ path }) => path === '/login.js')?.text ?? ''

  /** The little of a browser that it uses. */
  function browserAt(hash: string) {
    const did: string[] = []
    const token = { value: '' }
    const form = { elements: { token }, submit: () => did.push(`submit ${token.value}`) }
    runInNewContext(text, {
      URLSearchParams,
      location: { hash, pathname: '/login' },
      history: { replaceState: (_state: null, _title: string, url: string) => did.push(`show ${url}`) },
      document: { getElementById: (id: string) => (id === 'login' ? form : undefined) },
      addEventListener: () => undefined,
    })
    return did
  }

  it('clears the token from the address bar before it hands it in', () => {
    expect(browserAt('#token=abc_-9')).toEqual(['show /login', 'submit abc_-9'])
  })

  it.each(['', '#', '#token=', '#other=1'])('does nothing where there is no token: %j', (hash) => {
    expect(browserAt(hash)).toEqual([])
  })
})

describe('what is sent', () => {
  let setting: AdminSetting

  beforeEach(async () => {
    setting = await startSetting()
  })

  afterEach(() => setting.stop())

  it('is the page that says what waits, with the request', async () => {
    const { status, headers, body } = await setting.send({ headers: bearer(setting.readToken) })
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(body).toContain('du_1\\u001b[2J')
  })

  it('is JSON in which nothing ends a script or hides', async () => {
    const { store, approvalId } = setting.ledger
    const found = await store.approval(approvalId)
    if (!found) throw new Error('no approval')
    await setting.stop()
    const text = '</script><!--&\u2028\u202e'
    setting = await startSetting({
      store: {
        ...store,
        listHeld: async () => [],
        findApprovals: async () => ({
          approvals: [{ ...found, why: [text] }],
          next: undefined,
          isPartial: false,
        }),
      },
    })
    const { body } = await setting.send({ path: '/api/approvals', headers: bearer(setting.readToken) })
    expect(body).not.toMatch(/[<>&\u2028\u202e]/)
    const { approvals } = JSON.parse(body) as { approvals: { why: string[] }[] }
    expect(approvals[0]?.why).toEqual([text])
  })

  it('says nothing of a fault in rouse itself', async () => {
    const { store } = setting.ledger
    await setting.stop()
    const fails = () => Promise.reject(new Error('secret detail at /etc/rouse'))
    setting = await startSetting({ store: { ...store, listApprovals: fails, findApprovals: fails } })
    for (const path of ['/', '/api/approvals']) {
      const { status, body } = await setting.send({ path, headers: bearer(setting.readToken) })
      expect([status, body]).toEqual([500, '{"status":"internal error"}'])
    }
  })
})
