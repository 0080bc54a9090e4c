import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readDocument } from '../../src/config/document.js'
import { loadConfig, loadSnapshot, watchedFiles } from '../../src/config/load.js'
import { formatProblems } from '../../src/config/problems.js'
import { readSecretFile } from '../../src/config/read.js'
import { secretsIn } from '../../src/config/secrets.js'
import { ConfigError } from '../../src/domain/errors.js'
import { environment, kinds } from './support.js'

const all = join(import.meta.dirname, '../fixtures/config/ok-all.yaml')
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-config-'))
  await mkdir(join(directory, 'agents'))
  await writeFile(join(directory, 'agents/ci.md'), 'Look at the jobs.')
})
afterEach(() => rm(directory, { recursive: true }))

/** `@{X}` stands for an insertion. */
const short = `version: 1
models:
  default: { api_key: "@{OPENAI_API_KEY}", model: gpt-5-mini }
credentials:
  github: { bearer: "@{GITHUB_TOKEN}", origins: [https://api.github.com] }
sources:
  ci: { kind: github, secret: "@{GITHUB_WEBHOOK_SECRET}" }
tools:
  act: { description: x, post: "https://api.github.com/x", credential: github, json: { a: "@{SNEAKY}", b: "@{{ ids.run }}" } }
agents:
  ci: { on: { source: ci }, tools: [act] }
`
async function write(text: string): Promise<string> {
  const file = join(directory, 'config.yaml')
  await writeFile(file, text.replaceAll('@{', '$' + '{'))
  return file
}
const load = async (text = short) => loadConfig({ file: await write(text), environment, kinds })
const problemsOf = async (text: string): Promise<string> => {
  const outcome = await load(text).catch((cause: unknown) => cause)
  if (!(outcome instanceof ConfigError)) throw new Error('it loaded')
  return formatProblems(outcome.problems).replaceAll(`${directory}/`, '')
}

describe('loadConfig', () => {
  it.each([
    ['30d', 30 * 86_400_000],
    ['forever', undefined],
  ])('keeps the events of a source for %s, and tells its kind nothing of it', async (keep, keepMs) => {
    const { sources } = await load(short.replace('ci: { kind: github,', `ci: { keep: ${keep}, kind: github,`))
    expect(sources.get('ci')?.keepMs).toBe(keepMs)
    expect(sources.get('ci')?.options).not.toHaveProperty('keep')
  })

  it('has no admin listener where it is off, and knows under which origins browsers reach it', async () => {
    const off = await load(`${short}\nserver: { admin: off }`)
    expect(off.server.admin).toBeUndefined()
    const proxied = await load(
      `${short}\nserver: { admin: "[::1]:9000", admin_hosts: ["https://Rouse.example.com:443/"] }`,
    )
    expect(proxied.server.admin).toEqual({ host: '::1', port: 9000, origins: ['https://rouse.example.com'] })
  })

  it('fills in every default of a short file', async () => {
    const config = await load()
    expect(config.file).toBe(join(directory, 'config.yaml'))
    expect(config.server).toEqual({
      hooks: { host: '127.0.0.1', port: 8787 },
      admin: { host: '127.0.0.1', port: 8788, origins: [] },
      publicUrl: 'http://127.0.0.1:8787',
      proxies: [],
      concurrency: 16,
      minFreeBytes: 256 * 1024 ** 2,
    })
    expect(config.store).toEqual({ engine: 'sqlite', file: join(directory, 'data/rouse.db') })
    expect(config.sources.get('ci')?.keepMs).toBe(90 * 86_400_000)
    expect(config.models.get('default')).toEqual({
      name: 'default',
      baseUrl: 'https://api.openai.com/v1',
      apiKey: environment.OPENAI_API_KEY,
      model: 'gpt-5-mini',
      api: 'auto',
      timeoutMs: 120_000,
      maxOutputTokens: undefined,
      price: undefined,
    })
    const agent = config.agents.get('ci')
    expect(agent).toMatchObject({ instructions: 'Look at the jobs.', model: 'default', mode: 'live' })
    expect(agent?.on).toEqual([{ source: 'ci', types: ['*'], condition: undefined, echoes: false }])
    expect(agent?.grants).toEqual([
      {
        tool: 'act',
        gate: 'approve',
        condition: undefined,
        max: [],
        sum: [],
        approvalTtlMs: 86_400_000,
        remindMs: 21_600_000,
      },
    ])
    expect(agent?.limits).toEqual({
      turns: 12,
      calls: 40,
      tokens: 200_000,
      costUsd: 0.5,
      timeMs: 600_000,
      runsPerDay: 200,
      runsPerSource: undefined,
      runsPerActor: 50,
      chain: 3,
      identicalCalls: 3,
      consecutiveErrors: 5,
      denials: 5,
      attempts: 5,
    })
  })

  it('reads every key of a full file', async () => {
    const config = await loadConfig({ file: all, environment, kinds })
    expect(config.server.hooks).toEqual({ host: '0.0.0.0', port: 8787 })
    expect(config.models.get('default')).toMatchObject({
      timeoutMs: 90_000,
      maxOutputTokens: 4000,
      price: { input: 0.25, output: 2, cachedInput: 0.025 },
    })
    expect(config.models.get('local')?.apiKey).toBeUndefined()
    expect(config.credentials.get('github')?.rate).toEqual({ count: 5000, perMs: 3_600_000 })
    expect(config.credentials.get('other')).toMatchObject({
      origins: ['https://api.example.com'],
      auth: { kind: 'header', header: 'X-Api-Key' },
    })
    expect(config.sources.get('payments')?.options).toEqual({ secret: [environment.STRIPE_WEBHOOK_SECRET] })
    const refund = config.tools.get('refund')
    expect(refund).toMatchObject({
      method: 'POST',
      effect: 'destructive',
      onUnknown: 'retry',
      boundIds: ['run'],
      facts: { job: 'list_jobs' },
      idempotency: { header: 'Idempotency-Key', ttlMs: 82_800_000 },
      args: { amount: { type: 'integer', min: 1 }, reason: { type: 'enum' } },
    })
    expect(config.tools.get('list_jobs')).toMatchObject({
      origin: 'https://api.github.com',
      path: ['/repos/', { id: 'repo' }, '/actions/runs/', { id: 'run' }, '/jobs'],
      boundIds: ['repo', 'run'],
      effect: 'read',
      result: { maxBytes: 32_768 },
      maxResponseBytes: 2_097_152,
      timeoutMs: 10_000,
    })
    const grants = config.agents.get('ci')?.grants
    expect(grants?.map(({ gate, tool }) => `${tool} ${gate}`)).toEqual([
      'list_jobs auto',
      'get_job auto',
      'rerun auto',
      'refund approve',
      'post_note approve',
    ])
    expect(grants?.[2]?.max).toEqual([
      { limit: 1, per: 'subject' },
      { limit: 20, per: 'day' },
    ])
    expect(grants?.[3]).toMatchObject({
      sum: [{ arg: 'amount', limit: 20_000, per: 'day' }],
      approvalTtlMs: 7_200_000,
    })
    expect(config.agents.get('ci')).toMatchObject({
      mailbox: { whenBusy: 'coalesce', quietMs: 30_000, maxWaitMs: 300_000 },
      refresh: 'list_jobs',
    })
    expect(config.agents.get('sleeping')).toMatchObject({
      mode: 'off',
      mailbox: { whenBusy: 'queue' },
      refresh: undefined,
    })
  })

  it('keeps the shape of a body: types of lone expressions, lists, null, an escaped dollar', async () => {
    const { tools } = await loadConfig({ file: all, environment, kinds })
    const note = tools.get('post_note')
    const described = JSON.stringify(note?.body, (key, value: unknown) =>
      key === 'evaluate' ? undefined : value,
    )
    expect(JSON.parse(described)).toMatchObject({
      kind: 'json',
      tree: {
        kind: 'object',
        entries: [
          [
            'note',
            {
              entries: [
                ['text', { kind: 'expression', expression: { source: 'args.text' } }],
                ['tags', { kind: 'expression' }],
                ['cost', { kind: 'literal', value: '$5' }],
              ],
            },
          ],
          [
            'list',
            {
              kind: 'list',
              items: [
                { kind: 'expression' },
                { kind: 'expression' },
                { kind: 'expression' },
                { kind: 'literal', value: 1 },
                { kind: 'literal', value: null },
                { kind: 'literal', value: `${'$'}{{ plain }}` },
              ],
            },
          ],
        ],
      },
    })
    expect(note?.isPrivate).toBe(true)
    expect(note?.query[1]?.[1]).toMatchObject({ kind: 'text', parts: ['run-', { source: 'ids.run' }] })
  })

  it('makes no expression of a value, whatever is in it', async () => {
    const { tools } = await load()
    expect(tools.get('act')?.body).toMatchObject({
      tree: {
        entries: [
          ['a', { kind: 'literal', value: environment.SNEAKY }],
          ['b', { kind: 'expression' }],
        ],
      },
    })
  })

  it('knows every secret value, longest first', async () => {
    const { secretValues } = await loadConfig({ file: all, environment, kinds })
    const { DESK_TOKEN, GITHUB_TOKEN, GITHUB_WEBHOOK_SECRET, OPENAI_API_KEY, STRIPE_API_KEY } = environment
    expect(new Set(secretValues)).toEqual(
      new Set([
        ...[DESK_TOKEN, GITHUB_TOKEN, GITHUB_WEBHOOK_SECRET, OPENAI_API_KEY, STRIPE_API_KEY],
        environment.STRIPE_WEBHOOK_SECRET,
      ]),
    )
    expect(secretValues.map(({ length }) => length)).toEqual(
      secretValues.map(({ length }) => length).sort((left, right) => right - left),
    )
  })

  it('finds the same secrets in a document that does not load', async () => {
    const context = { environment, readFile: async () => 'from-a-file' }
    const document = await readDocument(await readFile(all, 'utf8'), context)
    const { secretValues } = await loadConfig({ file: all, environment, kinds })
    expect(new Set(secretsIn(document))).toEqual(new Set(secretValues))
    const broken = await readDocument(
      `
agents: nonsense
models: { m: { api_key: none-of-it } }
credentials:
  a: { bearer: a-bearer, origins: 3 }
  b: { basic: { user: the-user, password: the-password } }
  c: { basic: { user: a-key-as-user, password: x } }
  d: { header: { X-Key: in-a-header } }
sources:
  s: { secret: ["too-short", { value: long-enough-to-be-one }], token: "@{GITHUB_TOKEN}" }
  t: { verify: { secret: "@{file:/run/secrets/x}" } }
tools: { t: { headers: { x: "a @{STRIPE_API_KEY}" } } }
`.replaceAll('@{', '$' + '{'),
      context,
    )
    expect(new Set(secretsIn(broken))).toEqual(
      new Set([
        ...[
          'none-of-it',
          'a-bearer',
          'the-password',
          'a-key-as-user',
          'in-a-header',
          'long-enough-to-be-one',
        ],
        ...[environment.GITHUB_TOKEN, 'from-a-file', environment.STRIPE_API_KEY],
      ]),
    )
  })

  it('says that the file is not there, too large or not text', async () => {
    const missing = await loadConfig({ file: join(directory, 'no.yaml'), environment, kinds }).catch(String)
    expect(missing).toContain('does not load')
    const large = await problemsOf(`version: 1 #${'x'.repeat(600_000)}`)
    expect(large).toMatch(/has 6000\d\d bytes; expected at most/)
    await writeFile(join(directory, 'binary.yaml'), Buffer.from([0xff, 0xfe, 0x00]))
    const binary = await loadConfig({ file: join(directory, 'binary.yaml'), environment, kinds }).catch(
      (cause: unknown) => (cause instanceof ConfigError ? formatProblems(cause.problems) : ''),
    )
    expect(binary).toContain('is not UTF-8 text')
  })

  it('reads a file that begins with a byte order mark', async () => {
    expect((await load(`\uFEFF${short}`)).agents.size).toBe(1)
  })
})

describe('secrets from files', () => {
  const text = (path: string) => short.replace('@{GITHUB_TOKEN}', `@{file:${path}}`)
  const secretFile = async (mode: number, content = 'ghp_from_a_file_1\n') => {
    const path = join(directory, 'token')
    await writeFile(path, content)
    await chmod(path, mode)
    return path
  }

  it('takes one line break off', async () => {
    const config = await load(text(await secretFile(0o600)))
    expect(config.credentials.get('github')?.auth).toEqual({ kind: 'bearer', token: 'ghp_from_a_file_1' })
    expect(config.warnings).toEqual([])
    expect(config.secretValues).toContain('ghp_from_a_file_1')
  })

  it('warns where others may read it', async () => {
    const config = await load(text(await secretFile(0o644)))
    expect(config.warnings.map(({ message }) => message).join()).toContain(
      'may be read by other users (mode 0644)',
    )
  })

  it('refuses one that others may write', async () => {
    expect(await problemsOf(text(await secretFile(0o666)))).toContain(
      'may be written by other users (mode 0666)',
    )
  })

  it('says what to type, and follows links to what they lead to', async () => {
    const link = join(directory, 'token-link')
    await rm(link, { force: true })
    await symlink(await secretFile(0o664), link)
    expect(await problemsOf(text(link))).toContain('run: chmod 600 token-link')
    await secretFile(0o640)
    const { warnings, secretValues } = await load(text(link))
    expect(warnings.map(({ message }) => message).join()).toContain(`better: chmod 600 ${link}`)
    expect(secretValues).toContain('ghp_from_a_file_1')
  })

  it('does not warn of what Kubernetes mounts: links to a folder of two dots', async () => {
    const volume = await mkdtemp(join(directory, 'volume-'))
    await mkdir(join(volume, '..2026_11_21'))
    await writeFile(join(volume, '..2026_11_21/token'), 'ghp_from_a_file_1', { mode: 0o644 })
    await symlink('..2026_11_21', join(volume, '..data'))
    await symlink('..data/token', join(volume, 'token'))
    expect((await load(text(join(volume, 'token')))).warnings).toEqual([])
  })

  it.each([
    ['/run/secrets/token', 0o444, true, ''],
    ['/var/run/secrets/token', 0o644, false, ''],
    ['/run/credentials/rouse.service/token', 0o440, true, ''],
    ['/etc/rouse/token', 0o640, false, ''],
    ['/etc/rouse/token', 0o644, false, 'chmod 640 /etc/rouse/token'],
    ['/etc/rouse/token', 0o440, true, 'chmod 600 /etc/rouse/token'],
    ['/etc/rouse/token', undefined, true, ''],
  ])('%s of mode %o (ours: %s) has the warning "%s"', async (path, mode, isOwn, warning) => {
    const files = { read: async () => ({ text: 'a-secret', mode, isOwn }), realPath: async () => path }
    const warnings: string[] = []
    expect(await readSecretFile(path, files, (message) => warnings.push(message))).toBe('a-secret')
    expect(warnings.join()).toContain(warning)
    expect(warnings).toHaveLength(warning === '' ? 0 : 1)
  })

  it('takes a byte order mark and a line break of Windows off', async () => {
    const config = await load(text(await secretFile(0o600, '\uFEFFghp_from_a_file_1\r\n')))
    expect(config.secretValues).toContain('ghp_from_a_file_1')
  })

  it('refuses what is no file, and what is too large, without waiting for it', async () => {
    const pipe = join(directory, 'pipe')
    execFileSync('mkfifo', [pipe])
    expect(await problemsOf(text(pipe))).toContain('is a pipe; expected a regular file')
    await rm(pipe)
    expect(await problemsOf(text(directory))).toContain('is a directory; expected a regular file')
    expect(await problemsOf(text('/dev/zero'))).toContain('is a device; expected a regular file')
    expect(await problemsOf(text(await secretFile(0o600, 'x'.repeat(65_537))))).toContain(
      'has 65537 bytes; expected at most 65536',
    )
    expect(await problemsOf(text(join(directory, 'nowhere')))).toContain('does not exist')
  })

  it('refuses an empty one, and shows nothing of a wrong one', async () => {
    expect(await problemsOf(text(await secretFile(0o600, '\n')))).toContain('is empty')
    const told = await problemsOf(text(await secretFile(0o600, 'line-one-secret\nline-two-secret')))
    expect(told).toContain('line break')
    expect(told).not.toMatch(/line-(one|two)/)
  })
})

describe('instructions', () => {
  it('may not be a link to a file outside', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'rouse-outside-'))
    await writeFile(join(outside, 'secret.md'), 'nothing for you')
    await symlink(join(outside, 'secret.md'), join(directory, 'agents/link.md'))
    const told = await problemsOf(short.replace('tools: [act]', 'tools: [act], instructions: agents/link.md'))
    expect(told).toContain('agents/link.md is a link to a file outside')
    await symlink(outside, join(directory, 'agents/linked'))
    const below = short.replace('tools: [act]', 'tools: [act], instructions: agents/linked/secret.md')
    expect(await problemsOf(below)).toContain('agents/linked/secret.md is a link to a file outside')
    await rm(outside, { recursive: true })
  })
})

describe('snapshots', () => {
  it('give the same configuration after the files have changed', async () => {
    const before = await load()
    await write(short.replace('gpt-5-mini', 'other').replace('tools: [act]', 'tools: []'))
    await rm(join(directory, 'agents/ci.md'))
    const snapshot: typeof before.snapshot = JSON.parse(JSON.stringify(before.snapshot))
    const after = await loadSnapshot(snapshot, { environment, kinds })
    expect(after.digest).toBe(before.digest)
    expect(after.models.get('default')?.model).toBe('gpt-5-mini')
    expect(after.agents.get('ci')?.instructions).toBe('Look at the jobs.')
    expect(after.agents.get('ci')?.grants).toHaveLength(1)
  })

  it('hold no value of a variable', async () => {
    const { digest, snapshot } = await load()
    expect(JSON.stringify(snapshot)).not.toContain(environment.GITHUB_TOKEN)
    const other = await loadSnapshot(snapshot, {
      environment: { ...environment, GITHUB_TOKEN: 'ghp_another_token' },
      kinds,
    })
    expect(other.digest).toBe(digest)
    expect(other.secretValues).toContain('ghp_another_token')
  })

  it('do not load any more when a variable is gone', async () => {
    const { snapshot } = await load()
    const lacking = loadSnapshot(snapshot, { environment: {}, kinds })
    await expect(lacking).rejects.toBeInstanceOf(ConfigError)
  })

  it('have a digest that any change of text or instructions changes', async () => {
    const first = (await load()).digest
    const second = (await load(`${short}# a comment\n`)).digest
    await writeFile(join(directory, 'agents/ci.md'), 'Look at other jobs.')
    const third = (await load()).digest
    expect(new Set([first, second, third]).size).toBe(3)
  })

  it('name the files that a change of means another configuration', async () => {
    expect(watchedFiles(await load())).toEqual([join(directory, 'agents/ci.md')])
  })
})
