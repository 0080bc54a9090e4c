import type { Effect, Probe } from '../domain/tool.js'
import { keysAt, type LoadContext } from './context.js'
import type { Path } from './document.js'
import { checkExpression } from './expressions.js'
import { headerName, reservedHeaders } from './headers.js'
import type { methods, ToolEntry } from './schema-tool.js'

type Method = (typeof methods)[number]

export const eventMembers = ['id', 'source', 'type', 'subject', 'time', 'data'] as const

/** What a tool does to the world, as written or by its method. */
export function effectOf(entry: ToolEntry, method: Method, path: Path, { problems }: LoadContext): Effect {
  if (entry.effect === 'read' && method !== 'get') {
    problems.add(
      [...path, 'effect'],
      `a ${method.toUpperCase()} request is at least a write; write "write" or "destructive"`,
    )
  }
  if (entry.effect !== undefined) return entry.effect
  if (method === 'get') return 'read'
  return method === 'delete' ? 'destructive' : 'write'
}

const forWrites = ['idempotency', 'on_unknown', 'probe', 'refusals'] as const

/** The rules of the write ledger: what may be tried again and how it is looked for, and what a read has no use for. */
export function checkLedgerRules(entry: ToolEntry, effect: Effect, path: Path, context: LoadContext): void {
  const { document, problems } = context
  if (effect === 'read') {
    for (const key of forWrites) {
      if (entry[key] === undefined) continue
      problems.add([...path, key], 'this is for writes; a read is simply made again', 'key')
    }
    return
  }
  const keys = keysAt(document, path)
  const way = entry.on_unknown ?? 'hold'
  const at = [...path, 'on_unknown']
  if (way === 'retry' && !keys.includes('idempotency')) {
    problems.add(
      at,
      'a write is sent again only with an idempotency key: declare idempotency: { header: …, ttl: … }, or write "probe" or "hold"',
    )
  }
  if (way === 'probe' && !keys.includes('probe')) {
    problems.add(
      at,
      'nothing says how to look for it: declare probe: { tool: <a read tool> }, or write "hold"',
    )
  }
  if (way === 'hold' && entry.probe !== undefined && !problems.hasAt(at)) {
    problems.add([...path, 'probe'], 'with on_unknown: hold nobody asks it; write on_unknown: probe', 'key')
  }
  checkHeader(entry, path, context)
}

function checkHeader({ idempotency }: ToolEntry, path: Path, { problems }: LoadContext): void {
  const header = idempotency?.header
  if (header === undefined) return
  if (headerName.test(header) && !reservedHeaders.has(header.toLowerCase())) return
  const found = JSON.stringify(header)
  problems.add(
    [...path, 'idempotency', 'header'],
    `expected a header such as Idempotency-Key, found ${found}`,
  )
}

/** `hasMarker`: whether the tool's request carries `${{ marker }}`. */
export function buildProbe(
  { probe }: ToolEntry,
  hasMarker: boolean,
  path: Path,
  context: LoadContext,
): Probe | undefined {
  if (probe === undefined) return undefined
  const at = [...path, 'probe']
  if (probe.found === undefined && !hasMarker) {
    context.problems.add(
      at,
      `nothing marks what it should find: put \${{ marker }} into a value of json, form or query, or say with found: how the answer shows it, over answer, args, ids and event`,
      'key',
    )
  }
  const rules = {
    names: ['answer', 'marker', 'args', 'ids', 'event'],
    members: { args: keysAt(context.document, [...path, 'args']), event: eventMembers },
    isCondition: true,
  }
  const found =
    probe.found === undefined
      ? undefined
      : checkExpression(probe.found, [...at, 'found'], rules, context.problems)
  return { tool: probe.tool, found, settleMs: probe.settle }
}
