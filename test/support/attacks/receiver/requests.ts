import { statSync } from 'node:fs'
import { openRaw } from '../../raw.js'
import { until } from '../../wait.js'
import { unless } from '../scenarios/steps.js'
import { type Handler, head, type Site } from './site.js'

const smuggled = 'GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'

function forged(site: Site, at: number) {
  const body = `{"action":"opened","forged":${at},"issue":{"number":1},"repository":{"full_name":"acme/api"}}`
  return { headers: { ...site.github(body), 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }, body }
}

/** In all files of the ledger. */
function ledgerBytes({ bench }: Site): number {
  return ['', '-wal'].reduce(
    (sum, end) => sum + (statSync(bench.file + end, { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
}

/** What a terminal obeys, and what turns a line around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const obeyed = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

/** How requests are made, who makes them, and what is written of them. */
export const requestHandlers: Readonly<Record<string, Handler>> = {
  R023: async (site) => {
    const beganAt = performance.now()
    const seconds = () => (performance.now() - beganAt) / 1000
    const headers = openRaw(site.url, 'POST /hooks/pub HTTP/1.1\r\nhost: a\r\n')
    const body = openRaw(site.url, `${head('POST', '/hooks/pub', {}, 1000)}x`)
    const drip = setInterval(() => {
      if (!headers.isClosed()) headers.socket.write('x')
      if (!body.isClosed()) body.socket.write('x')
    }, 2000)
    let closed = 0
    try {
      await until('slow headers to be closed', () => headers.isClosed(), 16_000)
      closed = seconds()
      await until('a slow body to be closed', () => body.isClosed(), 12_000)
    } finally {
      clearInterval(drip)
      headers.socket.destroy()
      body.socket.destroy()
    }
    return unless(
      [closed < 15, `slow headers were closed after ${closed.toFixed(1)} s`],
      [seconds() < 22, `a slow body was closed after ${seconds().toFixed(1)} s`],
    )
  },
  R036: async (site) => {
    const { headers, body } = forged(site, 36)
    const { statuses } = await site.raw(head('POST', '/hooks/pub', headers, body.length) + body + smuggled)
    const large = await site.raw(head('POST', '/hooks/own', {}, 50_000_000) + smuggled)
    return unless(
      [statuses.join() === '401' || statuses.join() === '401,200', `answered ${statuses.join()}`],
      [!statuses.includes(200), 'what stood behind a refused delivery was answered'],
      [!large.statuses.includes(200), 'what stood in a refused body was answered'],
    )
  },
  R038: async (site) => {
    const paths = [
      '//hooks/pub',
      '/hooks//pub',
      '/./hooks/pub',
      '/hooks/../hooks/pub',
      '/hooks/..%2fadmin',
      '/hooks/%2e%2e',
    ]
    const more = [
      '/hooks/pub;x=1',
      '/hooks/pub%00',
      '/hooks%2Fpub',
      '/HOOKS/pub',
      '/hooks/PUB',
      '/hooks/pub/',
      '/hooks/p%c1%b5b',
    ]
    const before = site.count()
    const faults: string[] = []
    for (const path of [...paths, ...more]) {
      const { headers, body } = site.signed('pub')
      const status = await site.status('pub', { path, headers, body })
      if (status !== 404 && status !== 400) faults.push(`${path} was answered ${status}`)
    }
    return [...faults, ...unless([site.count().events === before.events, 'an event came in by another path'])]
  },
  R039: async (site) => {
    const faults: string[] = []
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE', 'PATCH']) {
      const { headers, body } = site.signed('pub')
      const override = { ...headers, 'x-http-method-override': 'POST', 'x-method-override': 'POST' }
      const status = await site.status('pub', { method, headers: override, body })
      if (status !== 405) faults.push(`${method} was answered ${status}`)
    }
    // Node takes any number of spaces behind a method for one, so this is POST; it is to prove itself like any other.
    const odd = await site.status('pub', { method: 'POST ', ...forged(site, 39) })
    return [...faults, ...unless([odd >= 400 || odd === 0, `"POST " was answered ${odd}`])]
  },
  R040: async (site) => {
    const { headers, body } = site.signed('pub')
    const status = (more: Record<string, string>) =>
      site.status('pub', { headers: { ...headers, ...more }, body })
    const large = await status({ 'x-large': 'x'.repeat(17_000) })
    const cookie = await status({ cookie: 'x'.repeat(1_000_000) })
    const many = await status(Object.fromEntries(Array.from({ length: 1500 }, (_, at) => [`x-${at}`, 'x'])))
    const { headers: own, body: text } = site.signed('pub')
    const after = await site.status('pub', { headers: own, body: text })
    return unless(
      [[431, 0].includes(large), `17 KB of headers were answered ${large}`],
      [[431, 0].includes(cookie), `a cookie of a megabyte was answered ${cookie}`],
      [many === 431 || many < 300 || many === 400, `1500 headers were answered ${many}`],
      [after < 300, `a delivery after that was answered ${after}`],
    )
  },
  R042: async (site) => {
    const upgrade = (to: string, more: Record<string, string>) =>
      site.raw(head('GET', '/hooks/pub', { connection: 'Upgrade', upgrade: to, ...more }, 0))
    const h2c = await upgrade('h2c', { 'http2-settings': 'AAMAAABkAARAAAAAAAIAAAAA' })
    const key = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' }
    const socket = await upgrade('websocket', key)
    const preface = await site.raw('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    return unless(
      [!h2c.statuses.includes(101), 'h2c was taken'],
      [!socket.statuses.includes(101), 'a websocket was taken'],
      [preface.statuses.every((status) => status >= 400), `HTTP/2 was answered ${preface.statuses.join()}`],
    )
  },
  R043: async (site) => {
    const bytes = ledgerBytes(site)
    const lines = site.bench.log.split('\n').length
    const numbers = Array.from({ length: 2000 }, (_, at) => at)
    const lane = async () => {
      for (let at = numbers.shift(); at !== undefined; at = numbers.shift())
        await site.status('pub', forged(site, at))
    }
    await Promise.all(Array.from({ length: 16 }, lane))
    const written = site.bench.log.split('\n').length - lines
    const grown = ledgerBytes(site) - bytes
    return unless(
      [written < 20, `${written} lines were logged for 2000 forged deliveries`],
      [grown < 64 * 1024, `the ledger grew by ${grown} bytes`],
    )
  },
  R044: async (site) => {
    const statuses: number[] = []
    for (let at = 0; at < 300; at++) {
      await site.status('pub', forged(site, 440_000 + at))
      if (at % 30 !== 0) continue
      const { headers, body } = site.signed('pub')
      statuses.push(await site.status('pub', { headers, body }))
    }
    return unless([
      statuses.every((status) => status < 300),
      `the sender itself was answered ${statuses.join()}`,
    ])
  },
  R045: async (site) => {
    const bytes = ledgerBytes(site)
    const padding = 'x'.repeat(900_000)
    for (let at = 0; at < 50; at++) {
      const { headers, body } = forged(site, at)
      await site.status('pub', { headers, body: body + padding })
    }
    const grown = ledgerBytes(site) - bytes
    return unless([grown < 64 * 1024, `the ledger grew by ${grown} bytes for 45 MB of forged deliveries`])
  },
  R048: async (site) => {
    const text =
      'a\r\n{"level":"error"}\n\u001b[2J\u001b]8;;https://evil.test\u0007x\u001b]52;c;eA==\u0007\u202egnp.exe'
    const { headers, body } = site.signed('pub', text)
    const answer = await site.post('pub', { headers, body })
    await site.bench.rest()
    const [id = ''] = (JSON.parse(answer.body) as { events?: string[] }).events ?? []
    const shown = await Promise.all([
      site.bench.command('event', id),
      site.bench.command('explain', id),
      site.bench.command('events'),
    ])
    const isObeyed = shown.some(({ output }) => obeyed.test(output.replaceAll('\n', '')))
    const isLogged = obeyed.test(site.bench.log.replaceAll('\n', ''))
    const isWhole = site.bench.log
      .trim()
      .split('\n')
      .every((line) => line.startsWith('{') && line.endsWith('}'))
    return unless(
      [
        shown.every(({ code }) => code === 0),
        `the commands ended with ${shown.map(({ code }) => code).join()}`,
      ],
      [!isObeyed, 'a command prints what a terminal obeys'],
      [!isLogged, 'the log has what a terminal obeys'],
      [isWhole, 'a line of the log is broken'],
    )
  },
  R049: async (site) => {
    const words = ['victim@example.com', '4242424242424242', 'ghp_strangerstoken123']
    const { headers, body } = site.signed('pub', words.join(' '))
    const more = {
      ...headers,
      authorization: 'Bearer stranger-token-77',
      cookie: 'session=stranger-cookie-88',
    }
    await site.status('pub', { headers: more, body })
    const bad = { ...more, 'x-hub-signature-256': `sha256=${'1'.repeat(64)}` }
    await site.status('pub', { headers: bad, body })
    await site.bench.rest()
    const all = [
      ...words,
      'stranger-token-77',
      'stranger-cookie-88',
      headers['x-hub-signature-256'] ?? '',
      '1'.repeat(64),
    ]
    const found = all.filter((word) => site.bench.log.includes(word))
    return unless([found.length === 0, `the log has ${found.join()}`])
  },
  R058: async (site) => {
    const faults: string[] = []
    for (const path of ['/admin', '/api', '/api/approvals', '/metrics', '/login', '/', '/readyz']) {
      const status = await site.status('pub', { method: 'GET', path, headers: {}, body: '' })
      if (status !== 404) faults.push(`${path} was answered ${status}`)
    }
    return faults
  },
}
