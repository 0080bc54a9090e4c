import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { madeUpValues, missingVariables } from '../../src/cli/dev-variables.js'
import { purposes } from '../../src/cli/init/agents.js'
import { defaultModelUrl, filesOf } from '../../src/cli/init/files.js'
import { chooseSource, commonKinds, offeredKinds, writtenByHand } from '../../src/cli/init/sources.js'
import { runCli } from '../../src/cli/program.js'
import { loadConfig } from '../../src/config/load.js'
import { formatProblems } from '../../src/config/problems.js'
import { ConfigError } from '../../src/domain/errors.js'
import { sourceKinds } from '../../src/sources/registry.js'
import { recordedIo } from './recorded.js'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-init-'))
})
afterEach(() => rm(directory, { recursive: true }))

const kinds = Object.values(sourceKinds)
const file = () => join(directory, 'config.yaml')

async function init(words: readonly string[], answers: string[] = [], canAsk = answers.length > 0) {
  const io = recordedIo({ directory, canAsk }, answers)
  const code = await runCli(['init', ...words], io)
  return { code, out: io.output.join('\n'), err: io.faults.join('\n') }
}

/** As `rouse dev` does: with made-up values for what is not set. */
async function environment() {
  return madeUpValues(await missingVariables(file(), {}))
}

async function problemsOfWritten(): Promise<string> {
  const loading = loadConfig({ file: file(), environment: await environment(), kinds })
  const outcome = await loading.catch((cause: unknown) => cause)
  if (outcome instanceof ConfigError) return formatProblems(outcome.problems)
  if (outcome instanceof Error) throw outcome
  return ''
}

describe('rouse init', () => {
  test('leaves .env.example so that a copy of it is for its owner only', async () => {
    await init([], ['3', 'notifier', ''])
    const copy = join(directory, '.env')
    execFileSync('cp', [join(directory, '.env.example'), copy])
    expect((await stat(copy)).mode & 0o777).toBe(0o600)
  })

  test('asks three things and writes what loads', async () => {
    const { code, out, err } = await init([], ['3', 'notifier', ''])
    expect([code, err]).toEqual([0, expect.stringContaining('Where do events come from?')])
    expect((await readdir(directory, { recursive: true })).sort()).toEqual([
      '.env.example',
      'agents',
      'agents/notifier.md',
      'config.yaml',
    ])
    expect(await problemsOfWritten()).toBe('')
    const config = await loadConfig({ file: file(), environment: await environment(), kinds })
    expect([...config.sources.values()].map(({ kind }) => kind)).toEqual(['stripe'])
    expect(config.agents.get('notifier')?.grants).toMatchObject([{ tool: 'post_message', gate: 'approve' }])
    expect(config.warnings).toEqual([])
    expect(out.split('\n\n').at(-1)?.split('\n')).toEqual([
      expect.stringMatching(/^ {2}rouse dev /),
      expect.stringMatching(/^ {2}rouse trigger stripe \S+ /),
      expect.stringMatching(/^ {2}cp \.env\.example \.env /),
      expect.stringMatching(/^ {2}rouse check /),
    ])
  })

  test('asks again where the answer is none, and says what would be', async () => {
    const { code, err } = await init(
      [],
      ['githup', 'sendgrid', '99', '', 'butler', '2', 'http://example.com', ''],
    )
    expect(code).toBe(0)
    expect(err).toContain('there is no kind of source "githup". Did you mean "github"?')
    expect(err).toContain('docs/sources/messages.md')
    expect(err).toContain('there is no purpose "butler"; expected reader, notifier, operator')
    expect(err).toContain('expected https')
    expect(await readFile(file(), 'utf8')).toContain('kind: github')
  })

  test('writes nothing where the answers end', async () => {
    const { code, err } = await init([], ['1'])
    expect([code, err]).toEqual([1, expect.stringContaining('no answer; nothing was written')])
    expect(await readdir(directory)).toEqual([])
  })

  test('overwrites nothing unless a person says so', async () => {
    await writeFile(file(), 'mine')
    const kept = await init(['--source', 'github', '--agent', 'reader', '--yes'])
    expect([kept.code, kept.err]).toEqual([1, expect.stringContaining('config.yaml in ')])
    const refused = await init([], ['', '', '', 'n'])
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('nothing was written')])
    expect([await readFile(file(), 'utf8'), await readdir(directory)]).toEqual(['mine', ['config.yaml']])
    expect((await init([], ['', '', '', 'y'])).code).toBe(0)
    expect(await problemsOfWritten()).toBe('')
  })

  test('needs flags where nobody can be asked, and says which', async () => {
    const { code, err } = await init([])
    expect([code, err]).toEqual([2, expect.stringContaining('Give --source and --agent, or --yes')])
    const { code: done, err: said } = await init(['--source', 'github', '--agent', 'reader'])
    expect([done, said]).toEqual([0, ''])
  })

  test.each([
    [['--source', 'nope', '--yes'], 'there is no kind of source "nope"'],
    [['--source', 'poll', '--yes'], 'docs/polling.md'],
    [['--agent', 'nope', '--yes'], 'there is no purpose "nope"'],
    [['--model', 'http://example.com', '--yes'], 'expected https'],
  ])('refuses %j', async (words, message) => {
    const { code, err } = await init(words)
    expect([code, err]).toEqual([2, expect.stringContaining(message)])
    expect(await readdir(directory)).toEqual([])
  })

  test('asks a model on this machine for no key', async () => {
    expect((await init(['--yes', '--model', 'http://localhost:11434/v1'])).code).toBe(0)
    const missing = (await missingVariables(file(), {})).map(({ name }) => name)
    expect(missing).toEqual(['GITHUB_WEBHOOK_SECRET'])
  })

  test('lists every variable of the file in .env.example, and no secret in either', async () => {
    await init(['--yes', '--agent', 'operator'])
    const example = await readFile(join(directory, '.env.example'), 'utf8')
    const needed = (await missingVariables(file(), {})).map(({ name }) => name)
    expect(needed).toEqual(['OPENAI_API_KEY', 'API_TOKEN', 'GITHUB_WEBHOOK_SECRET', 'OPENAI_BASE_URL'])
    for (const name of needed.slice(0, 3)) expect(example).toContain(`\n${name}=\n`)
    expect(example).toContain('#API_URL=https://api.example.com')
  })
})

describe('what rouse init writes', () => {
  test('passes rouse check', async () => {
    await init(['--yes', '--agent', 'operator'])
    const io = recordedIo({ directory, environment: await environment() })
    expect([await runCli(['check'], io), io.faults]).toEqual([0, []])
    expect(io.output.join('\n')).toContain('add_note')
  })

  test.each(offeredKinds)('loads for %s with every purpose', async (kind) => {
    const source = chooseSource(kind)
    if (source === undefined) throw new Error('it is not offered')
    for (const purpose of purposes) {
      const files = filesOf({ source, purpose, model: defaultModelUrl, hasKey: true }, 'config.yaml')
      const texts = new Map([...files].map(([name, text]) => [join(directory, name), text]))
      await writeFile(file(), texts.get(file()) ?? '')
      const loading = loadConfig({
        file: file(),
        environment: await environment(),
        kinds,
        files: {
          read: async (path) => ({ text: texts.get(path) ?? '', mode: 0o600, isOwn: true }),
          realPath: async (path) => path,
        },
      })
      const outcome = await loading.catch((cause: unknown) => cause)
      expect(outcome instanceof ConfigError ? formatProblems(outcome.problems) : '').toBe('')
      expect(outcome).toMatchObject({ warnings: [] })
    }
  })

  test('is offered for every kind but those that are named', () => {
    const named = kinds.map(({ kind }) => kind).filter((kind) => writtenByHand(kind) !== undefined)
    expect(named.sort()).toEqual(['poll', 'sendgrid'])
    expect(commonKinds.filter((kind) => !offeredKinds.includes(kind))).toEqual([])
  })

  test('wakes the agent by the sample that it tells people to trigger', () => {
    const silent = offeredKinds.filter((kind) => chooseSource(kind)?.type === undefined)
    expect(silent).toEqual(['schedule'])
  })
})
