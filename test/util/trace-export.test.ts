import { readFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import type { LookupFunction } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../../src/util/clock.js'
import { createLogger } from '../../src/util/log.js'
import { openTracer } from '../../src/util/trace-export.js'
import { startUpstream, type Upstream } from '../tools/upstream.js'

let endpoint: Upstream | undefined
let lines: string[] = []
beforeEach(() => {
  lines = []
})
afterEach(async () => {
  await endpoint?.close()
  endpoint = undefined
})

/** Sends one span there, with a header that carries a key, and waits until it was sent or could not be. */
async function sendSpan(url: string, lookup?: LookupFunction): Promise<void> {
  const settings = {
    url: `${url}/v1/traces`,
    headers: { authorization: 'Bearer otl-5c1f0e2b77aa' },
    sample: 1,
  }
  const tracer = await openTracer(settings, {
    ...{ clock: systemClock, version: '1', node: 'n' },
    log: createLogger({ level: 'info', destination: { write: (line) => lines.push(line) } }),
    ...(lookup && { network: { lookup } }),
  })
  tracer.begin({ traceId: '1'.repeat(32), spanId: '2'.repeat(16) }, { name: 'event' }).end()
  await tracer.close(5000)
}

const answering = (address: string): LookupFunction => {
  return (_name, options, found) =>
    options.all ? found(null, [{ address, family: 4 }]) : found(null, address, 4)
}

it('spans reach an endpoint on this machine, by its name too', async () => {
  endpoint = await startUpstream()
  await sendSpan(endpoint.origin)
  await sendSpan(`http://otlp.example.com:${endpoint.port}`, answering('127.0.0.1'))
  expect(endpoint.seen.map(({ method, url }) => [method, url])).toEqual([
    ['POST', '/v1/traces'],
    ['POST', '/v1/traces'],
  ])
})

it.each(['0', undefined])(
  'a certificate that nobody vouches for gets no span and no key (NODE_TLS_REJECT_UNAUTHORIZED=%s)',
  async (setting) => {
    const directory = join(import.meta.dirname, '../fixtures/tls')
    const key = readFileSync(join(directory, 'self-signed-key.pem'))
    const cert = readFileSync(join(directory, 'self-signed-cert.pem'))
    endpoint = await startUpstream(undefined, (listener) => createTlsServer({ key, cert }, listener))
    if (setting !== undefined) process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = setting
    try {
      await sendSpan(`https://localhost:${endpoint.port}`)
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    }
    expect(endpoint.seen).toEqual([])
    expect(lines.join()).toContain('traces cannot be sent')
    expect(lines.join()).not.toContain('otl-5c1f0e2b77aa')
  },
)

it('a name that moves to metadata is not connected to', async () => {
  const started = systemClock.monotonic()
  await sendSpan('http://otlp.example.com:1', answering('169.254.169.254'))
  expect(lines.join()).toContain('traces cannot be sent')
  expect(systemClock.monotonic() - started).toBeLessThan(4000)
})
