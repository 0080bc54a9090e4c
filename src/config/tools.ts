import type { ArgSpec, Effect, Template, Tool } from '../domain/tool.js'
import { type MemberUse, memberUse } from '../util/cel.js'
import { compilePath } from '../util/path.js'
import { compilePattern } from '../util/pattern.js'
import { buildArg } from './args.js'
import {
  attempt,
  keysAt,
  type LoadContext,
  loadSection,
  parseEntry,
  type Section,
  scalarAt,
} from './context.js'
import type { Path } from './document.js'
import { buildProbe, checkLedgerRules, effectOf, eventMembers } from './effects.js'
import { checkExpression } from './expressions.js'
import { headerName, reservedHeaders } from './headers.js'
import { choice } from './issues.js'
import { methods, type ToolEntry, toolSchema } from './schema-tool.js'
import { compileTemplate, compileTree, type TemplateContext } from './templates.js'
import { parseToolUrl, type ToolUrl } from './urls.js'

export const idName = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/

/** Where a fault is told without keeping the rest of the tool from being checked. */
const independent = [
  ...['result.*', 'timeout', 'max_response', 'credential', 'effect', 'on_unknown', 'idempotency', 'private'],
  ...['probe', 'refusals', 'label', 'audience', 'redirect_hosts'],
  ...['args.*', 'query.*', 'headers.*', 'form.*', 'yields.*', 'creates.*', 'facts.*'],
]

/** Each tool by itself; what it refers to is checked by `crossCheck`. */
export function loadTools(context: LoadContext): Section<Tool> {
  return loadSection('tools', context, (name, path) => {
    const entry = parseEntry(toolSchema, path, context, independent)
    return entry && buildTool(name, entry, path, context)
  })
}

function buildTool(name: string, entry: ToolEntry, path: Path, context: LoadContext): Tool | undefined {
  const { problems } = context
  const method = methodOf(entry, path, context)
  if (method === undefined) return undefined
  const urlPath = [...path, method]
  const url = attempt(urlPath, problems, () => parseToolUrl(entry[method] ?? ''))
  const isPrivate = url !== undefined && checkReach(url, entry.private, path, urlPath, context)
  const effect = effectOf(entry, method, path, context)
  const args = buildArgs(entry, path, context)
  const used = new Set<string>(url?.path.flatMap((part) => (typeof part === 'string' ? [] : [part.id])))
  const takesMarker = effect !== 'read' && method !== 'get'
  const { hasMarker, ...request } = buildRequest(entry, path, used, takesMarker, context)
  checkBody(entry, method, path, context)
  checkLedgerRules(entry, effect, path, context)
  const probe = effect === 'read' ? undefined : buildProbe(entry, hasMarker, path, context)
  const yielded = buildYields(entry, path, context)
  const creates = buildCreates(entry, effect, path, context)
  const redirectHosts = buildRedirectHosts(entry, method, path, context)
  const pick = entry.result.pick?.flatMap((written, index) => {
    const compiled = attempt([...path, 'result', 'pick', index], problems, () => compilePath(written))
    return compiled === undefined ? [] : [compiled]
  })
  if (url === undefined) return undefined
  return {
    name,
    description: entry.description,
    method: upper[method],
    origin: url.origin,
    path: url.path,
    ...request,
    credential: entry.credential,
    effect,
    args,
    boundIds: [...used],
    result: { pick, maxBytes: entry.result.max },
    yields: yielded,
    creates,
    label: entry.label,
    audience: entry.audience,
    facts: entry.facts ?? {},
    idempotency: entry.idempotency && { header: entry.idempotency.header, ttlMs: entry.idempotency.ttl },
    refusals: entry.refusals ?? [],
    onUnknown: entry.on_unknown ?? 'hold',
    probe,
    timeoutMs: entry.timeout,
    maxResponseBytes: entry.max_response,
    redirectHosts,
    isPrivate,
  }
}

type Method = (typeof methods)[number]
const upper = { get: 'GET', post: 'POST', put: 'PUT', patch: 'PATCH', delete: 'DELETE' } as const

function methodOf(entry: ToolEntry, path: Path, { problems }: LoadContext): Method | undefined {
  const given = methods.filter((method) => entry[method] !== undefined)
  if (given.length === 1) return given[0]
  const found = given.length === 0 ? 'none' : given.join(' and ')
  const isKnown = given.length === 0 && methods.some((method) => problems.hasAt([...path, method]))
  if (!isKnown) problems.add(path, `expected exactly one of ${methods.join(', ')}, found ${found}`, 'key')
  return undefined
}

/** Whether it may connect to addresses that are not public. */
function checkReach(
  { isHttps, origin, reach }: ToolUrl,
  wanted: boolean | undefined,
  path: Path,
  urlPath: Path,
  { problems }: LoadContext,
): boolean {
  if (reach === 'private' && wanted === false) {
    problems.add([...path, 'private'], `${origin} is not a public address; remove "private: false"`)
  }
  if (reach === 'special' && wanted !== true) {
    problems.add(urlPath, `${origin} is in a reserved range; if that is meant, add "private: true"`)
  }
  if (!isHttps && reach === 'public' && wanted !== true) {
    problems.add(
      urlPath,
      'expected https: http is for this machine and, with "private: true", private networks',
    )
  }
  return wanted ?? reach === 'private'
}

function buildArgs(entry: ToolEntry, path: Path, { problems }: LoadContext): Record<string, ArgSpec> {
  const args: Record<string, ArgSpec> = {}
  for (const [name, spec] of Object.entries(entry.args ?? {})) {
    const argPath = [...path, 'args', name]
    if (!idName.test(name) || name in Object.prototype) {
      problems.add(
        argPath,
        `expected a name of letters, digits and "_", found ${JSON.stringify(name)}`,
        'key',
      )
      continue
    }
    const arg = buildArg(spec, argPath, problems)
    if (arg !== undefined) args[name] = arg
  }
  return args
}

interface Request extends Pick<Tool, 'query' | 'headers' | 'body'> {
  readonly hasMarker: boolean
}

/** Query, headers and body; the ids that they use are added to `usedIds`. */
function buildRequest(
  entry: ToolEntry,
  path: Path,
  usedIds: Set<string>,
  takesMarker: boolean,
  context: LoadContext,
): Request {
  const argNames = keysAt(context.document, [...path, 'args'])
  const usedArgs = new Set<string>()
  let hasMarker = false
  const templates = (names: readonly string[]): TemplateContext => ({
    parts: (at) => scalarAt(context.document, at)?.parts,
    compile: (source, at) => {
      // Which ids exist is known to the agent, not to the tool: any will do here, if it is read by name.
      const ids = membersIn(source, 'ids').names
      const usesMarker = membersIn(source, 'marker').isOpen
      if (usesMarker && !names.includes('marker')) {
        context.problems.add(
          at,
          'a marker may stand in query, json and form of a write that is no GET, and nowhere else',
        )
        return undefined
      }
      const members = {
        args: argNames,
        facts: keysAt(context.document, [...path, 'facts']),
        event: eventMembers,
        ids,
      }
      const rules = { names, members, closed: ['ids'], isCondition: false }
      const expression = checkExpression(source, at, rules, context.problems)
      if (expression === undefined) return undefined
      hasMarker ||= usesMarker
      for (const id of ids) usedIds.add(id)
      const args = membersIn(source, 'args')
      for (const name of args.isOpen ? argNames : args.names) usedArgs.add(name)
      return expression
    },
  })
  const all = templates(['args', 'facts', 'ids', 'event', ...(takesMarker ? ['marker'] : [])])
  const pairs = (key: 'query' | 'form') =>
    Object.entries(entry[key] ?? {}).map(([name, value]): [string, Template] => [
      name,
      compileTemplate(value, [...path, key, name], all),
    ])
  const query = pairs('query')
  const headers = buildHeaders(entry, path, templates(['ids']), context)
  const body = buildBody(entry, path, all, pairs)
  for (const name of argNames) {
    if (usedArgs.has(name)) continue
    const message = `args.${name} is not used in the request; the model would fill it in for nothing`
    context.problems.warn([...path, 'args', name], message, 'key')
  }
  return { query, headers, body, hasMarker }
}

/** How `source` uses `root`; not at all when it does not parse, which is reported elsewhere. */
function membersIn(source: string, root: string): MemberUse {
  try {
    return memberUse(source, root)
  } catch {
    return { names: [], isOpen: false }
  }
}

function buildBody(
  entry: ToolEntry,
  path: Path,
  templates: TemplateContext,
  pairs: (key: 'form') => [string, Template][],
): Tool['body'] {
  if (entry.json !== undefined) {
    return { kind: 'json', tree: compileTree(entry.json, [...path, 'json'], templates) }
  }
  return entry.form === undefined ? { kind: 'none' } : { kind: 'form', entries: pairs('form') }
}

function buildHeaders(
  entry: ToolEntry,
  path: Path,
  templates: TemplateContext,
  { problems }: LoadContext,
): [string, Template][] {
  const seen = new Set<string>()
  return Object.entries(entry.headers ?? {}).map(([name, value]) => {
    const at = [...path, 'headers', name]
    const lower = name.toLowerCase()
    if (!headerName.test(name))
      problems.add(at, `expected the name of a header, found ${JSON.stringify(name)}`, 'key')
    if (reservedHeaders.has(lower)) {
      const instead = /authorization|cookie/.test(lower)
        ? 'declare the secret under credentials'
        : 'remove it'
      problems.add(at, `the header "${name}" cannot be set by a tool; ${instead}`, 'key')
    }
    if (lower === entry.idempotency?.header.toLowerCase()) {
      problems.add(at, `the header "${name}" carries the idempotency key; remove it`, 'key')
    }
    if (seen.has(lower)) problems.add(at, `the header "${name}" stands here twice`, 'key')
    seen.add(lower)
    if (typeof value === 'string' && /[^\t\x20-\x7e\x80-\xff]/.test(value)) {
      problems.add(at, 'expected a header of one line of printable text')
    }
    return [name, compileTemplate(value, at, templates)]
  })
}

function checkBody(entry: ToolEntry, method: Method, path: Path, { problems }: LoadContext): void {
  const bodies = (['json', 'form'] as const).filter((key) => entry[key] !== undefined)
  if (bodies.length > 1) problems.add([...path, 'form'], 'a request has one body: json or form', 'key')
  const [body] = bodies
  if (body !== undefined && method === 'get') {
    problems.add([...path, body], 'a GET request has no body; use query', 'key')
  }
}

function buildYields(entry: ToolEntry, path: Path, { problems }: LoadContext): Tool['yields'] {
  if (entry.yields !== undefined && Object.keys(entry.args ?? {}).length > 0) {
    const names = choice(Object.keys(entry.args ?? {}))
    problems.add(
      [...path, 'yields'],
      `only a tool without args may yield ids, because the model would choose what they are read from; remove args (${names}) or yields`,
      'key',
    )
  }
  return readRules(entry.yields, [...path, 'yields'], problems)
}

/** A write is the only thing that makes something. */
function buildCreates(
  entry: ToolEntry,
  effect: Effect,
  path: Path,
  { problems }: LoadContext,
): Tool['creates'] {
  const at = [...path, 'creates']
  if (entry.creates !== undefined && effect === 'read') {
    problems.add(at, 'a read makes nothing; remove it, or write yields', 'key')
  }
  return readRules(entry.creates, at, problems)
}

function buildRedirectHosts(
  entry: ToolEntry,
  method: Method,
  path: Path,
  { problems }: LoadContext,
): string[] {
  const at = [...path, 'redirect_hosts']
  if (entry.redirect_hosts !== undefined && method !== 'get') {
    problems.add(at, 'only a GET may be redirected, because nothing else may be sent twice', 'key')
  }
  return (entry.redirect_hosts ?? []).flatMap((written, index) => {
    const url = URL.canParse(`https://${written}/`) ? new URL(`https://${written}/`) : undefined
    if (url !== undefined && url.pathname === '/' && !/[/?#@*]/.test(written)) return [url.host]
    problems.add(
      [...at, index],
      `expected a host such as downloads.example.com, found ${JSON.stringify(written)}`,
    )
    return []
  })
}

/** `name: path ~ pattern`, each. */
function readRules(
  rules: Readonly<Record<string, string>> | undefined,
  path: Path,
  problems: LoadContext['problems'],
): Tool['yields'] {
  const found: Record<string, Tool['yields'][string]> = {}
  for (const [name, written] of Object.entries(rules ?? {})) {
    const at = [...path, name]
    if (!idName.test(name) || name in Object.prototype) {
      problems.add(
        at,
        `expected the name of an id: letters, digits and "_", found ${JSON.stringify(name)}`,
        'key',
      )
    }
    const [source, pattern, ...rest] = written.split(' ~ ').map((part) => part.trim())
    if (!source || !pattern || rest.length > 0) {
      problems.add(at, 'expected a path and a pattern, such as "customer ~ ^cus_[A-Za-z0-9]+$"')
      continue
    }
    if (source.includes('[]')) problems.add(at, `expected the path of one value, found "${source}"`)
    const compiled = attempt(at, problems, () => ({
      path: compilePath(source),
      pattern: compilePattern(pattern),
    }))
    if (compiled !== undefined) found[name] = compiled
  }
  return found
}
