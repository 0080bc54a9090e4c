import { isUtf8 } from 'node:buffer'
import type { Tool } from '../domain/tool.js'
import { JsonError, type JsonObject, type JsonValue, parseJson, stringifyJson } from '../util/json.js'
import type { Path } from '../util/path.js'

/** The answer's body as strict JSON; undefined when it is none. */
export function parseBody(body: Buffer, contentType: string | undefined): JsonValue | undefined {
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (body.length === 0 || (type !== '' && !/[/+]json$/.test(type))) return undefined
  try {
    return parseJson(body)
  } catch (cause) {
    if (cause instanceof JsonError) return undefined
    throw cause
  }
}

/** What the model may see of an answer: a success picked, an error whole, both cut to the tool's size. */
export function shownResult(
  tool: Tool,
  answer: { status: number; body: Buffer; json: JsonValue | undefined; contentType: string | undefined },
): JsonValue {
  const { pick, maxBytes } = tool.result
  if (answer.json === undefined) {
    if (answer.body.length === 0) return null
    if (!isUtf8(answer.body))
      return `[${answer.body.length} bytes of ${answer.contentType ?? 'unknown type'}, not shown]`
    return cutText(answer.body, maxBytes)
  }
  const isSuccess = answer.status >= 200 && answer.status < 300
  const value = isSuccess && pick ? pickFrom(answer.json, pick) : answer.json
  const text = Buffer.from(stringifyJson(value))
  return text.length <= maxBytes ? value : cutText(text, maxBytes)
}

function cutText(text: Buffer, maxBytes: number): string {
  if (text.length <= maxBytes) return text.toString('utf8')
  let end = maxBytes
  // Not within a character: its later bytes are 10xxxxxx.
  while (end > 0 && ((text[end] ?? 0) & 0xc0) === 0x80) end--
  return `${text.toString('utf8', 0, end)}\n[cut here: ${end} of ${text.length} bytes shown]`
}

interface PickNode {
  isWhole: boolean
  readonly keys: Map<string, PickNode>
  readonly indexes: Map<number, PickNode>
  each: PickNode | undefined
}

/**
 * Only what the paths name, in the shape that it had: `jobs[].name` and `jobs[].conclusion` give
 * `{jobs: [{name, conclusion}]}`, so that what belongs together stays together.
 */
export function pickFrom(value: JsonValue, paths: readonly Path[]): JsonValue {
  const root = newNode()
  for (const { parts } of paths) {
    let node = root
    for (const part of parts) node = childOf(node, part)
    node.isWhole = true
  }
  return project(value, root) ?? null
}

function newNode(): PickNode {
  return { isWhole: false, keys: new Map(), indexes: new Map(), each: undefined }
}

function childOf(node: PickNode, part: Path['parts'][number]): PickNode {
  if ('each' in part) {
    node.each ??= newNode()
    return node.each
  }
  const child = ('key' in part ? node.keys.get(part.key) : node.indexes.get(part.index)) ?? newNode()
  if ('key' in part) node.keys.set(part.key, child)
  else node.indexes.set(part.index, child)
  return child
}

function project(value: JsonValue | undefined, node: PickNode): JsonValue | undefined {
  if (node.isWhole || value === undefined) return value
  if (value === null || typeof value !== 'object') return undefined
  if (Array.isArray(value)) {
    const items: JsonValue[] = []
    value.forEach((item, index) => {
      const inner = node.indexes.get(index) ?? node.each
      const picked = inner && project(item, inner)
      if (picked !== undefined) items.push(picked)
    })
    return node.each || items.length > 0 ? items : undefined
  }
  const object: JsonObject = {}
  for (const [key, inner] of node.keys) {
    const picked = Object.hasOwn(value, key) ? project(value[key], inner) : undefined
    if (picked !== undefined) {
      Object.defineProperty(object, key, {
        value: picked,
        writable: true,
        enumerable: true,
        configurable: true,
      })
    }
  }
  return Object.keys(object).length > 0 ? object : undefined
}
