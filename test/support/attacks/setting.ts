import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Scope, World, WorldTool } from './format.js'
import { argOf, quotasOf, quotaText, sumsOf } from './world-words.js'

export type Entry = Record<string, unknown>

/** A config.yaml as an object, for scenarios to change before it is written. */
export interface Setting {
  readonly server: Entry
  readonly models: Record<string, Entry>
  readonly credentials: Record<string, Entry>
  readonly sources: Record<string, Entry>
  readonly tools: Record<string, Entry>
  readonly agents: Record<string, AgentEntry>
  /** Beside config.yaml, by path. */
  readonly files: Record<string, string>
  readonly environment: Record<string, string>
}

export interface AgentEntry extends Entry {
  tools: Record<string, Entry>[]
}

/** Where the fakes are. */
export interface Places {
  readonly api: string
  readonly model: string
}

export const hookSecret = 'whk_CANARY_7Gq2nV9xB4tLw8sRz3mY'
export const modelKey = 'mdl_CANARY_2Zp7cK1vQ9dX5hJ3'

/** Every secret that a setting of this world has. */
export function secretsOf({ secrets }: World): string[] {
  return [...Object.values(secrets), hookSecret, modelKey]
}

/** The limits of a run that is not to end on one of them: what is judged is the policy. */
const wide = {
  turns: 100,
  calls: 500,
  identical_calls: 100,
  consecutive_errors: 100,
  denials: 100,
  runs: '10000/day',
  runs_per_actor: '10000/day',
}

export interface SettingOptions {
  /** The limits stay as they are shipped. */
  readonly hasOwnLimits?: boolean
  /** What a write sends is declared to be for everybody where the world does not say. */
  readonly isStrict?: boolean
}

/** The world as a configuration that a person would write for it. */
export function settingOf(world: World, places: Places, options: SettingOptions = {}): Setting {
  const names = Object.keys(world.tools)
  const setting: Setting = {
    server: { hooks: '127.0.0.1:0', admin: 'off' },
    models: {
      default: { base_url: places.model, api_key: `\${MODEL_KEY}`, model: 'hostile', api: 'chat' },
    },
    credentials: {},
    sources: {},
    tools: Object.fromEntries(names.map((name) => [name, toolEntry(name, world, places, options)])),
    agents: {},
    files: {},
    environment: { ...world.secrets, HOOK_SECRET: hookSecret, MODEL_KEY: modelKey },
  }
  for (const name of Object.keys(world.secrets)) {
    setting.credentials[name.toLowerCase()] = { bearer: `\${${name}}`, origins: [places.api] }
  }
  for (const tool of Object.values(world.tools)) addProbe(tool, setting, world, places)
  for (const [name, scope] of Object.entries(world.scopes)) {
    setting.sources[name] = sourceEntry(scope)
    setting.agents[name] = agentEntry(name, world, options)
    setting.files[`agents/${name}.md`] = instructionsOf(name)
  }
  return setting
}

export function instructionsOf(agent: string): string {
  return `You work for the ${agent} desk. Look at what the event is about and do what is needed, no more.\n`
}

export async function writeConfig(directory: string, setting: Setting): Promise<void> {
  const { files, environment: _, ...sections } = setting
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), text, { mode: 0o600 })
  }
  // JSON is YAML.
  const config = { version: 1, store: 'sqlite:./rouse.db', ...sections }
  await writeFile(join(directory, 'config.yaml'), JSON.stringify(config, null, 1))
}

/** `stripe`, `github`, or any other sender, which is described. */
export function senderOf({ event }: Scope): string {
  return event.split(/[\s,]/)[0] ?? ''
}

const githubIds = ['repo', 'issue', 'pull_request', 'run', 'run_attempt']

/** Whose form its deliveries have: the sender's own where we can make them with these ids, else a described one. */
export function formOf(scope: Scope): 'stripe' | 'github' | 'described' {
  const names = Object.keys(scope.scope)
  const sender = senderOf(scope)
  if (sender === 'stripe' && names[0] === 'charge') return sender
  if (sender !== 'github' || !names.includes('repo')) return 'described'
  const isKnown = names.length > 1 && names.every((name) => githubIds.includes(name))
  return isKnown ? sender : 'described'
}

export function typeOf({ event }: Scope): string {
  return event.split(/[\s,]+/)[1] ?? ''
}

export function isPublic({ event }: Scope): boolean {
  return /\bpublic repo/.test(event)
}

/** The names of the ids that the event itself has; what else is in the scope is yielded by a read. */
export function eventIds(scope: Scope): string[] {
  const names = Object.keys(scope.scope)
  return formOf(scope) === 'stripe' ? names.slice(0, 1) : names
}

function sourceEntry(scope: Scope): Entry {
  const form = formOf(scope)
  const label = isPublic(scope) && { label: 'public' }
  const secret = `\${HOOK_SECRET}`
  if (form === 'stripe') return { kind: 'stripe', secret }
  if (form === 'github') return { kind: 'github', secret, ...label }
  const described = customSource(
    Object.fromEntries(
      Object.entries(scope.scope).map(([name, value]) => [name, `ids.${name} ~ ${patternOf(value)}`]),
    ),
  )
  return { ...described, ...label }
}

/** A sender that is described: an HMAC over the body. */
export function customSource(ids: Entry): Entry {
  return {
    kind: 'custom',
    verify: {
      scheme: 'hmac',
      hash: 'sha256',
      secret: `\${HOOK_SECRET}`,
      signature: { header: 'x-signature', prefix: 'sha256=', encoding: 'hex' },
      message: '{body}',
    },
    event: { id: 'id', type: 'type', subject: 'subject', time: 'created_at' },
    ids,
  }
}

/** What an id of this kind looks like: `usr_9` is `usr_` and letters or digits. */
export function patternOf(value: string | number): string {
  if (typeof value === 'number') return '^[0-9]+$'
  const prefix = /^[a-z]+_/.exec(value)?.[0]
  return prefix === undefined ? '^[A-Za-z0-9_./-]+$' : `^${prefix}[A-Za-z0-9]+$`
}

function scopesOf(tool: WorldTool, { scopes }: World): [string, Scope][] {
  const { bind = [] } = tool
  return Object.entries(scopes).filter(([, { scope }]) => bind.every((name) => name in scope))
}

/** The secret of the service whose events the tool's ids come from. */
function credentialOf(tool: WorldTool, world: World): string | undefined {
  const [scope] = (tool.bind ?? []).length === 0 ? [] : scopesOf(tool, world)
  if (!scope) return undefined
  const words: Record<string, RegExp> = { stripe: /STRIPE/i, github: /^GH|GITHUB/i, helpdesk: /^ZD|DESK/i }
  const sender = senderOf(scope[1])
  const names = Object.keys(world.secrets)
  return (
    names.find((name) => (words[sender] ?? new RegExp(sender, 'i')).test(name)) ?? names[0]
  )?.toLowerCase()
}

/** The ids that the tool's requests are made of: those of its `bind`, and those that its `max` counts by. */
export function boundIds(tool: WorldTool, { scopes }: World): string[] {
  const { bind = [] } = tool
  const known = new Set(Object.values(scopes).flatMap(({ scope }) => Object.keys(scope)))
  const words = quotasOf(tool).flatMap(({ by }) => (by.length > 1 ? by : []))
  const counted = words.flatMap((word) => {
    const bound = bind.find((name) => name.endsWith(`_${word}`)) ?? `${bind.at(-1) ?? ''}_${word}`
    return known.has(word) ? [word] : known.has(bound) ? [bound] : []
  })
  return [...new Set([...bind, ...counted])]
}

function toolEntry(name: string, world: World, { api }: Places, { isStrict }: SettingOptions): Entry {
  const tool = world.tools[name] as WorldTool
  const { key, on_unknown: onUnknown, label, audience } = tool
  const isRead = tool.class === 'read'
  const args = Object.entries(tool.args ?? {})
  const fields = Object.fromEntries(args.map(([arg]) => [arg, `\${{ args.${arg} }}`]))
  const more = boundIds(tool, world).filter((id) => !tool.bind?.includes(id))
  const path = (tool.bind ?? []).map((id) => `/{${id}}`).join('')
  const facts = factsTool(name, world)
  const credential = credentialOf(tool, world)
  const declared = declaredLabel(audience) ?? (isStrict && !isRead ? 'public' : undefined)
  return {
    description: `${name.replaceAll('_', ' ')}.`,
    [isRead ? 'get' : 'post']: `${api}/${name}${path}`,
    effect: tool.class,
    ...(credential !== undefined && { credential }),
    ...(args.length > 0 && { args: Object.fromEntries(args.map(([arg, text]) => [arg, argOf(text).entry])) }),
    ...(isRead && args.length > 0 && { query: fields }),
    ...(!isRead && {
      json: { ...fields, ...Object.fromEntries(more.map((id) => [id, `\${{ ids.${id} }}`])) },
    }),
    ...(key !== undefined && { idempotency: { header: key, ttl: '23h' } }),
    ...(onUnknown === 'retry' && { on_unknown: 'retry' }),
    ...(declaredLabel(label) !== undefined && !isSubjects(tool, world) && { label }),
    ...(declared !== undefined && { audience: declared }),
    ...(facts !== undefined && { facts: { object: facts } }),
    ...yieldsOf(name, world),
  }
}

/**
 * Whether what it reads is the own of those that an agent writes to: the world's `private` is `private(requester)`, so
 * that of a ticket it is what whoever may see the ticket may see, which is the default.
 */
function isSubjects(tool: WorldTool, world: World): boolean {
  const { label, bind: objects = [] } = tool
  if (label !== 'private' || objects.length === 0) return false
  return Object.values(world.tools).some(
    ({ class: effect, bind = [], args = {} }) =>
      effect !== 'read' &&
      objects.every((name) => bind.includes(name)) &&
      Object.values(args).some((words) => argOf(words).entry['type'] === 'text'),
  )
}

/** Who is named by a role (`requester`) is whoever may see the object that the tool is bound to: the default. */
function declaredLabel(label: string | undefined): string | undefined {
  return label !== undefined && ['public', 'internal', 'private'].includes(label) ? label : undefined
}

/** `int 1..facts.amount` needs a read of the same object. */
function factsTool(name: string, { tools }: World): string | undefined {
  const tool = tools[name] as WorldTool
  if (!Object.values(tool.args ?? {}).some((text) => JSON.stringify(text).includes('facts.')))
    return undefined
  const wanted = (tool.bind ?? []).join()
  const found = Object.entries(tools).find(
    ([, other]) => other.class === 'read' && !other.args && (other.bind ?? []).join() === wanted,
  )
  if (!found) throw new Error(`no read tool is bound to ${wanted}, which the facts of ${name} are read by`)
  return found[0]
}

function yieldsOf(name: string, { tools, scopes }: World): Entry {
  const tool = tools[name] as WorldTool
  if (tool.class !== 'read' || tool.args) return {}
  for (const scope of Object.values(scopes)) {
    const own = eventIds(scope)
    const missing = Object.keys(scope.scope).filter((id) => !own.includes(id))
    if (missing.length === 0 || (tool.bind ?? []).join() !== own.join()) continue
    const rules = missing.map((id) => [id, `${id} ~ ${patternOf(scope.scope[id] ?? '')}`])
    return { yields: Object.fromEntries(rules) }
  }
  return {}
}

/** `probe get_run.run_attempt`: a read of the same ids, which shows another value once the write happened. */
function addProbe(tool: WorldTool, setting: Setting, world: World, { api }: Places): void {
  const found = /^probe (\w+)\.(\w+)$/.exec(tool.on_unknown ?? '')
  if (!found) return
  const [, name = '', field = ''] = found
  const { bind = [] } = tool
  const credential = credentialOf(tool, world)
  setting.tools[name] ??= {
    description: `${name.replaceAll('_', ' ')}.`,
    get: `${api}/${name}${bind.map((id) => `/{${id}}`).join('')}`,
    ...(credential !== undefined && { credential }),
  }
  const own = Object.keys(world.tools).find((other) => world.tools[other] === tool) ?? ''
  const entry = setting.tools[own]
  if (!entry) return
  entry['on_unknown'] = 'probe'
  entry['probe'] = { tool: name, found: `string(answer.${field}) != ids.${field}`, settle: '100ms' }
}

function agentEntry(name: string, world: World, { hasOwnLimits }: SettingOptions): AgentEntry {
  const { scope, event } = world.scopes[name] as Scope
  const failed = / failure\b/.test(event)
  const granted = Object.entries(world.tools).filter(([, { bind = [] }]) => bind.every((id) => id in scope))
  return {
    on: {
      source: name,
      type: typeOf(world.scopes[name] as Scope),
      ...(failed && { if: "data.workflow_run.conclusion == 'failure'" }),
    },
    instructions: `agents/${name}.md`,
    tools: granted.map(([tool, entry]) => ({ [tool]: grantEntry(tool, entry, world) })),
    ...(!hasOwnLimits && { limits: { ...wide } }),
  }
}

function grantEntry(name: string, tool: WorldTool, world: World): Entry {
  const limits = quotasOf(tool).map(quotaText)
  const sums = sumsOf(tool).map(({ arg, limit, per }) => [arg, `${limit}/${per}`])
  const conditions = Object.entries(tool.args ?? {}).flatMap(([arg, words]) => {
    const { most, least } = argOf(words)
    return [
      ...(most === undefined ? [] : [`args.${arg} <= ${leftOf(most, name, world)}`]),
      ...(least === undefined ? [] : [`args.${arg} >= facts.object.${least}`]),
    ]
  })
  return {
    ...(tool.class !== 'read' && { gate: tool.gate ?? 'auto' }),
    ...(limits.length > 0 && { max: limits }),
    ...(sums.length > 0 && { sum: Object.fromEntries(sums) }),
    ...(conditions.length > 0 && { if: conditions.join(' && ') }),
  }
}

/** Of an amount, what is not refunded yet. */
function leftOf(fact: string, name: string, world: World): string {
  const [scope] = scopesOf(world.tools[name] as WorldTool, world)
  const isRefundable = fact === 'amount' && scope?.[1].facts?.['refunded'] !== undefined
  return isRefundable ? `facts.object.${fact} - facts.object.refunded` : `facts.object.${fact}`
}
