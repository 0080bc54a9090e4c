import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { openRaw } from '../../raw.js'
import { until } from '../../wait.js'
import { unless } from '../scenarios/steps.js'
import { type Handler, head, type Post, refusedWith, type Site } from './site.js'

function signed(
  site: Site,
  body: string | Buffer,
  more: Record<string, string> = {},
): readonly ['pub', Post] {
  return ['pub', { headers: { ...site.github(body), ...more }, body }]
}

const issue = (more = '') =>
  `{"action":"opened","issue":{"number":5${more}},"repository":{"full_name":"acme/api"}}`

async function isAlive(site: Site): Promise<boolean> {
  const { headers, body } = site.signed('own')
  return (await site.status('own', { headers, body })) < 300
}

function residentMB(site: Site): number {
  const text = readFileSync(`/proc/${site.bench.daemon?.child.pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1024
}

/** Chunks without an end, to a source that takes a megabyte. */
async function flood(site: Site, megabytes: number): Promise<{ statuses: number[]; sent: number }> {
  const stream = openRaw(
    site.url,
    'POST /hooks/own HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n',
  )
  const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 120), Buffer.from('\r\n')])
  // Written before, it would go out ahead of the head.
  await until('the connection', () => !stream.socket.connecting)
  let sent = 0
  while (sent < megabytes * 16 && !stream.isClosed() && stream.statuses().length === 0) {
    sent++
    if (!stream.socket.write(chunk)) await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await until('an answer', () => stream.statuses().length > 0 || stream.isClosed(), 5000)
  stream.socket.destroy()
  return { statuses: stream.statuses(), sent: sent / 16 }
}

const deep = (levels: number) => `${issue().slice(0, -1)},"x":${'['.repeat(levels)}${']'.repeat(levels)}}`

/** What is in a body, and how it comes. */
export const bodyHandlers: Readonly<Record<string, Handler>> = {
  R022: async (site) => {
    await flood(site, 64)
    let least = Number.POSITIVE_INFINITY
    const seen = new Set<number>()
    for (let trial = 0; trial < 4; trial++) {
      const before = residentMB(site)
      const { statuses, sent } = await flood(site, 64)
      if (sent >= 64) return ['64 megabytes were taken from one request']
      for (const status of statuses) seen.add(status)
      least = Math.min(least, residentMB(site) - before)
    }
    return unless(
      [seen.has(413) && seen.size === 1, `answered ${[...seen].join()}`],
      [least < 4, `${least.toFixed(1)} MB were kept of a request without an end`],
    )
  },
  R025: (site) => {
    const zipped = gzipSync(Buffer.alloc(1_000_000, 120))
    const as = (encoding: string) => signed(site, zipped, { 'content-encoding': encoding })
    return refusedWith(site, [415], {
      gzip: as('gzip'),
      br: as('br'),
      zstd: as('zstd'),
      nested: as('gzip, gzip'),
      unknown: as('x-secret'),
    })
  },
  R026: async (site) => {
    const files = issue(',"files":{"upload":{"filepath":"/etc/passwd","mimetype":"text/plain"}}')
    const [source, post] = signed(site, files)
    const status = await site.status(source, post)
    await site.bench.rest()
    const wasRead = site.bench.model.inputs.some(({ text }) => text.includes('root:x:0'))
    const multipart =
      '--x\r\ncontent-disposition: form-data; name="files"; filename="/etc/passwd"\r\n\r\nx\r\n--x--\r\n'
    const faults = await refusedWith(site, [400], {
      multipart: signed(site, multipart, { 'content-type': 'multipart/form-data; boundary=x' }),
    })
    return [
      ...faults,
      ...unless([status < 300, `a field named files was answered ${status}`], [!wasRead, 'a file was read']),
    ]
  },
  R027: async (site) => {
    const types = ['application/json;charset=utf-7', 'text/plain', 'application/x-www-form-urlencoded', '']
    const faults: string[] = []
    for (const [at, type] of types.entries()) {
      const body = issue(`,"t":${at}`)
      const { 'content-type': _, ...headers } = site.github(body)
      const more: Record<string, string> = type === '' ? {} : { 'content-type': type }
      const status = await site.status('pub', { headers: { ...headers, ...more }, body })
      if (status >= 300) faults.push(`Content-Type "${type}" was answered ${status}`)
      const forged = await site.status('pub', { headers: { ...headers, ...more }, body: `${body} ` })
      if (forged !== 401) faults.push(`a forged body of Content-Type "${type}" was answered ${forged}`)
    }
    return faults
  },
  R028: async (site) => {
    const bom = Buffer.concat([Buffer.from('\ufeff'), Buffer.from(issue(',"bom":1'))])
    const bad = Buffer.concat([
      Buffer.from(issue().slice(0, -2)),
      Buffer.from([0xff, 0xfe, 0x80, 0x22, 0x7d]),
    ])
    const wide = Buffer.from(issue(), 'utf16le')
    const zero = Buffer.from(issue(',"z":"\0"'))
    const malformed = { 'invalid UTF-8': bad, 'UTF-16': wide, NUL: zero }
    const posts = Object.entries(malformed).map(([what, body]) => [what, signed(site, body)] as const)
    const faults = await refusedWith(site, [400], Object.fromEntries(posts))
    const [source, post] = signed(site, bom)
    const status = await site.status(source, post)
    const db = new Database(site.bench.file, { readonly: true })
    const kept = db.prepare<[Buffer], unknown>('SELECT 1 FROM deliveries WHERE body = ?').get(bad)
    db.close()
    const lone = signed(site, issue(',"l":"\\ud800"'))
    const surrogate = await site.status(...lone)
    return [
      ...faults,
      ...unless(
        [status !== 401, 'a byte order mark broke the signature'],
        [kept !== undefined, 'the bytes that could not be read were not kept'],
        [[200, 202, 400].includes(surrogate), `half of a character was answered ${surrogate}`],
      ),
    ]
  },
  R030: async (site) => {
    const faults = await refusedWith(site, [400], {
      'depth 65': signed(site, deep(65)),
      'depth 1,000,000': signed(site, deep(1_000_000)),
    })
    return [...faults, ...unless([await isAlive(site), 'the daemon takes nothing any more'])]
  },
  R031: (site) =>
    refusedWith(site, [400], { twice: signed(site, issue().replace('{', '{"action":"closed",')) }),
  R032: async (site) => {
    const keys = '"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}},"prototype":1'
    const [source, post] = signed(site, issue().replace('{', `{${keys},`))
    const status = await site.status(source, post)
    const { headers, body } = site.signed('pub', 'after the keys')
    await site.status('pub', { headers, body })
    await site.bench.rest()
    const later = site.bench.model.inputs.filter(({ text }) => text.includes('after the keys'))
    return unless(
      [status < 300 || status === 400, `answered ${status}`],
      [
        later.length > 0 && later.every(({ text }) => !text.includes('polluted')),
        'a later event has what was sent before',
      ],
    )
  },
  R034: async (site) => {
    const many = Array.from({ length: 100_001 }, (_, at) => `"${at}":0`).join()
    const beganAt = performance.now()
    const faults = await refusedWith(site, [400, 413], {
      'a hundred thousand keys': signed(site, `{${many}}`),
    })
    const [source, post] = signed(site, issue(`,"${'k'.repeat(1_000_000)}":1`))
    const long = await site.status(source, post)
    const ms = performance.now() - beganAt
    return [
      ...faults,
      ...unless(
        [[200, 202, 400, 413].includes(long), `a key of a megabyte was answered ${long}`],
        [ms < 5000, `it took ${Math.round(ms)} ms`],
        [await isAlive(site), 'the daemon takes nothing any more'],
      ),
    ]
  },
  R041: async (site) => {
    const large = head('POST', '/hooks/own', { expect: '100-continue' }, 50_000_000)
    const { statuses } = await site.raw(large)
    const isRefused = statuses.length === 1 && [413, 417].includes(statuses[0] ?? 0)
    return unless([isRefused, `answered ${statuses.join()}`])
  },
}
