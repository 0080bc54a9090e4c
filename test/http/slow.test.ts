import { expect, it } from 'vitest'
import { openRaw, type RawStream } from '../support/raw.js'
import { githubSecret, startRouse } from '../support/rouse.js'
import { until } from '../support/wait.js'
import { signed } from './signed.js'

/** The limits that the daemon really has; `server.test.ts` has each of them shorter and by itself. */

const dripEveryMs = 250

it('slow senders are cut off in time, each kind of them, while others are answered', {
  timeout: 60_000,
}, async () => {
  const rouse = await startRouse({ config: `sources: { ci: { kind: github, secret: "${githubSecret}" } }\n` })
  const startedAt = performance.now()
  const ended = new Map<string, number>()
  const streams: RawStream[] = []
  const drips: NodeJS.Timeout[] = []
  const begin = (name: string, bytes: string | Buffer, drip?: string) => {
    const stream = openRaw(rouse.url, bytes)
    streams.push(stream)
    stream.socket.on('close', () => ended.set(name, (performance.now() - startedAt) / 1000))
    if (drip !== undefined)
      drips.push(setInterval(() => stream.socket.writable && stream.socket.write(drip), dripEveryMs))
    return stream
  }
  const head = 'POST /hooks/ci HTTP/1.1\r\nHost: localhost\r\n'
  try {
    begin('silent', '')
    begin('half a line', 'POST /hoo')
    begin('headers, a byte at a time', head, 'x')
    begin('headers, a line at a time', head, 'X-A: b\r\n')
    begin('a body, a byte at a time', `${head}Content-Length: 1000\r\n\r\n`, 'x')
    begin('chunks, a byte at a time', `${head}Transfer-Encoding: chunked\r\n\r\n`, '1\r\nx\r\n')
    begin('an extension, a byte at a time', `${head}Transfer-Encoding: chunked\r\n\r\n1;`, 'x')
    begin('trailers, a line at a time', `${head}Transfer-Encoding: chunked\r\n\r\n0\r\n`, 'X-A: b\r\n')
    begin('a body that does not come', `${head}Content-Length: 1000\r\n\r\n`)
    begin('a second request, a byte at a time', Buffer.concat([signed(), Buffer.from(head)]), 'x')
    const idle = begin('idle after its answer', signed())
    await until('the answer', () => idle.statuses()[0] === 202)
    await until('all to be closed', () => streams.every((stream) => stream.isClosed()), 30_000)
    for (const [name, [least, most]] of Object.entries({
      silent: [9.5, 12.5],
      'half a line': [9.5, 12.5],
      'headers, a byte at a time': [9.5, 12.5],
      'headers, a line at a time': [9.5, 12.5],
      'a body, a byte at a time': [14.5, 17.5],
      'chunks, a byte at a time': [14.5, 17.5],
      'an extension, a byte at a time': [14.5, 17.5],
      'trailers, a line at a time': [14.5, 17.5],
      'a body that does not come': [14.5, 17.5],
      'a second request, a byte at a time': [9.5, 12.5],
      'idle after its answer': [4.5, 8.5],
    })) {
      expect(ended.get(name), name).toBeGreaterThan(least as number)
      expect(ended.get(name), name).toBeLessThan(most as number)
    }
    const last = begin('a delivery afterwards', signed({ headers: ['Connection: close'] }))
    await until('its answer', () => last.statuses()[0] === 202)
    const { events } = await rouse.ledger.counts()
    expect(events.recorded + events.dispatched + events.ignored).toBe(3)
  } finally {
    for (const drip of drips) clearInterval(drip)
    for (const { socket } of streams) socket.destroy()
    await rouse.stop()
  }
})
