import { unless } from '../scenarios/steps.js'
import { waiting } from './pages.js'
import type { Handler } from './site.js'

/** What a browser is told, and what it can be made to do. */
export const visitHandlers: Readonly<Record<string, Handler>> = {
  headers: async (site) => {
    const { headers } = await site.door.ask({ path: '/', headers: { cookie: site.door.cookie } })
    const csp = headers['content-security-policy'] ?? ''
    return unless(
      [csp.includes("frame-ancestors 'none'"), `the policy is "${csp}"`],
      [csp.includes("default-src 'none'") && !csp.includes('unsafe'), `the policy is "${csp}"`],
      [headers['x-content-type-options'] === 'nosniff', 'a type may be guessed'],
      [/no-store/.test(headers['cache-control'] ?? ''), 'a page may be kept'],
      [/no-referrer|same-origin/.test(headers['referrer-policy'] ?? ''), 'a referrer may be sent'],
    )
  },
  cookie: async (site) => {
    const own = `http://${site.door.host}`
    const { headers, status } = await site.door.ask({
      method: 'POST',
      path: '/login',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: own, cookie: 'session=chosen' },
      body: `token=${site.door.tokens.approve}`,
    })
    const cookie = headers['set-cookie'] ?? ''
    return unless(
      [status < 400, `the login was answered ${status}`],
      [/;\s*HttpOnly/i.test(cookie), 'scripts can read the cookie'],
      [/;\s*SameSite=Strict/i.test(cookie), 'the cookie is sent from elsewhere'],
      [
        !cookie.includes('chosen') && !cookie.includes(site.door.tokens.approve),
        'the cookie is one that was known before',
      ],
    )
  },
  foreign: async (site) => {
    await waiting(site)
    const [approval] = site.bench.waiting()
    const path = `/api/approvals/${approval?.id}/approve`
    const body = JSON.stringify({ digest: approval?.digest })
    const { cookie } = site.door
    const json = 'application/json'
    const trials = {
      'a page elsewhere': { 'content-type': json, cookie, origin: 'https://evil.test' },
      'the origin null': { 'content-type': json, cookie, origin: 'null' },
      'Sec-Fetch-Site': { 'content-type': json, cookie, 'sec-fetch-site': 'cross-site' },
      'no Origin': { 'content-type': json, cookie },
      'text/plain': { 'content-type': 'text/plain', cookie, origin: 'https://evil.test' },
    }
    const before = site.bench.waiting().length
    const faults: string[] = []
    for (const [what, headers] of Object.entries(trials)) {
      const { status } = await site.door.ask({ method: 'POST', path, headers, body })
      if (status < 400) faults.push(`${what} was answered ${status}`)
    }
    return [...faults, ...unless([site.bench.waiting().length === before, 'something was decided'])]
  },
  get: async (site) => {
    await waiting(site)
    const before = site.bench.waiting().length
    const [approval] = site.bench.waiting()
    const faults: string[] = []
    for (const method of ['GET', 'HEAD']) {
      for (const what of ['approve', 'deny']) {
        const path = `/api/approvals/${approval?.id}/${what}`
        const { status } = await site.door.ask({ method, path, headers: { cookie: site.door.cookie } })
        if (status < 400) faults.push(`${method} ${what} was answered ${status}`)
      }
    }
    return [...faults, ...unless([site.bench.waiting().length === before, 'something was decided'])]
  },
  redirect: async (site) => {
    const faults: string[] = []
    for (const to of ['//evil.test', 'https://evil.test', '/\\evil.test', 'javascript:alert(1)']) {
      const { headers } = await site.door.ask({
        method: 'POST',
        path: `/login?next=${encodeURIComponent(to)}&return_to=${encodeURIComponent(to)}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: `http://${site.door.host}` },
        body: `token=${site.door.tokens.read}&next=${encodeURIComponent(to)}`,
      })
      const location = headers['location'] ?? '/'
      if (!/^\/(?![/\\])/.test(location)) faults.push(`${to} leads to ${location}`)
    }
    return faults
  },
  banner: async (site) => {
    const faults: string[] = []
    const answers = [
      await site.post('pub', { path: '/nothing', headers: {}, body: '' }),
      await site.door.ask({ path: '/nothing', headers: site.door.bearer('read') }),
      await site.door.ask({ path: '/nothing' }),
    ]
    for (const { headers, body } of answers) {
      if (headers['server'] !== undefined || headers['x-powered-by'] !== undefined)
        faults.push('an answer names its server')
      if (/\bat \S+ \(|node_modules|\.js:\d+/.test(body))
        faults.push('an answer shows where in the program it was')
    }
    return faults
  },
}
