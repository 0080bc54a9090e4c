import { unless } from '../scenarios/steps.js'
import type { Handler, Site } from './site.js'

const hostile = `<script>alert(1)</script><img src=x onerror=alert(1)> ![x](https://evil.test/i.png)
  [x](javascript:alert(1)) {{7*7}} \${7*7} </title>`

/** A call that waits for a person, of an event whose text is an attacker's. */
export async function waiting(site: Site): Promise<void> {
  const { bench } = site
  const comment = { tool: 'close_issue', args: {} }
  bench.model.turns = (input) => (input.text.includes('onerror') ? [{ calls: [comment], text: hostile }] : [])
  const { headers, body } = site.signed('pub', hostile, { ids: { issue: 900 + bench.waiting().length } })
  await site.status('pub', { headers, body })
  await bench.rest()
  if (bench.waiting().length === 0) throw new Error('nobody was asked')
}

const policy = "default-src 'none'; script-src 'self'"

/** The listener for people. */
export const pageHandlers: Readonly<Record<string, Handler>> = {
  R050: async (site) => {
    await waiting(site)
    const page = await site.door.ask({ path: '/', headers: { cookie: site.door.cookie } })
    const csp = page.headers['content-security-policy'] ?? ''
    return unless(
      [page.status === 200, `the page was answered ${page.status}`],
      [page.body.includes('close_issue'), 'the page does not show what waits'],
      [
        !/<script>alert|<img[^>]*onerror|href="javascript:/i.test(page.body),
        'what an attacker wrote is markup on the page',
      ],
      [csp.startsWith(policy) && !csp.includes('unsafe'), `the policy is "${csp}"`],
      [!/<script(?![^>]*\bsrc=)|\son\w+=/i.test(page.body), 'the page has a script of its own in its text'],
    )
  },
  R051: async (site) => {
    await waiting(site)
    const { body } = await site.door.ask({ path: '/', headers: { cookie: site.door.cookie } })
    return unless([
      !/(?:src|href|action|data)\s*=\s*["']?(?:https?:)?\/\/(?!127\.0\.0\.1)/i.test(body),
      'the page refers to another host',
    ])
  },
  R052: async (site) => {
    const { headers, body } = site.signed('pub', 'a\n\ndata: {"forged":true}\n\nevent: x </script>')
    await site.status('pub', { headers, body })
    await waiting(site)
    const answer = await site.door.ask({ path: '/api/approvals', headers: site.door.bearer('read') })
    const stream = await site.raw(
      `GET /api/stream HTTP/1.1\r\nhost: ${site.door.host}\r\nauthorization: Bearer ${site.door.tokens.read}\r\n\r\n`,
      `http://${site.door.host}`,
    )
    const isJson = Array.isArray((JSON.parse(answer.body) as { approvals?: unknown }).approvals)
    return unless(
      [isJson, 'the list of approvals is no JSON'],
      [!/^data: \{"forged"/m.test(stream.text), 'an event’s text made an event of the stream'],
    )
  },
  R053: async (site) => {
    const { door } = site
    const { authorization } = door.bearer('approve')
    const other = await door.ask({ path: '/api/approvals', headers: { authorization, host: 'evil.test' } })
    const near = await door.ask({
      path: '/api/approvals',
      headers: { authorization, host: `127.0.0.1.evil.test:${door.port}` },
    })
    const absolute = await door.ask({ path: 'http://evil.test/api/approvals', headers: { authorization } })
    const own = await door.ask({ path: '/api/approvals', headers: { authorization } })
    return unless(
      [other.status === 421, `Host evil.test was answered ${other.status}`],
      [near.status === 421, `a Host that begins with ours was answered ${near.status}`],
      [absolute.status === 421, `an absolute target elsewhere was answered ${absolute.status}`],
      [own.status === 200, `our own host was answered ${own.status}`],
    )
  },
  R055: async (site) => {
    const faults: string[] = []
    for (const method of ['GET', 'OPTIONS', 'POST']) {
      for (const path of ['/api/approvals', '/healthz', '/']) {
        const headers = {
          origin: 'https://evil.test',
          'access-control-request-method': 'POST',
          ...site.door.bearer('read'),
        }
        const answer = await site.door.ask({ method, path, headers })
        const cors = Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))
        if (cors.length > 0) faults.push(`${method} ${path} was answered with ${cors.join()}`)
      }
    }
    return faults
  },
  R057: async (site) => {
    const { door, bench } = site
    await waiting(site)
    const path = '/api/approvals'
    const status = async (headers: Record<string, string>, to = path) =>
      (await door.ask({ path: to, headers })).status
    const [approval] = bench.waiting()
    const decision = await door.ask({
      method: 'POST',
      path: `${path}/${approval?.id}/approve`,
      headers: { ...door.bearer('read'), 'content-type': 'application/json' },
      body: JSON.stringify({ digest: approval?.digest }),
    })
    const wrong = `Bearer ${'A'.repeat(43)}`
    // Those beyond a peer's share are held back for a moment each, so they come beside each other.
    const guess = (at: number) => status({ authorization: `Bearer ${String(at).padStart(43, 'B')}` })
    const guesses = await Promise.all(Array.from({ length: 200 }, (_, at) => guess(at)))
    const own = await status(door.bearer('approve'))
    const found = {
      none: await status({}),
      wrong: await status({ authorization: wrong }),
      query: await status({}, `${path}?token=${door.tokens.approve}`),
    }
    const before = await bench.command('token', '--role', 'read', '--rotate')
    const revoked = await status(door.bearer('read'))
    const isLogged = [door.tokens.approve, door.tokens.read].some((token) => bench.log.includes(token))
    return unless(
      [found.none === 401, `without a token: ${found.none}`],
      [found.wrong === 401 || found.wrong === 429, `with a wrong token: ${found.wrong}`],
      [found.query === 401, `with the token in the query: ${found.query}`],
      [decision.status === 403, `a token that reads approved: ${decision.status}`],
      [
        guesses.every((answer) => answer === 401 || answer === 429),
        `guesses were answered ${[...new Set(guesses)].join()}`,
      ],
      [own === 200, `after 200 guesses a good token was answered ${own}`],
      [before.code === 0 && revoked >= 401, `a token that was revoked was answered ${revoked}`],
      [!isLogged, 'a token is in the log'],
    )
  },
  R060: async (site) => {
    const paths = [
      '/%5c..%5c..%5cetc%5cpasswd',
      '//etc/passwd',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/..%2f..%2fconfig.yaml',
      '/../config.yaml',
    ]
    const more = [
      '/Login',
      '/LOGIN',
      '/login/',
      '/assets/../config.yaml',
      '/config.yaml',
      '/rouse.db',
      '/.git/config',
      '/%00',
    ]
    const faults: string[] = []
    for (const path of [...paths, ...more]) {
      const { status, body } = await site.door.ask({ path, headers: { cookie: site.door.cookie } })
      if (![400, 404, 421].includes(status)) faults.push(`${path} was answered ${status}`)
      if (/root:x:0|sources:|SQLite format/.test(body)) faults.push(`${path} gave a file`)
    }
    return faults
  },
}
