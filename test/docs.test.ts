import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createProgram } from '../src/cli/program.js'
import type { Config } from '../src/config/config.js'
import { loadConfig } from '../src/config/load.js'
import { approvalTransitions } from '../src/domain/approval.js'
import { errorCodes } from '../src/domain/errors.js'
import { eventTransitions } from '../src/domain/event.js'
import { runTransitions } from '../src/domain/run.js'
import { toolCallTransitions } from '../src/domain/tool-call.js'
import { sourceKinds } from '../src/sources/registry.js'
import { initial } from '../src/store/sqlite/migrations/0001-initial.js'
import { faults } from '../src/store/sqlite/migrations/0002-faults.js'
import { secrets } from '../src/store/sqlite/migrations/0003-secrets.js'
import { policy } from '../src/store/sqlite/migrations/0004-policy.js'
import { begun } from '../src/store/sqlite/migrations/0005-begun.js'
import { tallies } from '../src/store/sqlite/migrations/0006-tallies.js'
import { tellings } from '../src/store/sqlite/migrations/0007-tellings.js'
import { processEnvironment } from '../src/util/env.js'
import { invocationOf, recordedIo } from './cli/recorded.js'

const root = resolve(import.meta.dirname, '..')
const textOf = (path: string) => readFileSync(join(root, path), 'utf8')

const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].sort()
const readme = textOf('README.md')
const architecture = textOf('ARCHITECTURE.md')

/** The code blocks of a page, by language. */
function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, name, block = '']) =>
    name === language ? [block] : [],
  )
}

/** A page without its code blocks, in which nothing is a link or a heading. */
const proseOf = (path: string) => textOf(path).replaceAll(/^```[\s\S]*?^```$/gm, '')

/** What stands under a heading, up to the next one of its own or a higher level. */
function sectionOf(text: string, heading: string): string {
  const [level = '#'] = heading.split(' ', 1)
  const start = text.indexOf(`\n${heading}\n`)
  if (start < 0) throw new Error(`there is no "${heading}"`)
  const rest = text.slice(start + heading.length + 2)
  const end = rest.search(new RegExp(`^#{1,${level.length}} `, 'm'))
  return end < 0 ? rest : rest.slice(0, end)
}

/** The cells of a table's rows, its head left out. */
function rowsOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('| '))
  return lines.slice(2).map((line) =>
    line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.trim()),
  )
}

const quoted = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, inner = '']) => inner)

describe('README.md', () => {
  it('has at most 120 lines', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(120)
  })

  it('begins with the two commands', () => {
    expect(blocksOf(readme, 'sh').slice(0, 2)).toEqual([
      'npm install && npm run demo\n',
      'npm install && npm test\n',
    ])
  })

  it('shows an agent of ten lines that loads without a warning', async () => {
    const [example = ''] = /(?<=<!-- ten lines -->\n```yaml\n)[\s\S]*?(?=```)/.exec(readme) ?? []
    expect(example.trimEnd().split('\n')).toHaveLength(10)
    const config = await load(example)
    expect(config.warnings).toEqual([])
    expect(config.agents.get('first-reply')?.grants).toMatchObject([{ tool: 'reply', gate: 'approve' }])
  })

  it('ends the demo as the demo ends', { timeout: 90_000 }, async () => {
    const [shown = ''] = /(?<=<!-- demo -->\n```text\n)[\s\S]*?(?=```)/.exec(readme) ?? []
    const withoutTime = (text: string) => text.replace(/in [\d.]+\w+\.\s*$/, 'in a while.')
    const output = await demoOutput()
    expect(withoutTime(output.slice(output.indexOf('── In the end')))).toBe(withoutTime(shown))
  })
})

async function demoOutput(): Promise<string> {
  const { OPENAI_API_KEY: _key, OPENAI_BASE_URL: _url, ...environment } = processEnvironment
  const child = spawn(process.execPath, [join(root, 'dist/main.js'), 'demo'], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  for await (const text of child.stdout.setEncoding('utf8')) output += text
  return output
}

/** Loads a whole configuration with something for every variable and every agent's instructions. */
async function load(text: string): Promise<Config> {
  const directory = await mkdtemp(join(tmpdir(), 'rouse-docs-'))
  try {
    const { agents = {} }: { agents?: Record<string, { instructions?: string }> } = parse(text)
    for (const [name, { instructions = `agents/${name}.md` }] of Object.entries(agents)) {
      await mkdir(dirname(join(directory, instructions)), { recursive: true })
      await writeFile(join(directory, instructions), 'Look.\n')
    }
    const file = join(directory, 'config.yaml')
    await writeFile(file, text)
    const variables = [...text.matchAll(/\$\{([A-Z][A-Z0-9_]*)/g)].map(([, name = '']) => name)
    const environment = Object.fromEntries(
      variables.map((name) => [name, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']),
    )
    return await loadConfig({ file, environment, kinds: Object.values(sourceKinds) })
  } finally {
    await rm(directory, { recursive: true })
  }
}

describe('every page', () => {
  const wholeConfigurations = pages.flatMap((page) =>
    blocksOf(textOf(page), 'yaml')
      .filter((block) => /^version: 1$/m.test(block))
      .map((block, at) => [`${page}, ${at + 1}`, block] as const),
  )

  it.each(wholeConfigurations)('has whole configurations that load: %s', async (_place, block) => {
    expect((await load(block)).agents.size).toBeGreaterThan(0)
  })

  it('has links that lead somewhere', () => {
    const broken: string[] = []
    for (const page of pages) {
      for (const [, target = ''] of proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(target)) continue
        const [path = '', anchor] = target.split('#', 2)
        const file = path === '' ? page : relative(root, resolve(root, dirname(page), path))
        if (!existsSync(join(root, file))) broken.push(`${page}: ${target}`)
        else if (anchor !== undefined && !anchorsOf(file).includes(anchor)) broken.push(`${page}: ${target}`)
      }
    }
    expect(broken).toEqual([])
  })

  it('is reached from the README by links', () => {
    const reached = new Set(['README.md'])
    for (const page of reached) {
      for (const [, target = ''] of textOf(page).matchAll(/\]\(([^)\s#]+\.md)[^)]*\)/g)) {
        if (!/^https?:/.test(target)) reached.add(relative(root, resolve(root, dirname(page), target)))
      }
    }
    const decisions = (page: string) => page.startsWith('docs/decisions/')
    expect(pages.filter((page) => !reached.has(page) && !decisions(page))).toEqual([])
  })

  it('names only commands that exist', () => {
    const commands = createProgram(invocationOf(recordedIo())).commands.map((command) => command.name())
    const wrong: string[] = []
    for (const page of pages.filter((name) => name !== 'CHANGELOG.md')) {
      const code = [...quoted(proseOf(page)), ...blocksOf(textOf(page), 'sh').flatMap((sh) => sh.split('\n'))]
      for (const [, command = ''] of code
        .join('\n')
        .matchAll(/(?:^|npx )(?:rouse|node .*main\.js)(?: -c \S+)? ([a-z]+)/gm)) {
        if (!commands.includes(command)) wrong.push(`${page}: rouse ${command}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('says nothing of a path that is not there', () => {
    const wrong: string[] = []
    for (const page of pages) {
      for (const path of quoted(proseOf(page))) {
        if (
          /^(src|test|bench)\/[\w./-]+$/.test(path) &&
          !existsSync(join(root, path)) &&
          path !== 'bench/results/'
        )
          wrong.push(`${page}: ${path}`)
      }
    }
    expect(wrong).toEqual([])
  })
})

/** As GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  return [...proseOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  )
}

describe('docs/errors.md', () => {
  const rows = new Map(
    textOf('docs/errors.md')
      .split('\n')
      .flatMap((line) => {
        const [code, meaning = '', advice = ''] = line.startsWith('| `')
          ? (rowsOf(`\n| \n| \n${line}`)[0] ?? [])
          : []
        return code === undefined ? [] : [[code.slice(1, -1), { meaning, advice }] as const]
      }),
  )

  it('has every code, and no other', () => {
    expect([...rows.keys()].sort()).toEqual(Object.keys(errorCodes).sort())
  })

  it('says what the code says, and what to do', () => {
    for (const [code, sentence] of Object.entries(errorCodes)) {
      expect(rows.get(code)?.meaning, code).toBe(sentence)
      expect(rows.get(code)?.advice.length, code).toBeGreaterThan(8)
    }
  })
})

const nouns = [
  ['event', eventTransitions],
  ['run', runTransitions],
  ['tool call', toolCallTransitions],
  ['approval', approvalTransitions],
] as const

describe('ARCHITECTURE.md', () => {
  it.each(nouns)('has all states and where they lead: %s', (noun, transitions) => {
    const table = rowsOf(sectionOf(architecture, `### ${noun}`)).map(([from = '', to = '']) => [
      ...quoted(from),
      quoted(to),
    ])
    expect(table).toEqual(Object.entries(transitions))
  })

  it('has every table of the ledger', () => {
    const tables = [
      ...`${initial}${faults}${secrets}${policy}${begun}${tallies}${tellings}`.matchAll(
        /^CREATE TABLE (?:IF NOT EXISTS )?(\w+)/gm,
      ),
    ].map(([, name]) => name)
    const documented = rowsOf(sectionOf(architecture, '## The ledger')).map(([name = '']) => quoted(name)[0])
    expect(documented.sort()).toEqual(tables.sort())
  })

  it('has every room', () => {
    const tree = blocksOf(sectionOf(architecture, '## Rooms and floors'), '')[0] ?? ''
    const rooms = [...tree.matchAll(/src\/([\w.-]+)/g)].map(([, room]) => room)
    expect(rooms.sort()).toEqual(readdirSync(join(root, 'src')).sort())
  })

  it('leads an event through files and names that are there', () => {
    const path = blocksOf(sectionOf(architecture, '## The life of an event'), '')[0] ?? ''
    const steps = [...path.matchAll(/ ([a-z]+\/[\w<>-]+\.ts) +(.+)$/gm)]
    expect(steps.length).toBeGreaterThan(15)
    for (const [, file = '', said = ''] of steps) {
      if (file.includes('<')) continue
      const text = textOf(`src/${file}`)
      const [name = ''] = /\b(?:[A-Z]\w*\.)?(\w+)/.exec(said)?.slice(1) ?? []
      expect(text, `${file} has ${name}`).toMatch(new RegExp(`\\b${name}\\b`))
    }
  })

  it('names a test for each invariant, and it is there', () => {
    const rows = rowsOf(sectionOf(architecture, '## Invariants'))
    expect(rows.length).toBeGreaterThan(15)
    for (const [invariant, , test = ''] of rows) {
      const [file = ''] = quoted(test)
      const title = /\*(.+)\*/.exec(test)?.[1] ?? 'no title'
      expect(textOf(file), invariant).toContain(`'${title}'`)
    }
  })
})

describe('docs/concepts.md', () => {
  const text = textOf('docs/concepts.md')

  it.each(nouns)('explains every state: %s', (_noun, transitions) => {
    expect(Object.keys(transitions).filter((state) => !text.includes(`\`${state}\``))).toEqual([])
  })
})

describe('docs/decisions/', () => {
  const decisions = pages.filter((page) => page.startsWith('docs/decisions/'))

  it('are numbered without a gap, and their titles have the number', () => {
    for (const [at, page] of decisions.entries()) {
      const number = String(at + 1).padStart(4, '0')
      expect(page).toMatch(new RegExp(`/${number}-[a-z0-9-]+\\.md$`))
      expect(textOf(page)).toMatch(new RegExp(`^# ${number} `))
    }
  })

  it('give a reason for every dependency', () => {
    const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(textOf('package.json'))
    const documented = rowsOf(textOf('docs/decisions/0001-dependencies.md')).map(
      ([name = '']) => quoted(name)[0],
    )
    expect(documented.sort()).toEqual(Object.keys(dependencies).sort())
  })
})
