import { openRaw } from '../../raw.js'
import { unless } from '../scenarios/steps.js'
import { type Handler, head, type Site } from './site.js'

/** Bytes that must not become an event: refused, or the connection ends. */
async function refusedRaw(site: Site, requests: Readonly<Record<string, string>>): Promise<string[]> {
  const before = site.count()
  const faults: string[] = []
  for (const [what, bytes] of Object.entries(requests)) {
    const { statuses } = await site.raw(bytes)
    const isRefused = statuses.every((status) => status >= 400)
    if (!isRefused) faults.push(`${what} was answered ${statuses.join()}`)
  }
  const after = site.count()
  return [
    ...faults,
    ...unless([after.events === before.events, `${after.events - before.events} events were recorded`]),
  ]
}

function right(site: Site) {
  const { headers, body } = site.signed('pub')
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return { lines: lines.join(''), body, size: Buffer.byteLength(body) }
}

const start = 'POST /hooks/pub HTTP/1.1\r\nhost: 127.0.0.1\r\n'

/** Where a request begins and ends, and what one is. */
export const framingHandlers: Readonly<Record<string, Handler>> = {
  both: (site) => {
    const { lines, body, size } = right(site)
    const chunked = `${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    return refusedRaw(site, {
      'both, the length first': `${start}${lines}content-length: ${size}\r\ntransfer-encoding: chunked\r\n\r\n${chunked}`,
      'both, the chunks first': `${start}${lines}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n${chunked}`,
      'two codings': `${start}${lines}transfer-encoding: gzip, chunked\r\n\r\n${chunked}`,
      'an unknown coding': `${start}${lines}transfer-encoding: xchunked\r\n\r\n${chunked}`,
      'a space before the colon': `${start}${lines}transfer-encoding : chunked\r\n\r\n${chunked}`,
    })
  },
  lengths: (site) => {
    const { lines, body, size } = right(site)
    return refusedRaw(site, {
      'two lengths': `${start}${lines}content-length: ${size}\r\ncontent-length: ${size - 1}\r\n\r\n${body}`,
      'a list of lengths': `${start}${lines}content-length: ${size}, ${size}\r\n\r\n${body}`,
      'a length with a sign': `${start}${lines}content-length: +${size}\r\n\r\n${body}`,
      'a negative length': `${start}${lines}content-length: -1\r\n\r\n${body}`,
      'a length that is none': `${start}${lines}content-length: 0x10\r\n\r\n${body}`,
    })
  },
  short: async (site) => {
    const before = site.count()
    const { lines, body, size } = right(site)
    const stream = openRaw(site.url, `${start}${lines}content-length: ${size + 90}\r\n\r\n${body}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
    stream.socket.end()
    await new Promise((resolve) => setTimeout(resolve, 300))
    stream.socket.destroy()
    const cut = await site.raw(`${start}${lines}content-length: ${size - 5}\r\n\r\n${body}`)
    const after = site.count()
    return unless(
      [stream.statuses().every((status) => status >= 400), `answered ${stream.statuses().join()}`],
      [
        cut.statuses.every((status) => status >= 400),
        `a body that is cut off was answered ${cut.statuses.join()}`,
      ],
      [after.events === before.events, 'half a delivery was recorded'],
    )
  },
  headers: (site) => {
    const { lines, body, size } = right(site)
    const rest = `${lines}content-length: ${size}\r\n`
    return refusedRaw(site, {
      'a folded line': `${start}${rest}x-a: b\r\n c\r\n\r\n${body}`,
      'a bare CR': `${start}${rest}x-a: b\rx-c: d\r\n\r\n${body}`,
      'a NUL': `${start}${rest}x-a: b\0c\r\n\r\n${body}`,
      'a space in a name': `${start}${rest}x a: b\r\n\r\n${body}`,
      'a space before the colon': `${start}${rest}x-a : b\r\n\r\n${body}`,
      'no colon': `${start}${rest}nonsense\r\n\r\n${body}`,
    })
  },
  version: (site) => {
    const { lines, body, size } = right(site)
    const rest = `${lines}content-length: ${size}\r\n\r\n${body}`
    return refusedRaw(site, {
      'HTTP/0.9': `GET /hooks/pub\r\n\r\n`,
      'HTTP/3.0': `POST /hooks/pub HTTP/3.0\r\nhost: 127.0.0.1\r\n${rest}`,
      'no Host': `POST /hooks/pub HTTP/1.1\r\n${rest}`,
      'two Hosts': `${start}host: evil.test\r\n${rest}`,
      'no version': `POST /hooks/pub\r\nhost: 127.0.0.1\r\n${rest}`,
    })
  },
  splitting: async (site) => {
    const faults: string[] = []
    for (const path of [
      '/hooks/pub%0d%0aset-cookie:%20x=1',
      '/hooks/%0d%0a%0d%0a<script>',
      '/hooks/pub?x=%0d%0ax-a:%20b',
    ]) {
      const { statuses, text } = await site.raw(head('GET', path, {}, 0))
      if (statuses.some((status) => status < 400)) faults.push(`${path} was answered ${statuses.join()}`)
      if (/^(?:set-cookie: x|x-a: b)/im.test(text) || text.includes('<script>'))
        faults.push(`${path} is in the answer`)
    }
    return faults
  },
  target: async (site) => {
    const { statuses } = await site.raw(head('POST', `/hooks/pub?${'x'.repeat(20_000)}`, {}, 0))
    const long = await site.raw(head('POST', `/hooks/${'p'.repeat(8000)}`, {}, 0))
    return unless(
      [statuses.every((status) => status >= 400), `20 KB were answered ${statuses.join()}`],
      [long.statuses.every((status) => status >= 400), `a path of 8 KB was answered ${long.statuses.join()}`],
    )
  },
  connections: async (site) => {
    const streams = Array.from({ length: 600 }, () => openRaw(site.url, 'POST /hooks/pub HTTP/1.1\r\n'))
    await new Promise((resolve) => setTimeout(resolve, 500))
    for (const { socket } of streams) socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 200))
    const { headers, body } = site.signed('pub')
    const status = await site.status('pub', { headers, body })
    return unless([status < 300, `after 600 connections a delivery was answered ${status}`])
  },
}
