import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bench } from '../bench.js'
import { Canaries } from '../canaries.js'
import { onBench, type Stage, type Trial } from '../play.js'
import { type Entry, type Setting, secretsOf } from '../setting.js'
import type { Scenarios } from './scenario.js'
import { grantOf } from './steps.js'

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

/** A mistake in the configuration, by the words that say it; several where they say several. */
const mistakes: readonly (readonly [words: RegExp, make: (bench: Bench, stage: Stage) => unknown])[] = [
  [
    /\bsecret\b.*\b(?:URL|query|path)|\btoken in (?:the |an? )?(?:URL|query)/i,
    (bench, stage) =>
      change(bench, stage, (tool, method) =>
        appendTo(tool, method, `?token=\${${Object.keys(stage.world.secrets)[0]}}`),
      ),
  ],
  [
    /\borigin/i,
    ({ setting }) =>
      Object.values(setting.credentials).map((credential) =>
        Object.assign(credential, { origins: ['https://elsewhere.test'] }),
      ),
  ],
  [
    /\b(?:unknown|undeclared|missing|no such) arg|\bif\b.*\b(?:unknown|undeclared) /i,
    (bench, stage) => narrow(bench, stage, { if: 'args.nothing_of_that_name > 1' }),
  ],
  [
    /\byield|\bbound (?:parameter|id)|\bunbound/i,
    (bench, stage) =>
      change(bench, stage, (tool, method) => appendTo(tool, method, '/{nothing_of_that_name}')),
  ],
  [
    /\b(?:idempotency|probe|on_unknown|neither)\b/i,
    (bench, stage) =>
      change(bench, stage, (tool) => {
        tool['on_unknown'] = 'retry'
        delete tool['idempotency']
      }),
  ],
  [/\btwo agents\b|\bshared budget/i, ({ setting }, { attack }) => twoUnbounded(setting, attack.agent)],
  [
    /\b(?:read|GET|class)\b.*\b(?:POST|PUT|PATCH|DELETE|side.effect)/i,
    (bench, stage) =>
      change(bench, stage, (tool, method) => {
        tool['post'] = tool[method]
        if (method !== 'post') delete tool[method]
        tool['effect'] = 'read'
      }),
  ],
  [
    /\bsymlink|\.\.\/|\boutside (?:of )?(?:the )?(?:config )?root/i,
    (bench) => instructions(bench, '../../etc/passwd'),
  ],
  [
    /\bfrom https?:|\bby URL|\bimport|\binclude/i,
    (bench) => instructions(bench, 'https://evil.test/agents/ops.md'),
  ],
  [
    /\bregexp?|\bpattern|\bmatches\b|\bCEL\b|\bexpression/i,
    (bench, stage) => narrow(bench, stage, { if: "event.type.matches('(a+)+$')" }),
  ],
  [
    /\bunknown (?:key|setting|field)|\btypo|\bmisspel/i,
    (bench, stage) => narrow(bench, stage, { gaet: 'auto' }),
  ],
  [
    /\b(?:empty|placeholder|short|unset|missing) secret/i,
    ({ setting }) =>
      Object.values(setting.sources).map((source) => Object.assign(source, { secret: 'changeme' })),
  ],
]

export function refusedByWords(stage: Stage): Promise<Trial> {
  const { given = '', name } = stage.attack
  const found = mistakes.filter(([words]) => words.test(given))
  const wanted = found.length > 0 ? found : mistakes.filter(([words]) => words.test(name))
  if (wanted.length === 0) throw new Error(`the mistake is not understood: ${given}`)
  const agent =
    stage.attack.agent in stage.world.scopes ? stage.attack.agent : Object.keys(stage.world.scopes)[0]
  const known = { ...stage, attack: { ...stage.attack, agent: agent ?? '' } }
  const made = wanted.map(([words, make]) => [words.source, (bench: Bench) => make(bench, known)] as const)
  return refused(known, Object.fromEntries(made))
}

/** The tool that the case is about, or else the first of its agent that writes. */
function toolOf({ setting }: Bench, { attack }: Stage): string {
  const named = attack.model.map(({ tool }) => String(tool)).find((tool) => tool in setting.tools)
  const granted = (setting.agents[attack.agent]?.tools ?? []).flatMap((grant) => Object.keys(grant))
  return named ?? granted.find((tool) => setting.tools[tool]?.['post'] !== undefined) ?? granted[0] ?? ''
}

function change(bench: Bench, stage: Stage, make: (tool: Entry, method: string) => void): void {
  const tool = bench.setting.tools[toolOf(bench, stage)]
  if (tool) make(tool, 'get' in tool ? 'get' : 'post')
}

function appendTo(tool: Entry, method: string, text: string): void {
  tool[method] = `${tool[method]}${text}`
}

function narrow(bench: Bench, stage: Stage, more: Entry): void {
  const name = toolOf(bench, stage)
  Object.assign(grantOf(bench, stage.attack.agent, name), more)
}

function twoUnbounded({ agents }: Setting, name: string): void {
  const own = agents[name]
  if (!own) return
  for (const grant of own.tools) {
    for (const entry of Object.values(grant)) {
      if ('gate' in entry) entry['gate'] = 'auto'
      delete entry['max']
      delete entry['sum']
    }
  }
  agents[`${name}2`] = { ...own }
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
