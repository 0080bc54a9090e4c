import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Delivery } from '../../src/domain/delivery.js'
import { secretsOf } from '../../src/sources/engine/secret.js'
import { createRedactor } from '../../src/util/redact.js'
import { type OpenedFixture, openFixtures } from '../sources/opened.js'
import { rouse } from './filled-ledger.js'

/**
 * `rouse verify` shows no secret and no whole signature that would verify, of any kind of source: neither of a request
 * that is right nor of one that is not, in neither form of output.
 */

const opened = await openFixtures()

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-canary-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

async function said(argv: readonly string[]): Promise<string> {
  const { out, err } = await rouse({ directory }, ['verify', ...argv])
  return `${out}\n${err}`
}

/** Everything that the source computes for a request. */
function computed({ source, fixture }: OpenedFixture, sent: Delivery): string[] {
  const signatures: string[] = []
  try {
    source.verify(sent, fixture.now, {
      found: () => undefined,
      signed: () => undefined,
      tried: ({ expected, given, matches }) => signatures.push(expected ?? '', ...(matches ? given : [])),
      clock: () => undefined,
    })
  } catch {
    // What it computed before it refused counts.
  }
  return signatures.filter((signature) => signature.length > 12)
}

describe.each(opened.map((each) => [each.name, each] as const))('%s', (name, each) => {
  const { kind, fixture, recorded } = each
  const config = {
    version: 1,
    server: { hooks: '127.0.0.1:0', admin: 'off', public_url: 'https://hooks.example.com' },
    store: `sqlite:./${name}.db`,
    models: { default: { base_url: 'scripted:', model: 'none' } },
    sources: {
      'under-test': { kind: kind.kind, ...fixture.options },
      other: { kind: kind.kind, ...fixture.wrong },
    },
  }
  const options = [fixture.options, fixture.wrong].map((given) => kind.options.parse(given))
  const secrets = options.flatMap((parsed) =>
    secretsOf(parsed).flatMap(({ secret }) => (secret.publicKey ? [] : [secret.text])),
  )
  const spoilt = Buffer.concat([Buffer.from(recorded.body), Buffer.from('\n')])
  const requests: readonly [string, Delivery, readonly string[]][] = [
    ['a request that is right', recorded, []],
    ['one with a changed body', { ...recorded, body: spoilt }, []],
    ['one of the other source, as a document', foreign(each, options[1]), ['--json']],
  ]

  test.each(requests)('%s', async (_what, sent, more) => {
    await writeFile(join(directory, 'config.yaml'), JSON.stringify(config))
    await writeFile(join(directory, 'captured.http'), capturedText(sent))
    const argv = ['captured.http', '--source', 'under-test', '--at', new Date(fixture.now).toISOString()]
    const hidden = [...computed(each, sent), ...computed(each, recorded)]
    const output = await said([...argv, ...more])
    expect(output).toContain('erif')
    expect(createRedactor(secrets)(output), 'a secret is shown').toBe(output)
    for (const secret of secrets) expect(output.includes(secret.slice(0, 12)), 'most of one is').toBe(false)
    for (const signature of hidden) {
      expect(output.includes(signature), 'a whole signature is shown').toBe(false)
      expect(output.replaceAll('\\', '').includes(signature.slice(0, 20)), 'most of it is').toBe(false)
    }
  })
})

/** What another endpoint of the same sender would get: all of it right, but with another secret. */
function foreign({ kind, recorded, fixture }: OpenedFixture, options: unknown): Delivery {
  try {
    const context = { url: 'https://hooks.example.com/hooks/other', keys: noKeys, secretFile: () => noFile }
    const other = kind.open?.(options, context)
    const signed = other?.sign({ body: Buffer.from(recorded.body), type: 'x', id: 'x-1' }, fixture.now)
    if (!signed) return recorded
    const url = signed.query === undefined ? recorded.url : `/hooks/under-test?${signed.query}`
    return {
      ...recorded,
      url,
      rawHeaders: Object.entries(signed.headers).flat(),
      body: signed.body ?? recorded.body,
    }
  } catch {
    return { ...recorded, body: Buffer.from('{}') }
  }
}

const noKeys = {
  load: () => Promise.reject(new Error()),
  get: () => undefined,
  close: () => Promise.resolve(),
}
const noFile = { read: () => [], add: () => undefined }

function capturedText({ method, url, rawHeaders, body }: Delivery): Buffer {
  const lines = rawHeaders.flatMap((text, at) =>
    at % 2 === 0 ? [`${text}: ${rawHeaders[at + 1] ?? ''}`] : [],
  )
  return Buffer.concat([
    Buffer.from([`${method} ${url} HTTP/1.1`, ...lines, '', ''].join('\r\n'), 'latin1'),
    body,
  ])
}
