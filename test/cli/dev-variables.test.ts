import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  keepDevVariables,
  madeUpValues,
  missingVariables,
  withDevVariables,
} from '../../src/cli/dev-variables.js'
import { invocationOf, recordedIo } from './recorded.js'

let directory: string
let configFile: string
const text = `
version: 1
# \${IN_A_COMMENT} is not needed
store: sqlite:./ledger/rouse.db
models:
  default: { base_url: "\${BASE:-https://api.openai.com/v1}", api_key: "\${KEY}", model: m }
credentials:
  github: { bearer: "\${TOKEN}", origins: ["\${ORIGIN:-https://api.github.com}"] }
sources:
  ci: { kind: github, secret: ["\${SECRET}", "\${SECRET_OLD:-}"] }
tools: {}
agents: {}
other: "$\${NOT_ONE} \${WITH:?a message}"
`

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-dev-'))
  configFile = join(directory, 'config.yaml')
  await writeFile(configFile, text)
})
afterEach(() => rm(directory, { recursive: true, force: true }))

test('finds what is needed and not set, and what it is for', async () => {
  expect(await missingVariables(configFile, { TOKEN: 'x', OLD: '' })).toEqual([
    { name: 'KEY', use: 'model_key', path: 'models.default.api_key' },
    { name: 'SECRET', use: 'source', path: 'sources.ci.secret.0' },
    { name: 'WITH', use: 'other', path: 'other' },
    { name: 'BASE', use: 'model_url', path: 'models.default.base_url' },
  ])
})

test('leaves the model alone where its key is set', async () => {
  const missing = await missingVariables(configFile, { KEY: 'k', TOKEN: 't' })
  expect(missing.map(({ name }) => name)).toEqual(['SECRET', 'WITH'])
})

test('makes up new values each time: long secrets, and the scripted model', async () => {
  const missing = await missingVariables(configFile, {})
  const [first, second] = [madeUpValues(missing), madeUpValues(missing)]
  expect(first['SECRET']).toMatch(/^[0-9a-f]{64}$/)
  expect(first['SECRET']).not.toBe(second['SECRET'])
  expect(first['BASE']).toBe('scripted:')
  expect(first['TOKEN']).toMatch(/^dev-[0-9a-f]{32}$/)
})

test('leaves them for its owner only, fills in only what is unset, and takes them back', async () => {
  const invocation = {
    ...invocationOf(recordedIo({ environment: { MINE: 'real' } })),
    configFile: () => configFile,
  }
  const forget = await keepDevVariables(invocation, { MINE: 'made up', SECRET: 's' })
  const file = join(directory, 'ledger', 'dev-secrets.json')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ variables: { MINE: 'made up', SECRET: 's' } })
  expect(await withDevVariables(invocation)).toEqual({ MINE: 'real', SECRET: 's' })
  await forget()
  expect(await withDevVariables(invocation)).toEqual({ MINE: 'real' })
})

test('whoever had opened an older file that all can read does not see them', async () => {
  const invocation = { ...invocationOf(recordedIo({ environment: {} })), configFile: () => configFile }
  const file = join(directory, 'ledger', 'dev-secrets.json')
  await mkdir(join(directory, 'ledger'))
  await writeFile(file, 'from before', { mode: 0o644 })
  const reader = await open(file)
  const forget = await keepDevVariables(invocation, { SECRET: 'made up' })
  expect(await reader.readFile('utf8')).toBe('from before')
  await reader.close()
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect(await readdir(join(directory, 'ledger'))).toEqual(['dev-secrets.json'])
  await forget()
})

test.each(['{"variables":{"SECRET":"made-up-1234', 'null', '7', '{"variables":["made-up-1234"]}'])(
  'a file that is none is as if it were not there, and nothing of it is said: %s',
  async (text) => {
    const invocation = { ...invocationOf(recordedIo({ environment: {} })), configFile: () => configFile }
    await mkdir(join(directory, 'ledger'))
    await writeFile(join(directory, 'ledger', 'dev-secrets.json'), text, { mode: 0o600 })
    expect((await withDevVariables(invocation))['SECRET']).toBeUndefined()
  },
)
