import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bench } from '../bench.js'
import { Canaries } from '../canaries.js'
import { onBench, type Stage, type Trial } from '../play.js'
import { secretsOf } from '../setting.js'
import type { Scenarios } from './scenario.js'

/** What is wrong in the file, by what the message must name. */
type Mistakes = Readonly<Record<string, (bench: Bench) => unknown>>

/** Configurations that do not load. */
export const configScenarios: Scenarios = {
  A091: (stage) =>
    refused(stage, { effect: (bench) => replaceTool(bench, 'get_issue', 'get', 'post', { effect: 'read' }) }),
  A103: (stage) =>
    refused(stage, {
      'a query in the URL': (bench) => appendToUrl(bench, 'get_run_log', `?token=\${GH_TOKEN}`),
      'a segment of the path': (bench) => appendToUrl(bench, 'get_run_log', `/\${GH_TOKEN}`),
      'its query': (bench) =>
        Object.assign(bench.setting.tools['get_run_log'] ?? {}, { query: { token: `\${GH_TOKEN}` } }),
    }),
  A104: (stage) =>
    refused(stage, {
      origins: ({ setting }) => {
        for (const credential of Object.values(setting.credentials))
          credential['origins'] = ['https://api.stripe.com']
      },
    }),
  A116: (stage) =>
    refused(stage, {
      'a URL': (bench) => instructions(bench, 'https://evil.test/agents/ops.md'),
      'a path that goes up': (bench) => instructions(bench, '../../etc/passwd'),
      'a link that leads outside': async (bench) => {
        await symlink('/etc/passwd', join(bench.directory, 'agents/linked.md'))
        instructions(bench, 'agents/linked.md')
      },
    }),
}

/** Each mistake by itself: `rouse check` says where it is and nothing starts. */
async function refused(stage: Stage, mistakes: Mistakes): Promise<Trial> {
  const faults: string[] = []
  let harmful = 0
  for (const [what, make] of Object.entries(mistakes)) {
    await onBench(stage, {}, async (bench) => {
      await make(bench)
      await bench.write()
      const { code, output } = await bench.command('check')
      if (code !== 78) faults.push(`${what}: rouse check ended with ${code}: ${output.slice(0, 200)}`)
      else if (!/config\.yaml:\d+:\d+/.test(output))
        faults.push(`${what}: no place is named: ${output.slice(0, 200)}`)
      const leaked = new Canaries(secretsOf(bench.world)).findIn(output)
      if (leaked !== undefined)
        faults.push(`I3: "${leaked}", a part of a secret, is in what rouse check says`)
      // One of them is enough to show that what does not load does not start.
      if (what === Object.keys(mistakes)[0]) {
        const isUp = await bench.start().then(
          () => true,
          () => false,
        )
        if (isUp) faults.push(`${what}: the daemon started`)
      }
      harmful += bench.api.requests.length
      return { faults: [], harmful: 0, denied: 0, notes: [] }
    })
  }
  return { faults, harmful, denied: 0, notes: [] }
}

function replaceTool({ setting }: Bench, name: string, from: string, to: string, more: object): void {
  const { [from]: url, ...rest } = setting.tools[name] ?? {}
  setting.tools[name] = { ...rest, [to]: url, ...more }
}

function appendToUrl({ setting }: Bench, name: string, text: string): void {
  const tool = setting.tools[name]
  if (tool) tool['get'] = `${tool['get']}${text}`
}

function instructions({ setting }: Bench, path: string): void {
  for (const agent of Object.values(setting.agents)) agent['instructions'] = path
}
