import type { ArgSpec } from '../domain/tool.js'
import { compilePattern } from '../util/pattern.js'
import { attempt } from './context.js'
import type { Path } from './document.js'
import { choice } from './issues.js'
import type { Problems } from './problems.js'
import type { ArgEntry } from './schema-tool.js'

const defaultTextLength = 2000
const defaultPatternLength = 200

type ArgKind = ArgSpec['type']

/** Which of the keys each kind of argument takes beside `type`, `description` and `optional`. */
const keysOf: Record<ArgKind, readonly (keyof ArgEntry)[]> = {
  integer: ['min', 'max'],
  number: ['min', 'max'],
  boolean: [],
  enum: ['enum'],
  text: ['min_length', 'max_length', 'links', 'mentions', 'commands', 'qualifiers'],
  pattern: ['pattern', 'max_length'],
  list: ['enum', 'max_items'],
}

/** The argument that `entry`, at `path`, describes; undefined after a problem. */
export function buildArg(entry: ArgEntry, path: Path, problems: Problems): ArgSpec | undefined {
  const kind = kindOf(entry)
  if (kind === undefined) {
    problems.add(path, 'expected a type, an enum or a pattern that says what the model may give')
    return undefined
  }
  const constraints = [
    ...(['enum', 'pattern', 'min', 'max', 'min_length', 'max_length', 'max_items'] as const),
    ...(['links', 'mentions', 'commands', 'qualifiers'] as const),
  ]
  const wrong = constraints.filter((key) => entry[key] !== undefined && !keysOf[kind].includes(key))
  for (const key of wrong) {
    const takes = keysOf[kind].length === 0 ? 'none of these keys' : choice(keysOf[kind])
    problems.add(
      [...path, key],
      `"${key}" does not go with this argument, which is ${describe(kind)}; it takes ${takes}`,
      'key',
    )
  }
  if (wrong.length > 0) return undefined
  return buildKind(kind, entry, path, problems)
}

function describe(kind: ArgKind): string {
  if (kind === 'pattern') return 'text by pattern'
  return kind === 'enum' ? 'a choice' : `of type ${kind}`
}

function kindOf({ enum: values, pattern, type }: ArgEntry): ArgKind | undefined {
  if (type !== undefined && type !== 'text' && type !== 'string') return type
  if (values !== undefined) return 'enum'
  if (pattern !== undefined) return 'pattern'
  return type === undefined ? undefined : 'text'
}

function buildKind(kind: ArgKind, entry: ArgEntry, path: Path, problems: Problems): ArgSpec | undefined {
  const { description, optional } = entry
  const shared = { description, optional }
  const values = entry.enum ?? []
  switch (kind) {
    case 'boolean':
      return { ...shared, type: kind }
    case 'integer':
    case 'number': {
      const { max, min } = entry
      for (const [key, bound] of Object.entries({ min, max })) {
        if (kind === 'integer' && bound !== undefined && !Number.isSafeInteger(bound)) {
          problems.add([...path, key], `expected a whole number, found ${bound}`)
        }
      }
      if (min !== undefined && max !== undefined && min > max) {
        problems.add([...path, 'max'], `expected at least min, ${min}, found ${max}`)
      }
      return { ...shared, type: kind, min, max }
    }
    case 'text': {
      const maxLength = entry.max_length ?? defaultTextLength
      const minLength = entry.min_length ?? 1
      if (minLength > maxLength) {
        problems.add([...path, 'min_length'], `expected at most max_length, ${maxLength}, found ${minLength}`)
      }
      const rules = {
        links: linkHosts(entry.links ?? [], [...path, 'links'], problems),
        mentions: entry.mentions ?? false,
        commands: entry.commands ?? false,
        qualifiers: entry.qualifiers ?? false,
      }
      return { ...shared, type: kind, minLength, maxLength, rules }
    }
    case 'pattern': {
      const source = entry.pattern ?? ''
      const pattern = attempt([...path, 'pattern'], problems, () => compilePattern(source))
      if (pattern === undefined) return undefined
      return { ...shared, type: kind, pattern, maxLength: entry.max_length ?? defaultPatternLength }
    }
    case 'enum':
    case 'list': {
      if (values.length === 0) {
        problems.add([...path, 'enum'], 'missing: expected the choices of the list')
        return undefined
      }
      const twice = values.findIndex((value, index) => values.indexOf(value) !== index)
      if (twice >= 0)
        problems.add([...path, 'enum', twice], `the choice "${values[twice]}" stands here twice`)
      return kind === 'enum'
        ? { ...shared, type: kind, values }
        : { ...shared, type: kind, values, maxItems: entry.max_items ?? values.length }
    }
  }
}

/** As a URL has them. A host is a name and nothing else: no scheme, no path, no port. */
function linkHosts(written: readonly string[], path: Path, problems: Problems): string[] {
  return written.flatMap((host, index) => {
    const name = host.replace(/^\*\./, '')
    const url = URL.canParse(`https://${name}/`) ? new URL(`https://${name}/`) : undefined
    const isName = url !== undefined && url.pathname === '/' && url.port === '' && url.host === url.hostname
    if (isName && !/[/?#@:*]/.test(name)) return [host.startsWith('*.') ? `*.${url.hostname}` : url.hostname]
    problems.add(
      [...path, index],
      `expected a host such as docs.example.com or *.example.com, found ${JSON.stringify(host)}`,
    )
    return []
  })
}
