import { PolicyError } from '../domain/errors.js'
import type { ArgSpec, Tool } from '../domain/tool.js'
import { JsonError, type JsonObject, type JsonValue, parseJson } from '../util/json.js'

/** What the model is told of a tool. Bound ids are not in it: the model can neither see nor choose them. */
export function toolSchema(tool: Tool): { name: string; description: string; parameters: JsonObject } {
  const entries = Object.entries(tool.args)
  return {
    name: tool.name,
    description: tool.description,
    parameters: {
      type: 'object',
      properties: Object.fromEntries(entries.map(([name, spec]) => [name, argumentSchema(spec)])),
      required: entries.filter(([, spec]) => !spec.optional).map(([name]) => name),
      additionalProperties: false,
    },
  }
}

function argumentSchema(spec: ArgSpec): JsonObject {
  const schema = typeSchema(spec)
  if (spec.description !== undefined) schema['description'] = spec.description
  return schema
}

function typeSchema(spec: ArgSpec): JsonObject {
  switch (spec.type) {
    case 'integer':
    case 'number': {
      const schema: JsonObject = { type: spec.type }
      if (spec.min !== undefined) schema['minimum'] = spec.min
      if (spec.max !== undefined) schema['maximum'] = spec.max
      return schema
    }
    case 'boolean':
      return { type: 'boolean' }
    case 'enum':
      return { type: 'string', enum: [...spec.values] }
    case 'text':
      return { type: 'string', minLength: spec.minLength, maxLength: spec.maxLength }
    case 'pattern':
      return { type: 'string', pattern: `^(?:${spec.pattern.source})$`, maxLength: spec.maxLength }
    case 'list':
      return { type: 'array', items: { type: 'string', enum: [...spec.values] }, maxItems: spec.maxItems }
  }
}

/**
 * The arguments that the model wrote, checked against the tool: strict JSON, only declared names, exact types,
 * nothing converted. An optional argument may be left out or null. Throws PolicyError `policy.schema` with a
 * message that tells the model what to write instead and repeats nothing that it wrote.
 */
export function parseArguments(tool: Tool, text: string): JsonObject {
  const written = parseObject(tool, text)
  for (const name of Object.keys(written)) {
    if (!Object.hasOwn(tool.args, name)) {
      if (namesAnId.has(name) && !tool.boundIds.includes(name)) {
        const details = { tool: tool.name }
        const message = `${tool.name}: what it acts on is bound to the event and cannot be given`
        throw new PolicyError('policy.scope', message, { details })
      }
      const names = Object.keys(tool.args).join(', ')
      throw refused(tool, names === '' ? 'it takes no arguments; pass {}' : `it takes only ${names}`)
    }
  }
  const args: JsonObject = {}
  for (const [name, spec] of Object.entries(tool.args)) {
    const value = Object.hasOwn(written, name) ? written[name] : undefined
    if (value === undefined || (value === null && spec.optional)) {
      if (!spec.optional) throw refused(tool, `"${name}" is missing: ${expectation(spec)}`)
    } else {
      if (!fits(value, spec)) throw refused(tool, `"${name}" must be ${expectation(spec)}`)
      args[name] = value
    }
  }
  return args
}

/** What models call the thing itself, where they try to choose another. */
const namesAnId: ReadonlySet<string> = new Set(['id', 'ids', 'handle'])

function parseObject(tool: Tool, text: string): JsonObject {
  // Some endpoints write nothing at all for a call without arguments.
  if (text.trim() === '') return {}
  let value: JsonValue
  try {
    value = parseJson(Buffer.from(text, 'utf8'))
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw refused(tool, `the arguments must be one JSON object: ${cause.message}`)
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw refused(tool, 'the arguments must be one JSON object')
  }
  return value
}

function fits(value: JsonValue, spec: ArgSpec): boolean {
  switch (spec.type) {
    case 'integer':
      return typeof value === 'number' && Number.isSafeInteger(value) && isWithin(value, spec.min, spec.max)
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) && isWithin(value, spec.min, spec.max)
    case 'boolean':
      return typeof value === 'boolean'
    case 'enum':
      return typeof value === 'string' && spec.values.includes(value)
    case 'text':
      return isText(value) && value.length >= spec.minLength && value.length <= spec.maxLength
    case 'pattern':
      return isText(value) && value.length <= spec.maxLength && spec.pattern.matches(value)
    case 'list':
      return (
        Array.isArray(value) &&
        value.length <= spec.maxItems &&
        new Set(value).size === value.length &&
        value.every((item) => typeof item === 'string' && spec.values.includes(item))
      )
  }
}

function isWithin(value: number, min: number | undefined, max: number | undefined): boolean {
  return (min === undefined || value >= min) && (max === undefined || value <= max)
}

/** A lone surrogate has no UTF-8: what would be sent is not what was checked. */
function isText(value: JsonValue): value is string {
  return typeof value === 'string' && !/\p{Surrogate}/u.test(value)
}

function expectation(spec: ArgSpec): string {
  switch (spec.type) {
    case 'integer':
    case 'number': {
      const bounds = [
        spec.min === undefined ? undefined : `at least ${spec.min}`,
        spec.max === undefined ? undefined : `at most ${spec.max}`,
      ].filter((bound) => bound !== undefined)
      const kind = spec.type === 'integer' ? 'a whole number' : 'a number'
      return [kind, bounds.join(' and ')].filter((part) => part !== '').join(', ')
    }
    case 'boolean':
      return 'true or false'
    case 'enum':
      return `one of ${quoted(spec.values)}`
    case 'text':
      return `a text of ${spec.minLength} to ${spec.maxLength} characters`
    case 'pattern':
      return `a text of at most ${spec.maxLength} characters that matches ${spec.pattern.source}`
    case 'list':
      return `a list of at most ${spec.maxItems} different items out of ${quoted(spec.values)}`
  }
}

function quoted(values: readonly string[]): string {
  return values.map((value) => JSON.stringify(value)).join(', ')
}

function refused(tool: Tool, reason: string): PolicyError {
  return new PolicyError('policy.schema', `${tool.name}: ${reason}`, { details: { tool: tool.name } })
}
