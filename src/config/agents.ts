import type { Agent, Grant, Limits, Quota, SumQuota, Trigger } from '../domain/agent.js'
import type { Tool } from '../domain/tool.js'
import type { SourceSettings } from './config.js'
import { keysAt, type LoadContext, loadSection, parseEntry, type Section } from './context.js'
import type { Path } from './document.js'
import { eventMembers } from './effects.js'
import { checkExpression } from './expressions.js'
import { choice } from './issues.js'
import { buildMailbox } from './mailbox.js'
import { type AgentEntry, agentSchema, type GrantEntry } from './schema-agent.js'
import { didYouMean, sentences } from './suggest.js'

export interface AgentParts {
  readonly sources: Section<SourceSettings>
  readonly tools: Section<Tool>
  readonly models: Section<unknown>
}

/** An agent whose instructions are not read yet. */
export interface AgentDraft {
  readonly agent: Omit<Agent, 'instructions'>
  readonly instructionsPath: string
  readonly grantPaths: ReadonlyMap<string, Path>
}

/** Where a fault is told without keeping the rest of the agent from being checked. */
const independent = [
  ...['limits', 'mailbox', 'mode', 'instructions', 'refresh', 'on.if', 'on.type', 'on.*.if', 'on.*.type'],
  'tools.*.*.*',
]

export function loadAgents(parts: AgentParts, context: LoadContext): Section<AgentDraft> {
  return loadSection('agents', context, (name, path) => {
    const entry = parseEntry(agentSchema, path, context, independent)
    if (entry === undefined) return undefined
    checkName('model', entry.model, parts.models.names, [...path, 'model'], context)
    const scope = scopeOf(entry, path, parts)
    checkRefresh(entry, path, parts, context)
    const on = buildTriggers(entry, path, parts, context)
    const { grantPaths, grants } = buildGrants(entry, path, scope, parts, context)
    return {
      agent: {
        name,
        on,
        grants,
        model: entry.model,
        limits: limitsOf(entry),
        mailbox: buildMailbox(entry.mailbox, [...path, 'mailbox'], context),
        refresh: entry.refresh,
        mode: entry.mode,
      },
      instructionsPath: entry.instructions ?? `agents/${name}.md`,
      grantPaths,
    }
  })
}

/** Whether an entry of that name exists; says so when it does not. */
export function checkName(
  what: string,
  name: string,
  names: readonly string[],
  path: Path,
  { problems }: LoadContext,
): boolean {
  if (names.includes(name)) return true
  const guess = didYouMean(name, names)
  const has = guess !== '' ? '' : names.length === 0 ? `; none are declared` : `; expected ${choice(names)}`
  problems.add(path, sentences(`there is no ${what} "${name}"${has}`, guess))
  return false
}

function triggersOf(entry: AgentEntry, path: Path) {
  if (!Array.isArray(entry.on)) return [{ trigger: entry.on, at: [...path, 'on'] }]
  return entry.on.map((trigger, index) => ({ trigger, at: [...path, 'on', index] }))
}

function buildTriggers(
  entry: AgentEntry,
  path: Path,
  { sources }: AgentParts,
  context: LoadContext,
): Trigger[] {
  return triggersOf(entry, path).map(({ at, trigger }) => {
    checkName('source', trigger.source, sources.names, [...at, 'source'], context)
    const ids = sources.loaded.get(trigger.source)?.idNames
    const condition =
      trigger.if === undefined
        ? undefined
        : checkExpression(
            trigger.if,
            [...at, 'if'],
            { names: [...eventMembers, 'ids'], members: ids ? { ids } : {}, isCondition: true },
            context.problems,
          )
    const { source, echoes } = trigger
    return { source, types: [trigger.type].flat(), condition, echoes }
  })
}

/** The ids that an agent can have, or undefined when that cannot be known because a part of it did not load. */
interface Scope {
  readonly ids: ReadonlySet<string>
  /** `ci yields repo, run; payments yields charge`, for messages. */
  readonly described: string
}

/** The ids of the agent's events alone. */
function eventScopeOf(entry: AgentEntry, path: Path, { sources }: AgentParts): Scope | undefined {
  const ids = new Set<string>()
  const described: string[] = []
  for (const name of new Set(triggersOf(entry, path).map(({ trigger }) => trigger.source))) {
    const source = sources.loaded.get(name)
    if (source === undefined) return undefined
    for (const id of source.idNames) ids.add(id)
    described.push(`${name} yields ${source.idNames.length === 0 ? 'none' : source.idNames.join(', ')}`)
  }
  return { ids, described: described.join('; ') }
}

function scopeOf(entry: AgentEntry, path: Path, parts: AgentParts): Scope | undefined {
  const { tools } = parts
  const ofEvents = eventScopeOf(entry, path, parts)
  if (ofEvents === undefined) return undefined
  const ids = new Set(ofEvents.ids)
  const granted = entry.tools.flatMap((item) => (typeof item === 'string' ? [item] : Object.keys(item)))
  if (granted.some((name) => !tools.loaded.has(name))) return undefined
  // A tool adds ids only once it can be called itself, so this goes on until nothing is added.
  for (let size = -1; size !== ids.size; ) {
    size = ids.size
    for (const name of granted) {
      const tool = tools.loaded.get(name)
      if (tool?.boundIds.every((id) => ids.has(id))) for (const id of Object.keys(tool.yields)) ids.add(id)
    }
  }
  return { ids, described: ofEvents.described }
}

/** It is read before any tool was called, so all that it is bound to must come with the event. */
function checkRefresh(entry: AgentEntry, path: Path, parts: AgentParts, { problems }: LoadContext): void {
  const tool = entry.refresh === undefined ? undefined : parts.tools.loaded.get(entry.refresh)
  const scope = eventScopeOf(entry, path, parts)
  if (tool === undefined || scope === undefined) return
  for (const id of tool.boundIds) {
    if (scope.ids.has(id)) continue
    problems.add(
      [...path, 'refresh'],
      sentences(
        `"${tool.name}" needs {${id}}, which no source of the agent yields (${scope.described})`,
        didYouMean(id, scope.ids),
      ),
    )
  }
}

function buildGrants(
  entry: AgentEntry,
  path: Path,
  scope: Scope | undefined,
  { tools }: AgentParts,
  context: LoadContext,
): { grants: Grant[]; grantPaths: Map<string, Path> } {
  const { problems } = context
  const grants: Grant[] = []
  const grantPaths = new Map<string, Path>()
  entry.tools.forEach((item, index) => {
    const itemPath = [...path, 'tools', index]
    const pairs = typeof item === 'string' ? [] : Object.entries(item)
    if (typeof item !== 'string' && pairs.length !== 1) {
      problems.add(itemPath, `expected one tool in each item, found ${pairs.length}; put "-" before each`)
      return
    }
    const [name, grant] = typeof item === 'string' ? [item, null] : (pairs[0] ?? ['', null])
    const at = typeof item === 'string' ? itemPath : [...itemPath, name]
    if (grantPaths.has(name)) {
      problems.add(at, `the tool "${name}" stands here twice`, 'key')
      return
    }
    grantPaths.set(name, at)
    if (!checkName('tool', name, tools.names, at, context)) return
    const tool = tools.loaded.get(name)
    if (tool === undefined) return
    checkScope(tool, at, scope, tools, context)
    grants.push(buildGrant(tool, grant, at, scope, context))
  })
  return { grants, grantPaths }
}

/** Every id that the tool, and the tools that its facts come from, are bound to must be in the agent's scope. */
function checkScope(
  tool: Tool,
  at: Path,
  scope: Scope | undefined,
  tools: Section<Tool>,
  { problems }: LoadContext,
): void {
  if (scope === undefined) return
  const named = (name: string) => tools.loaded.get(name) ?? []
  const facts = Object.values(tool.facts).flatMap(named)
  const probes = tool.probe === undefined ? [] : [named(tool.probe.tool)].flat()
  for (const needed of [tool, ...facts, ...probes]) {
    for (const id of needed.boundIds) {
      if (scope.ids.has(id)) continue
      const by = needed === tool ? '' : `its ${probes.includes(needed) ? 'probe' : 'fact'} ${needed.name} `
      problems.add(
        at,
        sentences(
          `${by}needs {${id}}, which no source of the agent yields (${scope.described}) and none of its other tools`,
          didYouMean(id, scope.ids),
        ),
        'key',
      )
    }
  }
}

function buildGrant(
  tool: Tool,
  grant: GrantEntry | null,
  at: Path,
  scope: Scope | undefined,
  { document, problems }: LoadContext,
): Grant {
  const members = {
    args: keysAt(document, ['tools', tool.name, 'args']),
    facts: Object.keys(tool.facts),
    event: eventMembers,
    ...(scope && { ids: [...scope.ids] }),
  }
  const condition =
    grant?.if === undefined
      ? undefined
      : checkExpression(
          grant.if,
          [...at, 'if'],
          { names: ['args', 'facts', 'ids', 'event'], members, closed: ['ids'], isCondition: true },
          problems,
        )
  const sum = Object.entries(grant?.sum ?? {}).flatMap(([arg, quotas]) =>
    buildSum(tool, arg, quotas, [...at, 'sum', arg], problems),
  )
  const approvalTtlMs = grant?.expires ?? 86_400_000
  return {
    tool: tool.name,
    gate: grant?.gate ?? (tool.effect === 'read' ? 'auto' : 'approve'),
    condition,
    max: grant?.max ?? [],
    sum,
    approvalTtlMs,
    remindMs: grant?.remind ?? Math.floor(approvalTtlMs / 4),
  }
}

function buildSum(
  tool: Tool,
  arg: string,
  quotas: readonly Quota[],
  at: Path,
  problems: LoadContext['problems'],
): SumQuota[] {
  const spec = tool.args[arg]
  const integers = Object.keys(tool.args).filter((name) => tool.args[name]?.type === 'integer')
  if (spec?.type !== 'integer') {
    const has = integers.length === 0 ? 'none' : integers.join(', ')
    problems.add(
      at,
      `expected an argument of "${tool.name}" of type integer (it has ${has}), found "${arg}"`,
      'key',
    )
    return []
  }
  if (spec.optional || spec.min === undefined || spec.min < 0) {
    const what = spec.optional ? 'could leave it out' : 'could give a negative number'
    const instead = spec.optional ? 'remove "optional"' : 'add "min: 0" or more'
    problems.add(
      at,
      `a sum over "${arg}" would not hold, because the model ${what}; in the tool, ${instead}`,
      'key',
    )
  }
  return quotas.map((quota) => ({ ...quota, arg }))
}

function limitsOf({ limits }: AgentEntry): Limits {
  return {
    turns: limits.turns,
    calls: limits.calls,
    tokens: limits.tokens,
    costUsd: limits.cost,
    timeMs: limits.time,
    runsPerDay: limits.runs,
    runsPerSource: limits.runs_per_source,
    runsPerActor: limits.runs_per_actor,
    chain: limits.chain,
    identicalCalls: limits.identical_calls,
    consecutiveErrors: limits.consecutive_errors,
    denials: limits.denials,
    attempts: limits.attempts,
  }
}
