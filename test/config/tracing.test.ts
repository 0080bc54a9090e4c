import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LoadContext } from '../../src/config/context.js'
import { readDocument } from '../../src/config/document.js'
import { loadConfig, loadSnapshot } from '../../src/config/load.js'
import { formatProblems, Problems } from '../../src/config/problems.js'
import { secretsIn } from '../../src/config/secrets.js'
import { loadTracing } from '../../src/config/tracing.js'
import { ConfigError } from '../../src/domain/errors.js'
import { missingTracingPackages, tracingPackages } from '../../src/util/trace-export.js'
import { kinds } from './support.js'

const environment = { OTLP_KEY: 'hcaik_01j9fq2k7s', OTLP_TOKEN: 'otl-5c1f0e2b77aa' }

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-tracing-'))
})
afterEach(() => rm(directory, { recursive: true }))

async function load(tracing: string) {
  const file = join(directory, 'config.yaml')
  await writeFile(file, `version: 1\n${tracing.replaceAll('@{', '$' + '{')}\n`)
  return loadConfig({ file, environment, kinds })
}

async function problemsOf(tracing: string): Promise<string> {
  const outcome = await load(tracing).catch((cause: unknown) => cause)
  if (!(outcome instanceof ConfigError)) throw new Error('it loads')
  return formatProblems(outcome.problems).replaceAll(`${directory}/`, '')
}

async function contextOf(text: string): Promise<LoadContext> {
  const document = await readDocument(text, { environment, readFile: async () => '' })
  return { document, problems: new Problems('config.yaml', document) }
}

describe('tracing', () => {
  it('is off where nothing is said of it', async () => {
    expect((await load('')).tracing).toBeUndefined()
  })

  it('sends all traces to the endpoint’s own path unless the file says otherwise', async () => {
    expect((await load('tracing: { otlp: "http://127.0.0.1:4318" }')).tracing).toEqual({
      url: 'http://127.0.0.1:4318/v1/traces',
      headers: {},
      sample: 1,
    })
    const whole = 'tracing: { otlp: "https://api.example.com/otlp/v1/traces", sample: 0.1 }'
    expect((await load(whole)).tracing).toMatchObject({
      url: 'https://api.example.com/otlp/v1/traces',
      sample: 0.1,
    })
  })

  it.each(['http://169.254.169.254', 'https://[fe80::1]:4318', 'https://0.0.0.0'])(
    'is not sent to %s',
    async (otlp) => {
      expect(await problemsOf(`tracing: { otlp: "${otlp}" }`)).toContain('may be connected to')
    },
  )

  it('keeps what its headers carry from every output', async () => {
    const text = `tracing:
  otlp: https://otlp.example.com
  headers: { x-team: "@{OTLP_KEY}", authorization: "Bearer @{OTLP_TOKEN}", x-scope-orgid: acme-and-others }`
    const { secretValues, tracing, warnings } = await load(text)
    expect(tracing?.headers['authorization']).toBe(`Bearer ${environment.OTLP_TOKEN}`)
    expect(secretValues).toEqual(expect.arrayContaining([environment.OTLP_KEY, environment.OTLP_TOKEN]))
    expect(secretValues).not.toContain('acme-and-others')
    expect(warnings).toEqual([])
    const { document } = await contextOf(`version: 1\n${text.replaceAll('@{', '$' + '{')}\nserver: 3`)
    expect(secretsIn(document)).toEqual(expect.arrayContaining([...secretValues]))
  })

  it('warns of a secret that stands in the file', async () => {
    const text = 'tracing: { otlp: "http://localhost:4318", headers: { Authorization: "Bearer 0f2c77d1e9" } }'
    const { warnings, secretValues } = await load(text)
    expect(warnings.map(({ path }) => path)).toEqual(['tracing.headers.Authorization'])
    expect(secretValues).toContain('0f2c77d1e9')
  })

  it('says what is wrong, and where', async () => {
    expect(
      await problemsOf('tracing: { otlp: "http://otlp.example.com", sample: 10, rate: 1 }'),
    ).toMatchInlineSnapshot(`
      "config.yaml:2:18  tracing.otlp  expected https: http is for this machine and private networks
      config.yaml:2:53  tracing.sample  expected a number from 0 to 1, found 10
      config.yaml:2:57  tracing.rate  unknown key "rate"; expected one of otlp, headers, sample"
    `)
    expect(await problemsOf('tracing: { headers: { host: x } }')).toMatchInlineSnapshot(
      `"config.yaml:2:1  tracing.otlp  missing: expected a URL such as http://127.0.0.1:4318"`,
    )
  })

  it('needs packages, and says which line installs them', async () => {
    const context = await contextOf('version: 1\ntracing: { otlp: "http://127.0.0.1:4318" }')
    loadTracing(context, () => missingTracingPackages((name) => !name.endsWith('otlp-http')))
    expect(formatProblems(context.problems.errors)).toBe(
      'config.yaml:2:1  tracing  the packages of OpenTelemetry are not installed; where rouse is installed: ' +
        'npm install @opentelemetry/sdk-trace-base@2 @opentelemetry/resources@2 @opentelemetry/exporter-trace-otlp-http@0.223',
    )
    expect(missingTracingPackages()).toBeUndefined()
    expect(missingTracingPackages((name) => name in tracingPackages)).toBeUndefined()
  })

  it('is not asked of the configuration that an earlier run keeps', async () => {
    const { snapshot } = await load('tracing: { otlp: "http://127.0.0.1:4318" }')
    expect((await loadSnapshot(snapshot, { environment, kinds })).tracing).toBeUndefined()
  })
})
