import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assets } from '../../src/admin/assets.js'
import { loginPage } from '../../src/admin/login-page.js'
import { framed } from '../../src/admin/page-route.js'
import { waiting } from '../../src/admin/pages/waiting.js'
import type { Approval } from '../../src/domain/approval.js'
import { fillLedger } from '../cli/filled-ledger.js'
import { approval, event } from '../cli/recorded.js'
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

/** Everything that comes from outside, filled with `text`. */
function filledWith(text: string): { approval: Approval; event: typeof event } {
  const headers = { [text]: text }
  return {
    approval: {
      ...approval,
      agent: text,
      tool: text,
      request: { ...approval.request, method: text, url: text, headers, body: text, credential: text },
      facts: { [text]: [text] },
      why: [text],
    },
    event: { ...event, source: text, type: text, subject: text },
  }
}

const caller = { role: 'read', name: 'read token 7be01d33' } as const

type Found = ReturnType<typeof filledWith>

/** The page of what waits, as it is sent. */
async function waitingPage(of: readonly Found[], by: typeof caller): Promise<string> {
  const { store, close } = await fillLedger()
  try {
    const options = {
      ...{
        clock: { now: () => 0, monotonic: () => 0 },
        unready: () => undefined,
        onDecided: () => undefined,
      },
      config: () => Promise.reject(new Error('there is none')) as never,
      sources: () => new Map(),
      store: {
        ...store,
        listApprovals: async () => of.map((one) => one.approval),
        event: async () => of[0]?.event,
      },
    }
    const empty = new URLSearchParams()
    const request = { captured: [], query: empty, form: empty, caller: by, isPart: false }
    const shown = await waiting.show(request, options)
    if (shown.kind === 'redirect') throw new Error('it leads elsewhere')
    return await framed(waiting, shown, by, options)
  } finally {
    await close()
  }
}

/** Tags, with their attributes, in order. */
const tagsOf = (page: string) => page.match(/<[^>]*>/g) ?? []

describe('a page (R050, R051)', () => {
  it.each(hostile)('has of outside text nothing but text: %j', async (text) => {
    const page = await waitingPage([filledWith(text)], caller)
    expect(tagsOf(page)).toEqual(tagsOf(await waitingPage([filledWith('plain')], caller)))
    expect(page.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })

  it('shows what cannot be seen as its code', async () => {
    const page = await waitingPage([filledWith('a\u202eb\u001bc\u200dd')], caller)
    expect(page).toContain('a\\u202eb\\u001bc\\u200dd')
  })

  it('links to, loads and sends to nothing but ourselves', async () => {
    const pages = [await loginPage('no'), await waitingPage([filledWith('https://evil.test')], caller)]
    for (const page of pages) {
      const places = [...page.matchAll(/\b(?:href|src|action)="([^"]*)"/g)].map(([, place = '']) => place)
      expect(places.length).toBeGreaterThan(0)
      for (const place of places)
        expect(place).toMatch(/^(\/[a-z]*(\.js)?|#main|\/assets\/[0-9a-f]{16}\/[a-z]+\.(css|js|svg))$/)
      expect(page).not.toMatch(/ on\w+=| style=|<style|<img|<iframe|<object/)
      expect(page).toMatch(/^<!doctype html><html/)
    }
  })

  it('has no script of its own in it: all stand in files', async () => {
    for (const page of [await loginPage(), await waitingPage([filledWith('x')], caller)]) {
      for (const [, inner] of page.matchAll(/<script[^>]*>([^<]*)<\/script>/g)) expect(inner).toBe('')
    }
  })

  it('says when nothing waits', async () => {
    expect(await waitingPage([], caller)).toContain('Nothing waits for a person.')
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
    expect(body).toContain('POST https://api.stripe.com/v1/refunds')
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
