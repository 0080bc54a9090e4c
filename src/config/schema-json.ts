import { z } from 'zod'
import type { JsonObject, JsonValue } from '../util/json.js'
import type { SourceSchema } from './config.js'
import { configSchema } from './schema.js'

/**
 * The JSON Schema of config.yaml, for editors. Made of the loader's own schema, so it knows what the loader
 * knows. Wherever a value is not free text, `${…}` may stand instead and is allowed as such. What stands in it more
 * than once stands in `$defs`, whole with its description: a `$ref` has nothing beside it, which not all editors read.
 */
export function configJsonSchema(kinds: readonly SourceSchema[]): JsonObject {
  const schema = z.toJSONSchema(configSchema(kinds), {
    io: 'input',
    reused: 'inline',
    unrepresentable: 'any',
  })
  const { $schema, $defs, ...rest } = JSON.parse(JSON.stringify(schema)) as JsonObject
  const { shared, definitions } = shareRepeated(allowInsertion(rest), isObject($defs) ? $defs : {})
  return { $schema: $schema ?? null, title: 'config.yaml of rouse', ...shared, $defs: definitions }
}

const inserted = { type: 'string', pattern: '\\$\\{' } as const
const annotations = new Set(['description', 'default'])

function allowInsertion(schema: JsonObject): JsonObject {
  const result: JsonObject = {}
  for (const [key, value] of Object.entries(schema)) result[key] = within(key, value, allowInsertion)
  if (!takesOnlyItsForm(result) || 'const' in result) return result
  const notes = Object.entries(result).filter(([key]) => annotations.has(key))
  const form = Object.entries(result).filter(([key]) => !annotations.has(key))
  return { ...Object.fromEntries(notes), anyOf: [Object.fromEntries(form), inserted] }
}

/** What stands under `key` of a schema, with each schema in it put through `change`, which is told its nearest name. */
function within(
  key: string,
  value: JsonValue,
  change: (schema: JsonObject, name: string) => JsonObject,
  name = '',
): JsonValue {
  const changed = (inner: JsonValue, its = name) => (isObject(inner) ? change(inner, its) : inner)
  if (key === 'properties' && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([its, inner]) => [its, changed(inner, its)]))
  }
  if (key === 'items' || key === 'additionalProperties') return changed(value)
  if ((key === 'anyOf' || key === 'oneOf') && Array.isArray(value))
    return value.map((inner) => changed(inner))
  return value
}

/** Shorter ones are not worth a jump. */
const leastSharedLength = 120

/** `own` are the definitions that `root` has already: forms that are part of themselves. */
function shareRepeated(root: JsonObject, own: JsonObject): { shared: JsonObject; definitions: JsonObject } {
  const seen = new Set<string>()
  const repeated = new Set<string>()
  const count = (schema: JsonObject): JsonObject => {
    const text = JSON.stringify(schema)
    if (seen.has(text)) repeated.add(text)
    else {
      seen.add(text)
      for (const [key, value] of Object.entries(schema)) within(key, value, count)
    }
    return schema
  }
  count(root)

  const names = new Map<string, string>()
  const definitions: JsonObject = { ...own }
  const share = (schema: JsonObject, name: string): JsonObject => {
    const text = JSON.stringify(schema)
    const inner = () =>
      Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, within(key, value, share, name)]))
    if (text.length < leastSharedLength || !repeated.has(text)) return inner()
    const known = names.get(text) ?? freeName(name, definitions)
    if (!names.has(text)) {
      names.set(text, known)
      definitions[known] = {} // its place, before those within it
      definitions[known] = inner()
    }
    return { $ref: `#/$defs/${known}` }
  }
  return { shared: share(root, 'config'), definitions }
}

/** The key that it stands under, with a number where another has that name. */
function freeName(name: string, taken: JsonObject): string {
  let free = name
  for (let number = 2; Object.hasOwn(taken, free); number++) free = `${name}_${number}`
  return free
}

/** A number, a boolean, a choice, or text that must look some way. */
function takesOnlyItsForm({ enum: values, pattern, type }: JsonObject): boolean {
  return (
    type === 'integer' ||
    type === 'number' ||
    type === 'boolean' ||
    values !== undefined ||
    pattern !== undefined
  )
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
