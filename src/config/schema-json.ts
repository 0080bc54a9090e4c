import { z } from 'zod'
import type { JsonObject, JsonValue } from '../util/json.js'
import type { SourceSchema } from './config.js'
import { configSchema } from './schema.js'

/**
 * The JSON Schema of config.yaml, for editors. Made of the loader's own schema, so it knows what the loader
 * knows. Wherever a value is not free text, `${…}` may stand instead and is allowed as such.
 */
export function configJsonSchema(kinds: readonly SourceSchema[]): JsonObject {
  const schema = z.toJSONSchema(configSchema(kinds), {
    io: 'input',
    reused: 'inline',
    unrepresentable: 'any',
  })
  const { $schema, ...rest } = JSON.parse(JSON.stringify(schema)) as JsonObject
  return { $schema: $schema ?? null, title: 'config.yaml of rouse', ...allowInsertion(rest) }
}

const inserted = { type: 'string', pattern: '\\$\\{' } as const
const annotations = new Set(['description', 'default'])

function allowInsertion(schema: JsonObject): JsonObject {
  const result: JsonObject = {}
  for (const [key, value] of Object.entries(schema)) result[key] = within(key, value)
  if (!takesOnlyItsForm(result) || 'const' in result) return result
  const notes = Object.entries(result).filter(([key]) => annotations.has(key))
  const form = Object.entries(result).filter(([key]) => !annotations.has(key))
  return { ...Object.fromEntries(notes), anyOf: [Object.fromEntries(form), inserted] }
}

function within(key: string, value: JsonValue): JsonValue {
  if (key === 'properties' && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, schemaOf(inner)]))
  }
  if (key === 'items' || key === 'additionalProperties') return schemaOf(value)
  if ((key === 'anyOf' || key === 'oneOf') && Array.isArray(value)) return value.map(schemaOf)
  return value
}

function schemaOf(value: JsonValue): JsonValue {
  return isObject(value) ? allowInsertion(value) : value
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
