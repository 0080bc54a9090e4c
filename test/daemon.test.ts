import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { startDaemon } from '../src/daemon.js'
import { createLogger } from '../src/util/log.js'
import { RecordingApi } from './support/recording-api.js'
import {
  githubSecret,
  issueOpened,
  type Rouse,
  runIn,
  sendGithub,
  startRouse,
  writeSetting,
} from './support/rouse.js'
import { until } from './support/wait.js'

const quiet = createLogger({ level: 'silent' })
const source = `sources: { ci: { kind: github, secret: "${githubSecret}" } }\n`
const agent = (words: string) => ({
  config: `${source}agents:
  helper: { on: { source: ci, type: issues.opened }, instructions: helper.md, tools: [] }
`,
  files: { 'helper.md': `${words}\n` },
})

let rouse: Rouse | undefined

afterEach(async () => {
  await rouse?.stop()
  rouse = undefined
})

describe('the daemon', () => {
  it('refuses a ledger that another has open, and says which', async () => {
    rouse = await startRouse({ config: source })
    const second = startDaemon({
      configFile: join(rouse.directory, 'config.yaml'),
      environment: {},
      log: quiet,
    })
    await expect(second).rejects.toMatchObject({ code: 'store.locked' })
    expect((await sendGithub(rouse.url, 'issues', issueOpened(1))).status).toBe(202)
  })

  it('says that the address is in use, and lets go of the ledger', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const directory = await writeSetting({ config: source })
    const file = join(directory, 'config.yaml')
    const start = (taken: string) =>
      startDaemon({ configFile: file, environment: { ROUSE_TEST_PORT: taken }, log: quiet })
    await expect(start(String(port))).rejects.toMatchObject({ code: 'server.address_in_use' })
    const daemon = await start('0')
    await daemon.stop()
    other.close()
  })

  it('stops in order: what was recorded is there, and a start finds it', async () => {
    const directory = await writeSetting(agent('Look.'))
    rouse = await startRouse({ ...agent('Look.'), directory })
    const { body } = await sendGithub(rouse.url, 'issues', issueOpened(7))
    await rouse.stop()
    rouse = await startRouse({ ...agent('Look.'), directory })
    const run = await runIn(rouse.ledger, body.events?.[0] ?? '', ['completed'])
    expect(run.attempts).toBe(0)
    expect((await sendGithub(rouse.url, 'issues', issueOpened(7))).status).toBe(200)
  })
})

describe('a changed configuration', () => {
  it('is taken over whole while it runs', async () => {
    rouse = await startRouse(agent('Look.'))
    const { log } = rouse
    const file = join(rouse.directory, 'config.yaml')
    const text = await readFile(file, 'utf8')
    await writeFile(
      file,
      `${text}  second: { on: { source: ci, type: issues.opened }, instructions: helper.md, tools: [] }\n`,
    )
    await until('the reload', () => log.some((line) => line.includes('configuration reloaded')))
    const { body } = await sendGithub(rouse.url, 'issues', issueOpened(1))
    const { ledger } = rouse
    const runs = await until('two runs', async () => {
      const found = await ledger.runsOf(body.events?.[0] ?? '')
      return found.length === 2 && found
    })
    expect(runs.map(({ agent: name }) => name).sort()).toEqual(['helper', 'second'])
  })

  it('takes a secret from its file anew when the file changes, and refuses nothing in between', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'rouse-test-'))
    const [current, former] = [join(directory, 'current'), join(directory, 'former')]
    const [first, second] = [githubSecret, 'p4Wd8Xj2Qc7Nf5Ty1Hk9Rm3B']
    for (const path of [current, former]) await writeFile(path, first, { mode: 0o600 })
    const config = agent('Look.').config.replace(
      /secret: [^ ,}]+/,
      `secret: ["\${file:${current}}", "\${file:${former}}"]`,
    )
    expect(config).toContain(current)
    rouse = await startRouse({ ...agent('Look.'), config, directory })
    const { url, log, ledger } = rouse
    const send = async (number: number, secret: string) =>
      (await sendGithub(url, 'issues', issueOpened(number), { secret })).status
    const reloads = () => log.filter((line) => line.includes('configuration reloaded')).length
    expect(await send(1, first)).toBe(202)
    await writeFile(current, second)
    await until('the new secret', () => reloads() === 1)
    expect([await send(2, first), await send(3, second)]).toEqual([202, 202])
    await writeFile(former, second)
    await until('the old secret to go', () => reloads() === 2)
    expect([await send(4, first), await send(5, second)]).toEqual([401, 202])
    await rouse.stop()
    rouse = await startRouse({ ...agent('Look.'), config, directory })
    const { uses } = await rouse.ledger.secretUses()
    expect(uses.map((use) => use.uses).sort()).toEqual([2, 2])
    expect(JSON.stringify(uses)).not.toContain(second.slice(0, 6))
    expect(ledger).not.toBe(rouse.ledger)
  })

  it('that does not load leaves the old one in force and says why', async () => {
    rouse = await startRouse(agent('Look.'))
    const { log } = rouse
    const file = join(rouse.directory, 'config.yaml')
    await writeFile(file, `${await readFile(file, 'utf8')}  broken: { onn: 1 }\n`)
    await until('the refusal', () => log.some((line) => line.includes('the old one stays')))
    expect(log.find((line) => line.includes('the old one stays'))).toContain('agents.broken')
    const { body } = await sendGithub(rouse.url, 'issues', issueOpened(1))
    await runIn(rouse.ledger, body.events?.[0] ?? '', ['completed'])
  })

  it('does not touch a run that began before it, not even over a restart', async () => {
    const api = await RecordingApi.start()
    const asked: string[] = []
    const unknownCall = {
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      model: 'm',
      output: [
        {
          type: 'function_call',
          id: 'fc_1',
          call_id: 'call_1',
          name: 'look',
          arguments: '{}',
          status: 'completed',
        },
      ],
      usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
    }
    let isDown = true
    let answer = () => {}
    const released = new Promise<void>((resolve) => {
      answer = resolve
    })
    api.respond = async ({ body }) => {
      const { instructions, input } = JSON.parse(body) as { instructions: string; input: unknown[] }
      asked.push(/Say (\w+)/.exec(instructions)?.[1] ?? '')
      if (input.length > 1 && isDown) return { status: 503, headers: { 'retry-after': '1' } }
      await released
      return { status: 200, body: unknownCall }
    }
    const setting = {
      config: agent('').config,
      models: `default: { base_url: "${api.origin}/v1", api_key: "sk-k7Gq2nV9xB4tLw8sRz3m", model: m, api: responses }`,
    }
    const directory = await writeSetting({ ...setting, files: { 'helper.md': 'Say first.\n' } })
    rouse = await startRouse({ ...setting, directory })
    const { body } = await sendGithub(rouse.url, 'issues', issueOpened(1))
    await until('the first question', () => asked.length === 1)
    answer()
    await runIn(rouse.ledger, body.events?.[0] ?? '', ['parked'])
    await rouse.stop()
    await writeFile(join(directory, 'helper.md'), 'Say second.\n')
    rouse = await startRouse({ ...setting, directory })
    await until('a question after the restart', () => asked.length >= 3)
    expect(asked).toEqual(asked.map(() => 'first'))
    isDown = false
    const later = await sendGithub(rouse.url, 'issues', issueOpened(2))
    await until('a question of the new configuration', () => asked.includes('second'))
    expect(later.status).toBe(202)
    await rouse.stop()
    rouse = undefined
    await api.close()
  })
})
