import type { ModelSettings } from '../domain/agent.js'
import type { Credential, Tool } from '../domain/tool.js'
import { type AgentDraft, checkName } from './agents.js'
import type { SourceSettings } from './config.js'
import { type LoadContext, type Section, scalarAt } from './context.js'
import type { Path } from './document.js'
import { valueAtPath } from './issues.js'
import { isSecretPath, minLiteralLength, namesSecret } from './secrets.js'
import { eachText, sourceRequests, sourceSecrets } from './sources.js'

export interface LoadedSections {
  readonly models: Section<ModelSettings>
  readonly credentials: Section<Credential>
  readonly sources: Section<SourceSettings>
  readonly tools: Section<Tool>
  readonly agents: Section<AgentDraft>
}

/** What no entry can know of itself: names that must exist, origins, shared budgets, secrets in the wrong place. */
export function crossCheck(sections: LoadedSections, context: LoadContext): void {
  for (const tool of sections.tools.loaded.values()) {
    checkCredential(tool, sections, context)
    checkFacts(tool, sections.tools, context)
  }
  for (const { agent } of sections.agents.loaded.values()) {
    if (agent.refresh === undefined) continue
    checkOwnRead('refresh', agent.refresh, ['agents', agent.name, 'refresh'], sections.tools, context)
  }
  for (const { credential, origin, path } of sourceRequests(context)) {
    if (credential === undefined) continue
    checkOrigin(credential, origin, [...path, 'credential'], sections.credentials, context)
  }
  checkSharedBudgets(sections, context)
  checkMisplacedExpressions(context)
  checkMisplacedSecrets(secretValues(sections, context), context)
  warnOfLiteralSecrets(context)
  warnOfUnused(sections, context)
}

/** Every secret value, longest first, for redaction. */
export function secretValues({ credentials, models }: LoadedSections, context: LoadContext): string[] {
  const values = new Set(sourceSecrets(context))
  for (const { auth } of credentials.loaded.values()) {
    if (auth.kind === 'bearer') values.add(auth.token)
    else if (auth.kind === 'header') values.add(auth.value)
    else values.add(auth.password.length < 8 ? auth.user : auth.password)
  }
  for (const { apiKey } of models.loaded.values()) if (apiKey !== undefined) values.add(apiKey)
  values.delete('')
  return [...values].sort((left, right) => right.length - left.length)
}

function checkCredential(tool: Tool, { credentials }: LoadedSections, context: LoadContext): void {
  const path = ['tools', tool.name, 'credential']
  if (tool.credential === undefined) return
  checkOrigin(tool.credential, tool.origin, path, credentials, context)
  const auth = credentials.loaded.get(tool.credential)?.auth
  if (auth?.kind !== 'header') return
  const clash = tool.headers.find(([name]) => name.toLowerCase() === auth.header.toLowerCase())
  if (clash) {
    const at = ['tools', tool.name, 'headers', clash[0]]
    context.problems.add(at, `the header "${clash[0]}" carries the credential; remove it`, 'key')
  }
}

function checkOrigin(
  name: string,
  origin: string | undefined,
  path: Path,
  credentials: Section<Credential>,
  context: LoadContext,
): void {
  if (!checkName('credential', name, credentials.names, path, context)) return
  const credential = credentials.loaded.get(name)
  if (credential === undefined || origin === undefined || credential.origins.includes(origin)) return
  context.problems.add(
    path,
    `the credential "${name}" is not for ${origin}; it lists ${credential.origins.join(', ')}. If it is meant to be sent there, add ${origin} to its origins`,
  )
}

function checkFacts(tool: Tool, tools: Section<Tool>, context: LoadContext): void {
  for (const [fact, name] of Object.entries(tool.facts)) {
    checkOwnRead('fact', name, ['tools', tool.name, 'facts', fact], tools, context)
  }
  if (tool.probe === undefined) return
  checkOwnRead('probe', tool.probe.tool, ['tools', tool.name, 'probe', 'tool'], tools, context)
}

/** A tool that rouse itself calls: there is no model that could fill in arguments. */
function checkOwnRead(
  what: string,
  name: string,
  at: Path,
  tools: Section<Tool>,
  context: LoadContext,
): void {
  if (!checkName('tool', name, tools.names, at, context)) return
  const source = tools.loaded.get(name)
  if (source === undefined) return
  const needed = Object.keys(source.args).filter((arg) => source.args[arg]?.optional === false)
  if (source.effect !== 'read') {
    context.problems.add(at, `a ${what} comes from a read; "${name}" is ${source.effect}`)
  } else if (needed.length > 0) {
    context.problems.add(
      at,
      `a ${what} is read without the model; "${name}" needs args (${needed.join(', ')})`,
    )
  } else if (Object.keys(source.facts).length > 0) {
    context.problems.add(at, `"${name}" has facts itself; a ${what} may not need others`)
  }
}

/** Two agents that may act on the same subject unasked must at least share what they may spend. */
function checkSharedBudgets({ agents, sources, tools }: LoadedSections, { problems }: LoadContext): void {
  const all = [...agents.loaded.values()].filter(({ agent }) => agent.mode === 'live')
  for (const { agent, grantPaths } of all) {
    for (const grant of agent.grants) {
      const effect = tools.loaded.get(grant.tool)?.effect
      // What is counted for each run alone adds up over the agents.
      const isShared = [...grant.max, ...grant.sum].some(({ per }) => per !== 'run')
      if (grant.gate !== 'auto' || effect === 'read' || isShared) continue
      const other = all.find(
        (candidate) =>
          candidate.agent !== agent &&
          candidate.agent.grants.some(({ gate, tool }) => tool === grant.tool && gate === 'auto') &&
          candidate.agent.on.some(({ source }) => agent.on.some((own) => own.source === source)),
      )
      if (other === undefined) continue
      const shared = agent.on.find((own) => other.agent.on.some(({ source }) => source === own.source))
      const kind = sources.loaded.get(shared?.source ?? '')?.name ?? 'the same source'
      problems.add(
        grantPaths.get(grant.tool) ?? ['agents', agent.name],
        `"${agent.name}" and "${other.agent.name}" may both use "${grant.tool}" without asking, on events of ${kind}, and nothing bounds them together; add "max" or "sum", such as max: 1/subject, or "gate: approve"`,
        'key',
      )
    }
  }
}

const templateKeys = new Set(['query', 'headers', 'json', 'form'])

/** `${{ … }}` means something in a tool's request only; elsewhere it would be taken for plain text. */
function checkMisplacedExpressions(context: LoadContext): void {
  eachText(context.document.value, [], (_, path) => {
    const parts = scalarAt(context.document, path)?.parts
    if (!parts?.some((part) => typeof part !== 'string')) return
    if (path[0] === 'tools' && templateKeys.has(String(path[2]))) return
    if (context.problems.hasAt(path)) return
    const message = `\${{ … }} may stand in a tool’s query, headers, json and form only; "$\${{" stands for the text`
    context.problems.add(path, message)
  })
}

/** Secrets go out through credentials alone, because those are bound to origins and kept out of the ledger. */
function checkMisplacedSecrets(secrets: readonly string[], context: LoadContext): void {
  const long = secrets.filter((secret) => secret.length >= 8)
  for (const section of ['tools', 'agents', 'models', 'sources']) {
    eachText(valueAtPath(context.document.value, [section]), [section], (text, path) => {
      if (section === 'models' && path.at(-1) === 'api_key') return
      if (section === 'sources' && path[2] !== 'request') return
      const inserted = scalarAt(context.document, path)?.inserted ?? []
      const isNamed = inserted.some(({ variable }) => variable === undefined || namesSecret(variable))
      if (context.problems.hasAt(path)) return
      if (!isNamed && !long.some((secret) => text.includes(secret))) return
      const instead = section === 'models' ? 'write it under api_key' : 'declare it under credentials'
      context.problems.add(path, `a secret has no place here; ${instead}`)
    })
  }
}

function warnOfLiteralSecrets(context: LoadContext): void {
  const warn = (path: Path) => {
    const value = valueAtPath(context.document.value, path)
    if (typeof value !== 'string' || value === '' || scalarAt(context.document, path)?.inserted.length) return
    context.problems.warn(path, `a secret stands in the file itself; better: \${VAR} or \${file:/path}`)
  }
  const names = (section: string) => Object.keys(valueAtPath(context.document.value, [section]) ?? {})
  for (const name of names('models')) warn(['models', name, 'api_key'])
  for (const name of names('credentials')) {
    warn(['credentials', name, 'bearer'])
    warn(['credentials', name, 'basic', 'password'])
  }
  eachText(valueAtPath(context.document.value, ['sources']), ['sources'], (text, path) => {
    if (isSecretPath(path) && text.length >= minLiteralLength) warn(path)
  })
}

function warnOfUnused({ agents, sources, tools }: LoadedSections, { problems }: LoadContext): void {
  const loaded = [...agents.loaded.values()].map(({ agent }) => agent)
  if (loaded.length < agents.names.length) return
  for (const name of sources.names) {
    if (!loaded.some((agent) => agent.on.some(({ source }) => source === name))) {
      problems.warn(
        ['sources', name],
        'no agent listens to this source; its events are recorded and wake nobody',
        'key',
      )
    }
  }
  for (const name of tools.names) {
    const isGranted = loaded.some((agent) => agent.grants.some(({ tool }) => tool === name))
    const isAsked = [...tools.loaded.values()].some(
      ({ facts, probe }) => Object.values(facts).includes(name) || probe?.tool === name,
    )
    const isRefresh = loaded.some(({ refresh }) => refresh === name)
    if (!isGranted && !isAsked && !isRefresh) problems.warn(['tools', name], 'no agent has this tool', 'key')
  }
}
