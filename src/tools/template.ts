import { PolicyError } from '../domain/errors.js'
import type { Template, TemplateTree, Tool } from '../domain/tool.js'
import type { Expression, ExpressionValues } from '../util/cel.js'
import type { JsonObject, JsonValue } from '../util/json.js'
import { scalarText } from '../util/path.js'
import type { Bindings } from './tool.js'

/** Fills a tool's templates in. Every method throws PolicyError `policy.schema` when there is no value to be had. */
export interface TemplateValues {
  /** `undefined`: the entry is to be left out. */
  tree(template: TemplateTree, place: string): JsonValue | undefined
  /** One text for each value; none when the entry is to be left out, several for a list. */
  texts(template: Template, place: string): string[]
}

export function templateValues(tool: Tool, { ids, args, facts, event, marker }: Bindings): TemplateValues {
  const values: ExpressionValues = { args: withOptionals(tool, args), facts, ids: { ...ids }, event, marker }

  const single = (template: Template, place: string): JsonValue | undefined => {
    if (template.kind === 'literal') return template.value
    if (template.kind === 'expression') return evaluate(tool, template.expression, values, place) ?? undefined
    return template.parts
      .map((part) => (typeof part === 'string' ? part : insert(tool, part, values, place)))
      .join('')
  }

  const tree = (template: TemplateTree, place: string): JsonValue | undefined => {
    if (template.kind === 'object') {
      const object: JsonObject = {}
      for (const [name, inner] of template.entries) {
        const value = tree(inner, `${place}.${name}`)
        if (value !== undefined) setOwn(object, name, value)
      }
      return object
    }
    if (template.kind === 'list') {
      const found = template.items.map((item, at) => tree(item, `${place}[${at}]`))
      return found.filter((item) => item !== undefined)
    }
    return single(template, place)
  }

  const texts = (template: Template, place: string): string[] => {
    const value = single(template, place)
    if (value === undefined || value === null) return []
    return (Array.isArray(value) ? value : [value]).map((item) => {
      const text = scalarText(item)
      if (text === undefined)
        throw noValue(tool, place, 'it gives an object or a list where one value is needed')
      return text
    })
  }
  return { tree, texts }
}

/** An optional argument that the model left out is null to a template, and its entry is left out in turn. */
export function withOptionals(tool: Tool, args: JsonObject): JsonObject {
  const all: JsonObject = { ...args }
  for (const [name, spec] of Object.entries(tool.args)) {
    if (spec.optional && !Object.hasOwn(args, name)) setOwn(all, name, null)
  }
  return all
}

function evaluate(tool: Tool, expression: Expression, values: ExpressionValues, place: string): JsonValue {
  let result: unknown
  try {
    result = expression.evaluate(values)
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : ''
    throw noValue(tool, place, `\${{ ${expression.source} }} failed: ${reason}`, cause)
  }
  const value = toJson(result)
  if (value === undefined) {
    throw noValue(
      tool,
      place,
      `\${{ ${expression.source} }} gives no text, number, boolean, list, object or null`,
    )
  }
  return value
}

function insert(tool: Tool, expression: Expression, values: ExpressionValues, place: string): string {
  const text = scalarText(evaluate(tool, expression, values, place))
  if (text === undefined) {
    throw noValue(tool, place, `\${{ ${expression.source} }} within a text gives no text, number or boolean`)
  }
  return text
}

/** What CEL computed as JSON, its integers as numbers where a number holds them; undefined where JSON has no such value. */
function toJson(value: unknown): JsonValue | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (Array.isArray(value)) {
    const items: JsonValue[] = []
    for (const item of value) {
      const inner = toJson(item)
      if (inner === undefined) return undefined
      items.push(inner)
    }
    return items
  }
  if (typeof value !== 'object' || !isPlain(value)) return undefined
  const object: JsonObject = {}
  for (const [name, item] of Object.entries(value)) {
    const inner = toJson(item)
    if (inner === undefined) return undefined
    setOwn(object, name, inner)
  }
  return object
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Assignment to `__proto__` would set the prototype instead. */
function setOwn(object: JsonObject, name: string, value: JsonValue): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true })
}

function noValue(tool: Tool, place: string, reason: string, cause?: unknown): PolicyError {
  return new PolicyError('policy.schema', `the request of ${tool.name} cannot be made: ${place}: ${reason}`, {
    details: { tool: tool.name, place },
    cause,
  })
}
