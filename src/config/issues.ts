import { z } from 'zod'
import type { Path, PathKey } from './document.js'
import { laterKey, laterValue } from './later.js'
import type { Problems } from './problems.js'
import { didYouMean, sentences } from './suggest.js'

type Issue = z.core.$ZodIssue

/**
 * Parses `value`, which stands at `path`, and reports every problem. Undefined when it cannot be used.
 * Where text came from `${…}` and a number or a boolean is expected, it is read as one. Unknown keys, and
 * faults at the paths of `independent` (`*` is any key), are reported but do not keep the rest from being checked.
 */
export function parseAt<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  path: Path,
  problems: Problems,
  { isInserted, independent = [] }: { isInserted(path: Path): boolean; independent?: readonly string[] },
): z.output<Schema> | undefined {
  const keysAt = new Map<string, readonly string[]>()
  const parse = (input: unknown) => schema.safeParse(input, { error: (issue) => describe(issue, keysAt) })
  const copy: unknown = structuredClone(value)
  let result = parse(copy)
  if (result.success) return result.data
  if (convertInserted(copy, flatten(result.error.issues, copy), path, isInserted)) result = parse(copy)
  if (result.success) return result.data

  const issues = flatten(result.error.issues, copy)
  for (const issue of issues) report(issue, copy, path, problems, keysAt)
  for (const issue of issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) removeAt(copy, [...toPath(issue.path), key])
    } else {
      const pattern = independent.find((keys) => begins(toPath(issue.path), keys.split('.')))
      if (pattern !== undefined) removeAt(copy, toPath(issue.path).slice(0, pattern.split('.').length))
    }
  }
  const again = schema.safeParse(copy)
  return again.success ? again.data : undefined
}

/** The words for zod's own checks. Said as what was expected; what was found is added where it is reported. */
function describe(issue: z.core.$ZodRawIssue, keysAt: Map<string, readonly string[]>): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${typeName(issue.expected)}`
    case 'invalid_value':
      return `expected ${choice(issue.values.map(String))}`
    case 'invalid_union':
      return 'options' in issue && Array.isArray(issue['options'])
        ? `expected ${choice(issue['options'].map(String))}`
        : undefined
    case 'unrecognized_keys': {
      const instance = issue.inst
      if (instance instanceof z.ZodObject) keysAt.set(issue.keys.join('\n'), Object.keys(instance.def.shape))
      return 'unknown key'
    }
    case 'too_small':
      return bound(issue.origin, 'at least', Number(issue.minimum), issue.inclusive !== false)
    case 'too_big':
      return bound(issue.origin, 'at most', Number(issue.maximum), issue.inclusive !== false)
    case 'invalid_format':
      return issue.pattern === undefined
        ? `expected ${issue.format}`
        : `expected text that matches ${issue.pattern}`
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`
    default:
      return undefined
  }
}

function typeName(expected: string): string {
  const names: Record<string, string> = {
    string: 'text',
    object: 'a mapping',
    record: 'a mapping',
    array: 'a list',
    int: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
  }
  return names[expected] ?? expected
}

export function choice(values: readonly string[]): string {
  if (values.length === 1) return values[0] ?? ''
  return values.length === 0 ? 'nothing' : `one of ${values.join(', ')}`
}

function bound(origin: string, side: string, limit: number, isInclusive: boolean): string {
  const amount = isInclusive ? `${side} ${limit}` : `${side === 'at least' ? 'more' : 'less'} than ${limit}`
  if (origin === 'string') return `expected ${amount} character${limit === 1 ? '' : 's'}`
  if (origin === 'array' || origin === 'set') return `expected ${amount} item${limit === 1 ? '' : 's'}`
  if (origin === 'object' || origin === 'map') return `expected ${amount} key${limit === 1 ? '' : 's'}`
  return `expected ${amount}`
}

/** Of a union that nothing fits, the issues of the branch that was meant: the one whose type the value has. */
function flatten(issues: readonly Issue[], root: unknown): Issue[] {
  return issues.flatMap((issue): Issue[] => {
    if (issue.code === 'invalid_key') {
      const message = issue.issues[0]?.message ?? issue.message
      return [{ ...issue, message }]
    }
    if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue]
    const branches = issue.errors.map((branch) =>
      flatten(
        branch.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })),
        root,
      ),
    )
    const depth = issue.path.length
    const fitting = branches.filter(
      (branch) => !branch.some((inner) => inner.path.length === depth && inner.code === 'invalid_type'),
    )
    if (fitting.length > 0 && valueAtPath(root, issue.path) !== undefined) {
      return fitting.reduce((best, branch) => (branch.length < best.length ? branch : best))
    }
    const expected = new Set(
      branches.flatMap((branch) =>
        branch
          .filter((inner) => inner.path.length === depth)
          .map((inner) => inner.message.replace(/^expected /, '')),
      ),
    )
    const isNamed = issue.message.startsWith('expected ')
    return [{ ...issue, message: isNamed ? issue.message : `expected ${[...expected].join(' or ')}` }]
  })
}

function report(
  issue: Issue,
  root: unknown,
  base: Path,
  problems: Problems,
  keysAt: ReadonlyMap<string, readonly string[]>,
): void {
  const inner = toPath(issue.path)
  const path = [...base, ...inner]
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt.get(issue.keys.join('\n')) ?? []
    for (const key of issue.keys) problems.add([...path, key], unknownKey([...path, key], known), 'key')
    return
  }
  if (issue.code === 'invalid_key') {
    problems.add(path, `${issue.message}, found ${JSON.stringify(String(path.at(-1)))}`, 'key')
    return
  }
  const value = valueAtPath(root, inner)
  if (value === undefined) {
    const message = issue.message.startsWith('expected ') ? issue.message : `expected ${issue.message}`
    problems.add(path, `missing: ${message}`)
    return
  }
  const later = laterValue(path, value)
  if (later !== undefined) {
    problems.add(path, later)
    return
  }
  const values = issue.code === 'invalid_value' ? issue.values.map(String) : optionsOf(issue)
  const isOther = typeof value === 'string' && values?.includes(value) === false
  const guess = isOther ? didYouMean(value, values) : ''
  const isExpectation =
    issue.message.startsWith('expected ') && !(issue.code === 'too_small' && isContainer(value))
  const found = isExpectation ? `, found ${problems.shown(path, value)}` : ''
  problems.add(path, sentences(issue.message + found, guess))
}

function optionsOf(issue: Issue): readonly string[] | undefined {
  if (issue.code !== 'invalid_union' || !('options' in issue)) return undefined
  return Array.isArray(issue.options) ? issue.options.map(String) : undefined
}

export function unknownKey(path: Path, known: readonly string[]): string {
  const key = String(path.at(-1))
  return (
    laterKey(path) ??
    (didYouMean(key, known) === ''
      ? `unknown key "${key}"; expected ${choice(known)}`
      : sentences(`unknown key "${key}"`, didYouMean(key, known)))
  )
}

/** Reads text that `${…}` put where a number or a boolean belongs as one. Whether anything was changed. */
function convertInserted(
  root: unknown,
  issues: readonly Issue[],
  base: Path,
  isInserted: (path: Path) => boolean,
): boolean {
  let isChanged = false
  for (const issue of issues) {
    const path = toPath(issue.path)
    const value = valueAtPath(root, path)
    if (typeof value !== 'string' || !isInserted([...base, ...path])) continue
    const converted = /^-?\d+(\.\d+)?$/.test(value)
      ? Number(value)
      : value === 'true' || value === 'false'
        ? value === 'true'
        : undefined
    const parent = valueAtPath(root, path.slice(0, -1))
    if (converted === undefined || !isContainer(parent)) continue
    parent[path.at(-1) ?? ''] = converted
    isChanged = true
  }
  return isChanged
}

function isContainer(value: unknown): value is Record<PathKey, unknown> {
  return typeof value === 'object' && value !== null
}

function toPath(path: readonly PropertyKey[]): PathKey[] {
  return path.map((key) => (typeof key === 'symbol' ? String(key) : key))
}

export function valueAtPath(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root
  for (const key of path) {
    if (!isContainer(value) || !Object.hasOwn(value, key)) return undefined
    value = value[toPath([key])[0] ?? '']
  }
  return value
}

function begins(path: Path, keys: readonly string[]): boolean {
  return path.length >= keys.length && keys.every((key, index) => key === '*' || key === String(path[index]))
}

function removeAt(root: unknown, path: Path): void {
  const parent = valueAtPath(root, path.slice(0, -1))
  const key = path.at(-1)
  if (isContainer(parent) && !Array.isArray(parent) && key !== undefined) delete parent[key]
}
