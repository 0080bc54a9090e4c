import { chmod, mkdir, mkdtemp, rename, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Config } from '../../src/config/config.js'
import { loadConfig } from '../../src/config/load.js'
import { type ConfigWatch, watchConfig } from '../../src/config/watch.js'
import { until } from '../support/wait.js'
import { kinds } from './support.js'

const secret = 'f1d2a3c4b5e6978890aa11bb'
const agent = (name: string) =>
  `  ${name}: { on: { source: ci, type: issues.opened }, instructions: helper.md, tools: [] }\n`
const old = `version: 1
store: "sqlite:./rouse.db"
models: { default: { base_url: "http://127.0.0.1:9/v1", model: m } }
sources: { ci: { kind: github, secret: "${secret}" } }
agents:
${agent('first')}`
const next = old + agent('second')

let directory: string
let watching: ConfigWatch
/** As the daemon has it: what loads is taken over, what does not leaves the one before. */
let current: Config
let refusals: number

const place = (name: string) => join(directory, name)
const load = () => loadConfig({ file: place('config.yaml'), environment: {}, kinds })
const agents = () => [...current.agents.keys()]
const bothAgents = () => agents().join() === 'first,second'

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rouse-edits-'))
  await writeFile(place('helper.md'), 'Look.\n')
  await writeFile(place('config.yaml'), old)
  current = await load()
  refusals = 0
  watching = await watchConfig({
    file: place('config.yaml'),
    files: () => [place('helper.md')],
    onChange: async () => {
      try {
        current = await load()
      } catch {
        refusals++
      }
    },
    onError: (error) => expect.fail(error.message),
  })
})
afterEach(async () => {
  await watching.close()
  await rm(directory, { recursive: true })
})

describe('a configuration that is edited while the daemon runs', () => {
  it('is taken over whole where an editor renames its file over the old one', async () => {
    await writeFile(place('.config.yaml.swp'), 'half of some')
    await writeFile(place('config.yaml~'), old)
    await writeFile(place('4913'), '')
    await unlink(place('4913'))
    await writeFile(place('config.yaml.new'), next)
    await rename(place('config.yaml.new'), place('config.yaml'))
    await until('the second agent', bothAgents)
    expect(refusals).toBe(0)
  })

  it('stays as it was while its file is empty, cut off or gone, and goes on with the whole one', async () => {
    await truncate(place('config.yaml'))
    await until('a refusal of the empty file', () => refusals === 1)
    await writeFile(place('config.yaml'), next.slice(0, next.length - 20))
    await until('a refusal of the half file', () => refusals === 2)
    await unlink(place('config.yaml'))
    await until('a refusal of no file', () => refusals === 3)
    expect(agents()).toEqual(['first'])
    await writeFile(place('config.yaml'), next)
    await until('the second agent', bothAgents)
  })

  it('that is written in many pieces is read once it has come to rest', async () => {
    for (let end = 0; end < next.length; end += 25) {
      await writeFile(place('config.yaml'), next.slice(0, end))
    }
    await writeFile(place('config.yaml'), next)
    await until('the second agent', bothAgents)
    expect(refusals).toBe(0)
  })

  it('is taken over where the link that it is leads to another file, as volumes of a container do', async () => {
    for (const [name, text] of [
      ['v1', `${old}# v1\n`],
      ['v2', next],
    ] as const) {
      await mkdir(place(name))
      await writeFile(place(`${name}/config.yaml`), text)
    }
    await symlink('v1', place('..data'))
    await symlink('..data/config.yaml', place('link'))
    const { digest } = current
    await rename(place('link'), place('config.yaml'))
    await until('the first', () => current.digest !== digest)
    await symlink('v2', place('..data_tmp'))
    await rename(place('..data_tmp'), place('..data'))
    await until('the second agent', bothAgents)
    expect(refusals).toBe(0)
  })

  it('warns of a secret that others may read, and takes it', async () => {
    await writeFile(place('secret'), `${secret}\n`)
    await chmod(place('secret'), 0o644)
    await writeFile(place('config.yaml'), next.replace(secret, `\${file:${place('secret')}}`))
    await until('the second agent', bothAgents)
    expect(current.warnings.map(({ message }) => message).join()).toMatch(
      /others may read|readable|may be read/,
    )
  })
})
