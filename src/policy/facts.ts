import type { Grant } from '../domain/agent.js'
import type { Template, TemplateTree, Tool } from '../domain/tool.js'
import { memberPaths } from '../util/cel.js'
import { type JsonObject, type JsonValue, stringifyJson } from '../util/json.js'

/** Which facts the decision on a call and its request rest on: `charge.amount`, in alphabetical order. */
export function factPathsOf(grant: Grant, tool: Tool): string[][] {
  const sources = [
    ...(grant.condition ? [grant.condition.source] : []),
    ...[...tool.query, ...tool.headers].flatMap(([, template]) => sourcesIn(template)),
    ...(tool.body.kind === 'json' ? sourcesIn(tool.body.tree) : []),
    ...(tool.body.kind === 'form' ? tool.body.entries.flatMap(([, template]) => sourcesIn(template)) : []),
  ]
  const paths = new Map<string, string[]>()
  for (const source of sources)
    for (const path of memberPaths(source, 'facts')) paths.set(path.join('.'), path)
  return [...paths].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, path]) => path)
}

/** Their values, by path. What is not there is null. */
export function pickFacts(facts: JsonObject, paths: readonly string[][]): JsonObject {
  const picked: JsonObject = Object.create(null)
  for (const path of paths) picked[path.join('.') || 'facts'] = memberAt(facts, path)
  return picked
}

/** The paths whose values differ. */
export function changedFacts(before: JsonObject, now: JsonObject): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort()
  return names.filter((name) => stringifyJson(before[name] ?? null) !== stringifyJson(now[name] ?? null))
}

function memberAt(value: JsonValue, path: readonly string[]): JsonValue {
  let found: JsonValue = value
  for (const name of path) {
    if (found === null || typeof found !== 'object') return null
    const inner: JsonValue | undefined = Array.isArray(found)
      ? found[Number(name)]
      : Object.hasOwn(found, name)
        ? found[name]
        : undefined
    if (inner === undefined) return null
    found = inner
  }
  return found
}

function sourcesIn(tree: TemplateTree | Template): string[] {
  switch (tree.kind) {
    case 'literal':
      return []
    case 'expression':
      return [tree.expression.source]
    case 'text':
      return tree.parts.flatMap((part) => (typeof part === 'string' ? [] : [part.source]))
    case 'object':
      return tree.entries.flatMap(([, inner]) => sourcesIn(inner))
    case 'list':
      return tree.items.flatMap(sourcesIn)
  }
}
