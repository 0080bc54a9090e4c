import { readFileSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import type { LookupFunction } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterEach, expect, it } from 'vitest'
import { createNetwork, NetworkError, type NetworkRequest } from '../../src/util/fetch.js'
import { startUpstream, type Upstream } from '../tools/upstream.js'

/** Nobody has told the redactor of it: what is not known as a secret must not be said in the first place. */
const canary = 'zq7CANARYv3'

const open: { close(): unknown }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

async function upstream(answer: NonNullable<Upstream['answer']>): Promise<string> {
  const started = await startUpstream(answer)
  open.push(started)
  return started.origin
}

/** Its certificate nobody vouches for. */
async function selfSigned(): Promise<string> {
  const file = (name: string) => readFileSync(join(import.meta.dirname, '../fixtures/tls', name))
  const certificate = { key: file('self-signed-key.pem'), cert: file('self-signed-cert.pem') }
  const started = await startUpstream(undefined, (listener) => createTlsServer(certificate, listener))
  open.push(started)
  return `https://localhost:${started.port}`
}

const unknownName: LookupFunction = (name, _options, found) =>
  found(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }), '', 0)

interface Case {
  readonly fault: NetworkError['fault']
  readonly what: string
  readonly origin: string | (() => Promise<string>)
  readonly more?: Partial<NetworkRequest>
  readonly lookup?: LookupFunction
}

const secretAnswer: NonNullable<Upstream['answer']> = (_seen, response) => {
  response.writeHead(200, { 'x-secret': canary, 'content-encoding': 'gzip' })
  response.end(`${canary} is no gzip`)
}
const largeAnswer: NonNullable<Upstream['answer']> = (_seen, response) => {
  response.writeHead(200, { 'content-encoding': 'gzip' })
  response.end(gzipSync(canary.repeat(20_000)))
}

const cases: readonly Case[] = [
  {
    fault: 'invalid',
    what: 'a header with a line break',
    origin: 'http://127.0.0.1:1',
    more: { headers: { 'x-key': `${canary}\r\nx: y` } },
  },
  {
    fault: 'invalid',
    what: 'a header with an odd name',
    origin: 'http://127.0.0.1:1',
    more: { headers: { 'x key': canary } },
  },
  {
    fault: 'invalid',
    what: 'a method that is none',
    origin: 'http://127.0.0.1:1',
    more: { method: `GET ${canary}` },
  },
  { fault: 'invalid', what: 'a URL with a password', origin: `http://user:${canary}@127.0.0.1:1` },
  { fault: 'invalid', what: 'a URL that is none', origin: `http:// ${canary}` },
  { fault: 'address', what: 'a metadata address', origin: 'http://169.254.169.254' },
  { fault: 'dns', what: 'a name without address', origin: 'http://api.example.com', lookup: unknownName },
  { fault: 'connect', what: 'a closed port', origin: 'http://127.0.0.1:1' },
  { fault: 'tls', what: 'a certificate of nobody', origin: selfSigned },
  { fault: 'timeout', what: 'no answer', origin: () => upstream(() => undefined), more: { timeoutMs: 100 } },
  {
    fault: 'reset',
    what: 'a broken connection',
    origin: () => upstream((_seen, response) => void response.destroy()),
  },
  { fault: 'encoding', what: 'a broken encoding', origin: () => upstream(secretAnswer) },
  { fault: 'too_large', what: 'a large answer', origin: () => upstream(largeAnswer) },
  {
    fault: 'aborted',
    what: 'a caller that gives up',
    origin: 'http://127.0.0.1:1',
    more: { signal: AbortSignal.abort(canary) },
  },
]

it.each(cases)(
  '$fault by $what says nothing of query, headers and bodies',
  async ({ fault, origin, more, lookup }) => {
    const network = createNetwork(lookup ? { lookup } : {})
    open.push(network)
    const at = typeof origin === 'string' ? origin : await origin()
    const error = await network
      .request({
        ...{ method: 'POST', url: `${at}/path-${canary}?sig=${canary}`, timeoutMs: 5000, maxBytes: 10_000 },
        ...{ headers: { authorization: `Bearer ${canary}` }, body: canary, allowPrivate: true },
        ...more,
      })
      .then(
        () => undefined,
        (cause: unknown) => cause,
      )
    expect(error).toBeInstanceOf(NetworkError)
    expect(error).toMatchObject({ fault })
    expect(inspect(error, { depth: 1 })).not.toContain(canary)
    expect((error as NetworkError).message).not.toContain(canary)
  },
)
