import type { Agent, Grant, Quota } from '../domain/agent.js'
import { type DeclaredLabel, type Label, labels } from '../domain/label.js'
import type { ArgSpec, Tool } from '../domain/tool.js'
import { type Gate, gateOf } from './gate.js'
import { type EventSight, eventReading, type FlowFault, flowFault, isFreeText, toolReading } from './label.js'

/** What of a configuration says how far an agent reaches. */
export interface ReachParts {
  readonly tools: ReadonlyMap<string, Tool>
  readonly agents: ReadonlyMap<string, Agent>
  readonly sources: ReadonlyMap<string, SourceReach>
  /** Whether what its model costs is known; else `limits.cost` counts nothing. */
  readonly isPriced: boolean
}

export interface SourceReach {
  readonly idNames: readonly string[]
  readonly label: DeclaredLabel | undefined
}

/** The most there can be of something; undefined: nothing in the configuration bounds it. */
export interface Most {
  readonly perRun: number | undefined
  readonly perSubject: number | undefined
  readonly perDay: number | undefined
}

export interface ToolReach {
  readonly tool: Tool
  readonly grant: Grant
  readonly gate: Gate
  readonly calls: Most
  /** Of each argument that is summed. */
  readonly sums: readonly (Most & { readonly arg: string })[]
  /** The ids that its request is made of. None: whatever its credential can reach. */
  readonly objects: readonly ReachedObject[]
  /** Characters of free text in one call; 0 for a tool that says nothing. */
  readonly textPerCall: number
  /** What one call can tell by which choices are made in it, free text left out. */
  readonly bitsPerCall: number
  /** Who sees what it sends: declared, or else where it sends free text. */
  readonly audience: Label | undefined
  /** The most private thing that the agent may have read and that is not for them. */
  readonly fault: FlowFault | undefined
  /** Other agents that spend of the same budgets. */
  readonly sharedWith: readonly string[]
}

export interface ReachedObject {
  readonly id: string
  /** The tool that reads it; undefined: the event brings it. */
  readonly yieldedBy: string | undefined
}

export interface ReachedOrigin {
  readonly origin: string
  /** Names of the credentials that go there. */
  readonly credentials: readonly string[]
}

/** What may reach the model, and for whom it is. */
export interface Readable {
  readonly from: string
  readonly label: Label
}

/** The most that an agent can do, whatever its model says: from the configuration alone. */
export interface Reach {
  readonly runs: { readonly perDay: number | undefined; readonly perSource: number | undefined }
  readonly runsPerActor: number | undefined
  /** US dollars for the model; undefined where no limit counts them. A run's last turn may pass its limit. */
  readonly usd: { readonly perRun: number; readonly perDay: number | undefined } | undefined
  readonly tokens: { readonly perRun: number; readonly perDay: number | undefined }
  /** In the order of the grants. */
  readonly tools: readonly ToolReach[]
  readonly origins: readonly ReachedOrigin[]
  readonly readables: readonly Readable[]
  /** What a day's choices can tell, of calls that nobody is asked about. */
  readonly bitsPerDay: number | undefined
}

export function reachOf(agent: Agent, parts: ReachParts): Reach {
  const { limits } = agent
  const perDay = limits.runsPerDay
  const sights = sightsOf(agent, parts)
  const granted = agent.grants.flatMap((grant) => {
    const tool = parts.tools.get(grant.tool)
    return tool ? [{ grant, tool }] : []
  })
  const own = ownReads(agent, parts)
  const yielders = new Map(
    granted.flatMap(({ tool }) => Object.keys(tool.yields).map((id) => [id, tool.name] as const)),
  )
  const fromEvent = new Set(sights.flatMap(({ idNames }) => idNames))
  const scope = Object.fromEntries([...fromEvent, ...yielders.keys()].map((id) => [id, id]))
  const shown = [...granted.map(({ tool }) => tool), ...own.shown]
  const faultOf = (tool: Tool) =>
    sights
      .map(({ sight }) => {
        const event = eventReading([{ isPublic: false }], sight)
        const readings = [event, ...shown.map((read) => toolReading(read, scope, sight))]
        // What is for the fewest tells most.
        readings.sort((left, right) => labels.indexOf(right.label) - labels.indexOf(left.label))
        return flowFault(tool, scope, readings, sight)
      })
      .find((fault) => fault !== undefined)
  const tools = granted.map(({ grant, tool }): ToolReach => {
    const calls = callsOf(agent, grant)
    return {
      tool,
      grant,
      gate: gateOf(tool, [{ mode: agent.mode, gate: grant.gate }], []),
      calls,
      sums: [...new Set(grant.sum.map(({ arg }) => arg))].map((arg) => ({
        arg,
        ...sumOf(agent, grant, tool.args[arg], arg, calls),
      })),
      objects: tool.boundIds.map((id) => ({
        id,
        yieldedBy: fromEvent.has(id) ? undefined : yielders.get(id),
      })),
      textPerCall: textOf(tool),
      bitsPerCall: bitsOf(tool),
      audience: audienceOf(tool, scope, sights),
      fault: faultOf(tool),
      sharedWith: sharersOf(agent, tool, parts.agents),
    }
  })
  return {
    runs: { perDay, perSource: limits.runsPerSource },
    runsPerActor: limits.runsPerActor,
    usd:
      parts.isPriced && limits.costUsd !== undefined
        ? { perRun: limits.costUsd, perDay: times(perDay, limits.costUsd) }
        : undefined,
    tokens: { perRun: limits.tokens, perDay: times(perDay, limits.tokens) },
    tools,
    origins: originsOf([...granted.map(({ tool }) => tool), ...own.all]),
    readables: readablesOf(agent, shown, scope, sights),
    bitsPerDay: bitsPerDayOf(tools, times(perDay, limits.calls)),
  }
}

interface NamedSight {
  readonly source: string
  readonly idNames: readonly string[]
  readonly sight: EventSight
}

/** What is not known to be public is taken not to be. */
function sightsOf(agent: Agent, { sources }: ReachParts): NamedSight[] {
  return [...new Set(agent.on.map(({ source }) => source))].map((source) => {
    const { idNames = [], label } = sources.get(source) ?? {}
    return { source, idNames, sight: { isPublic: false, declared: label } }
  })
}

/** Tools that rouse itself calls for the agent; `shown` are those whose answers the model sees. */
function ownReads(agent: Agent, { tools }: ReachParts): { shown: Tool[]; all: Tool[] } {
  const named = (name: string | undefined) => (name === undefined ? undefined : tools.get(name))
  const refresh = named(agent.refresh)
  const others = agent.grants.flatMap((grant) => {
    const tool = tools.get(grant.tool)
    return tool ? [...Object.values(tool.facts).map(named), named(tool.probe?.tool)] : []
  })
  const isTool = (tool: Tool | undefined): tool is Tool => tool !== undefined
  return { shown: [refresh].filter(isTool), all: [refresh, ...others].filter(isTool) }
}

function callsOf({ limits }: Agent, { max }: Grant): Most {
  const perSubject = leastOf(max, 'subject')
  // A run is about one subject, and its ids stay what they were.
  const perRun = least(limits.calls, leastOf(max, 'run'), perSubject)
  return { perRun, perSubject, perDay: least(leastOf(max, 'day'), times(limits.runsPerDay, perRun)) }
}

function sumOf({ limits }: Agent, { sum }: Grant, spec: ArgSpec | undefined, arg: string, calls: Most): Most {
  const own = sum.filter((quota) => quota.arg === arg)
  const limit = (per: Quota['per']) => leastOf(own, per)
  const declared = spec?.type === 'integer' ? spec.max : undefined
  const perCall = least(declared, limit('run'), limit('subject'), limit('day'))
  const perSubject = least(limit('subject'), times(calls.perSubject, perCall))
  const perRun = least(limit('run'), perSubject, times(calls.perRun, perCall))
  const perDay = least(limit('day'), times(calls.perDay, perCall), times(limits.runsPerDay, perRun))
  return { perRun, perSubject, perDay }
}

function leastOf(quotas: readonly Quota[], per: Quota['per']): number | undefined {
  return least(...quotas.map((quota) => (quota.per === per ? quota.limit : undefined)))
}

function least(...bounds: readonly (number | undefined)[]): number | undefined {
  const known = bounds.filter((bound) => bound !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

function times(left: number | undefined, right: number | undefined): number | undefined {
  if (left === 0 || right === 0) return 0
  return left === undefined || right === undefined ? undefined : left * right
}

/** What is simulated counts in counters of its own. */
function sharersOf(agent: Agent, tool: Tool, agents: ReadonlyMap<string, Agent>): string[] {
  const spends = ({ mode, grants }: Agent) =>
    grants.some(
      (grant) => grant.tool === tool.name && gateOf(tool, [{ mode, gate: grant.gate }], []) !== 'shadow',
    )
  if (!spends(agent)) return []
  return [...agents.values()].flatMap((other) =>
    other.name !== agent.name && spends(other) ? [other.name] : [],
  )
}

/** The widest of them: with several sources the event decides which it is. */
function audienceOf(
  tool: Tool,
  scope: Record<string, string>,
  sights: readonly NamedSight[],
): Label | undefined {
  if (tool.audience !== undefined) return tool.audience
  if (textOf(tool) === 0) return undefined
  // By default who may see what it sends is who may see what it answers.
  const found = sights.map(({ sight }) => toolReading({ ...tool, label: undefined }, scope, sight).label)
  return found.includes('public') ? 'public' : (found[0] ?? 'internal')
}

function readablesOf(
  agent: Agent,
  shown: readonly Tool[],
  scope: Record<string, string>,
  sights: readonly NamedSight[],
): Readable[] {
  const isAlone = sights.length === 1
  const events = sights.map(({ source, sight }) => ({
    from: isAlone ? 'the event' : `events of ${source}`,
    label: eventReading([{ isPublic: false }], sight).label,
  }))
  const names = new Set([...shown.filter(({ effect }) => effect === 'read').map(({ name }) => name)])
  if (agent.refresh !== undefined) names.add(agent.refresh)
  const reads = [...names].flatMap((name) => {
    const tool = shown.find((candidate) => candidate.name === name)
    const [first] = sights
    return tool && first ? [{ from: name, label: toolReading(tool, scope, first.sight).label }] : []
  })
  return [...events, ...reads]
}

function originsOf(tools: readonly Tool[]): ReachedOrigin[] {
  const origins = new Map<string, Set<string>>()
  for (const { origin, credential, redirectHosts } of tools) {
    const credentials = origins.get(origin) ?? new Set()
    if (credential !== undefined) credentials.add(credential)
    origins.set(origin, credentials)
    for (const host of redirectHosts) {
      const target = `https://${host}`
      if (!origins.has(target)) origins.set(target, new Set())
    }
  }
  return [...origins].map(([origin, credentials]) => ({ origin, credentials: [...credentials] }))
}

function textOf({ args }: Tool): number {
  return Object.values(args).reduce(
    (sum, spec) => sum + (isFreeText(spec) && 'maxLength' in spec ? spec.maxLength : 0),
    0,
  )
}

/** Of one call, which may also not be made. */
function bitsOf({ args }: Tool): number {
  const bits = Object.values(args).reduce((sum, spec) => sum + bitsOfArg(spec), 0)
  return orNothing(bits)
}

function bitsOfArg(spec: ArgSpec): number {
  if (isFreeText(spec)) return 0
  const bits = choiceBits(spec)
  return spec.optional ? orNothing(bits) : bits
}

/** One choice more. */
function orNothing(bits: number): number {
  return bits > 50 ? bits : Math.log2(2 ** bits + 1)
}

const bitsOfDouble = 64
const bitsOfUnit = 16
const anyCharacter = /[^\x20-\x7e]|\.|\[\^|\\[DWSPpCxQ]|\(\?/

function choiceBits(spec: ArgSpec): number {
  switch (spec.type) {
    case 'integer': {
      const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = spec
      return Math.log2(Math.max(1, max - min + 1))
    }
    case 'number':
      return spec.min !== undefined && spec.min === spec.max ? 0 : bitsOfDouble
    case 'boolean':
      return 1
    case 'enum':
      return Math.log2(Math.max(1, spec.values.length))
    case 'list':
      return listBits(spec.values.length, spec.maxItems)
    case 'pattern':
      // What a pattern lets through is not counted out: all texts of its length, of the characters that it can mean.
      return spec.maxLength * (anyCharacter.test(spec.pattern.source) ? bitsOfUnit : Math.log2(95))
    case 'text':
      return 0
  }
}

/** Different items in any order, up to `most` of them. */
function listBits(values: number, most: number): number {
  let lists = 1
  let ofLength = 1
  for (let length = 0; length < Math.min(values, most); length++) {
    ofLength *= values - length
    if (!Number.isFinite(lists + ofLength)) return most * Math.log2(values)
    lists += ofLength
  }
  return Math.log2(lists)
}

/** Each call of a run is of one tool, so that the tools' sums are too much where the calls of a run are few. */
function bitsPerDayOf(tools: readonly ToolReach[], callsPerDay: number | undefined): number | undefined {
  const unasked = tools.filter(({ gate }) => gate === 'auto')
  let sum: number | undefined = 0
  for (const { calls, bitsPerCall } of unasked) {
    const bits = times(calls.perDay, bitsPerCall)
    sum = sum === undefined || bits === undefined ? undefined : sum + bits
  }
  const choices = unasked.reduce((all, { bitsPerCall }) => all + 2 ** Math.min(bitsPerCall, 1000), 0)
  return least(sum, times(callsPerDay, choices === 0 ? 0 : Math.log2(1 + choices)))
}
