import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { rouse, type Said } from './filled-ledger.js'

const environment = {
  MODEL_KEY: 'sk-4f1b2c3d4e5f',
  CI_SECRET: '8f1b2c3d4e5f60718293a4b5c6d7e8f9',
  TOKEN: 'ghp_4f1b2c3d4e5f60718293',
}

/** As an indented mapping under `tools:`, and what the agent is given of it. */
interface Written {
  readonly tools: string
  readonly grants: string
  readonly model?: string
  readonly agent?: string
  readonly more?: string
}

const write = `
  comment:
    description: Comment on the issue.
    post: https://api.github.com/repos/{repo}/issues/{issue}/comments
    credential: github
    on_unknown: hold
    args: { body: { type: text, max_length: 1000 }, mood: { enum: [good, bad] } }
    json: { body: "\${{ args.body }}", mood: "\${{ args.mood }}" }`
const destroy = `
  close:
    description: Close the issue.
    delete: https://api.github.com/repos/{repo}/issues/{issue}
    credential: github
    on_unknown: hold
    args: { amount: { type: integer, min: 0, max: 500 } }
    query: { amount: "\${{ args.amount }}" }`
const unbound = `
  announce:
    description: Say it to everybody.
    post: https://api.github.com/announcements
    credential: github
    on_unknown: hold
    audience: public
    args: { body: { type: text, max_length: 100 } }
    json: { body: "\${{ args.body }}" }`
const secrets = `
  secrets:
    description: What the team knows.
    get: https://api.github.com/internal
    credential: github
    label: private`

function yaml({ tools, grants, model = 'gpt-5-mini', agent = '', more = '' }: Written): string {
  return `version: 1
models:
  default: { api_key: "\${MODEL_KEY}", model: ${model} }
credentials:
  github: { bearer: "\${TOKEN}", origins: [https://api.github.com] }
sources:
  ci: { kind: github, secret: "\${CI_SECRET}" }
tools:${tools}
agents:
  helper:
    on: { source: ci, type: issues.opened }
    instructions: helper.md
    tools: ${grants}
    limits: { runs: 100/day, cost: 0.25 USD, calls: 7, runs_per_actor: 9/day }
${agent}${more}`
}

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-check-'))
  await writeFile(join(directory, 'helper.md'), 'Help.')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function check(written: Written, argv: readonly string[] = [], given = environment): Promise<Said> {
  await writeFile(join(directory, 'config.yaml'), yaml(written))
  return rouse({ directory }, ['check', ...argv], { environment: given, width: 80 })
}

async function reach(written: Written) {
  const { out } = await check(written, ['--json'])
  return JSON.parse(out).agents[0].reach
}

describe('the reach of an agent', () => {
  test('counts writes by the narrowest of quota, calls of a run and runs of a day', async () => {
    const of = async (grant: string) =>
      (await reach({ tools: write, grants: `[{ comment: ${grant} }]` })).tools[0]
    expect(await of('{ gate: auto }')).toMatchObject({ per_run: 7, per_subject: null, per_day: 700 })
    expect(await of('{ max: 2/run }')).toMatchObject({ per_run: 2, per_subject: null, per_day: 200 })
    expect(await of('{ max: [1/subject, 50/day] }')).toMatchObject({
      per_run: 1,
      per_subject: 1,
      per_day: 50,
    })
    expect(await of('{ max: 500/day }')).toMatchObject({ per_run: 7, per_subject: null, per_day: 500 })
  })

  test('adds up an argument to the least of its sums and what its calls can bring', async () => {
    const of = async (grant: string) =>
      (await reach({ tools: destroy, grants: `[{ close: ${grant} }]` })).tools[0].sums[0]
    expect(await of('{ max: 1/subject, sum: { amount: 20000/day } }')).toMatchObject({
      arg: 'amount',
      per_run: 500,
      per_subject: 500,
      per_day: 20_000,
    })
    expect(await of('{ sum: { amount: 300/run } }')).toMatchObject({
      per_run: 300,
      per_subject: null,
      per_day: 30_000,
    })
  })

  test('costs a run’s limit for each run of the day, and has no bound in money where the price is unknown', async () => {
    const written = { tools: write, grants: '[comment]' }
    expect(await reach(written)).toMatchObject({
      runs_per_day: 100,
      runs_per_actor_per_day: 9,
      model_usd_per_run: 0.25,
      model_usd_per_day: 25,
    })
    expect(await reach({ ...written, model: 'nobody-knows-1' })).toMatchObject({
      model_usd_per_run: null,
      model_usd_per_day: null,
      model_tokens_per_day: 20_000_000,
    })
    expect((await check({ ...written, model: 'nobody-knows-1' })).out).toContain('no bound in money')
  })

  test('tells ids of the event from ids that a tool reads, and what is bound to none', async () => {
    const yields = `
  owner:
    description: Who owns it.
    get: https://api.github.com/repos/{repo}
    credential: github
    yields: { team: "team.id ~ ^[0-9]+$" }
  tell_team:
    description: Tell them.
    post: https://api.github.com/teams/{team}/notes
    credential: github`
    const written = { tools: `${yields}${unbound}`, grants: '[owner, tell_team, announce]' }
    const { tools } = await reach(written)
    expect(tools.map((tool: { objects: unknown }) => tool.objects)).toEqual([
      [{ id: 'repo', yielded_by: null }],
      [{ id: 'team', yielded_by: 'owner' }],
      [],
    ])
    expect((await check(written)).out).toContain('bound to no id, so whatever the credential "github" can')
  })

  test('counts what choices can tell, of the calls that nobody is asked about', async () => {
    const of = async (gate: string) =>
      (await reach({ tools: write, grants: `[{ comment: { gate: ${gate}, max: [1/run, 10/day] } }]` }))
        .unasked_bits_per_day
    // Two moods or no call at all: log2(3) bits, ten times a day.
    expect(await of('auto')).toBe(Math.ceil(10 * Math.log2(3)))
    expect(await of('approve')).toBe(0)
    expect(await of('shadow')).toBe(0)
  })

  test('says who sees a text, and what becomes of it once something was read that is not for them', async () => {
    const { tools } = await reach({
      tools: `${unbound}${write}${secrets}`,
      grants: '[announce, comment, secrets]',
    })
    expect(tools).toMatchObject([
      {
        name: 'announce',
        audience: 'public',
        flow: { from: 'secrets', label: 'private', outcome: 'denied' },
      },
      { name: 'comment', audience: 'subject', flow: { from: 'secrets', label: 'private', outcome: 'asked' } },
      { name: 'secrets', audience: null, flow: null },
    ])
  })

  test('is not of writes that are not sent', async () => {
    const { out } = await check({
      tools: write,
      grants: '[{ comment: { gate: auto } }]',
      agent: '    mode: shadow\n',
    })
    expect(out).toContain('shadow: its writes are recorded and not sent')
    expect(out).toMatch(/comment +not sent/)
  })

  test('names the agents that share a budget', async () => {
    const other = `  other:
    on: { source: ci, type: issues.closed }
    instructions: helper.md
    tools: [{ comment: { gate: auto, max: 1/subject } }]
`
    const grants = '[{ comment: { gate: auto, max: 1/subject } }]'
    const { tools } = await reach({ tools: write, grants, more: other })
    expect(tools[0].shared_with).toEqual(['other'])
    const shadow = other.replace('    tools', '    mode: shadow\n    tools')
    expect((await reach({ tools: write, grants, more: shadow })).tools[0].shared_with).toEqual([])
  })

  test('is told in lines of 80 columns, without a secret', async () => {
    const { out } = await check({
      tools: `${write}${destroy}${unbound}${secrets}`,
      grants: '[comment, { close: { max: 1/subject, sum: { amount: 20000/day } } }, announce, secrets]',
    })
    const told = out.slice(out.indexOf('At worst'))
    for (const line of told.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    for (const secret of Object.values(environment)) expect(out).not.toContain(secret)
    expect(told).toMatch(/amount, added up +500 +500 +20,000/)
    expect(told).toContain('25.00 USD')
  })
})

describe('the URLs to register', () => {
  const written = { tools: write, grants: '[comment]' }
  const note = 'Only this machine reaches these URLs: set server.public_url'

  test('are said to lead nowhere for a sender, as long as they name this machine', async () => {
    expect((await check(written)).out).toContain(note)
    const more = 'server: { public_url: https://hooks.example.com }'
    const { out } = await check({ ...written, more })
    expect(out).toContain('https://hooks.example.com/hooks/ci')
    expect(out).not.toContain(note)
  })
})

describe('check --strict', () => {
  const bounded = '[{ comment: { gate: auto, max: [1/subject, 50/day] } }]'

  test('ends with 0 where there is nothing to be stopped by', async () => {
    const { code, out } = await check({ tools: write, grants: bounded }, ['--strict'])
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('strict: nothing') })
  })

  test('needs no secret: what is not set is made up, and said', async () => {
    const { code, err } = await check({ tools: write, grants: bounded }, ['--strict'], {
      ...environment,
      TOKEN: '',
    })
    expect({ code, err }).toEqual({ code: 0, err: 'Not set here, and made up for this check: TOKEN' })
  })

  const held = write.replace('    on_unknown: hold\n', '')
  const literal = write.replace('args:', 'headers: { x-api-key: abcdefgh12345678 }\n    args:')
  test.each([
    [
      'a write unasked that is bound to nothing',
      unbound,
      '[{ announce: { gate: auto, max: 1/run } }]',
      'is bound to no id of the event',
    ],
    [
      'a write unasked without a budget',
      write,
      '[{ comment: { gate: auto } }]',
      'writes unasked, up to 700 a day',
    ],
    [
      'a destructive tool without a lasting budget',
      destroy,
      '[{ close: { max: 1/run } }]',
      'nothing bounds how often',
    ],
    [
      'an amount without any bound',
      destroy.replace(', max: 500', ''),
      '[{ close: { max: 1/subject } }]',
      '"amount" has neither a max',
    ],
    [
      'text for everybody beside what is private',
      `${unbound}${secrets}`,
      '[{ announce: { gate: auto, max: 1/day } }, secrets]',
      'sends text that everybody sees',
    ],
    ['a write unasked that can only be held', held, bounded, 'a person must find out what happened'],
    ['a secret in a header', literal, bounded, 'by its name a secret'],
    ['a tool that nobody has', `${write}${secrets}`, bounded, 'no agent has this tool'],
  ])('stops at %s, with its place', async (_what, tools, grants, message) => {
    const { code, out } = await check({ tools, grants }, ['--strict', '--json'])
    const { findings } = JSON.parse(out)
    expect(code).toBe(1)
    const found = findings.find((finding: { message: string }) => finding.message.includes(message))
    expect(found).toMatchObject({ line: expect.any(Number), column: expect.any(Number) })
    const lines = (await readFile(join(directory, 'config.yaml'), 'utf8')).split('\n')
    expect(lines[found.line - 1]).toContain(String(found.path.split('.').at(-1)))
  })

  test('stops at a model whose price nobody knows', async () => {
    const { code, out } = await check({ tools: write, grants: bounded, model: 'nobody-knows-1' }, [
      '--strict',
    ])
    expect(code).toBe(1)
    expect(out).toContain('config.yaml:3:3  models.default  nobody knows what "nobody-knows-1" costs')
  })

  test('lets through what a person decides on, and what is not sent', async () => {
    const grants = '[{ announce: { gate: approve } }]'
    expect((await check({ tools: unbound, grants }, ['--strict'])).code).toBe(0)
    const shadow = { tools: unbound, grants: '[{ announce: { gate: auto } }]', agent: '    mode: shadow\n' }
    expect((await check(shadow, ['--strict'])).code).toBe(0)
  })

  test('still ends with 78 where the file does not load', async () => {
    expect((await check({ tools: write, grants: '[nothing]' }, ['--strict'])).code).toBe(78)
  })
})
