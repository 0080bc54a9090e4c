import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
} from 'yaml'
import { type Inserted, type InterpolationContext, interpolate } from './interpolate.js'

/** More than any configuration needs; bounds what a broken or hostile file can cost. */
export const documentLimits = { bytes: 512 * 1024, depth: 32, nodes: 20_000, aliases: 200 } as const

export type PathKey = string | number
export type Path = readonly PathKey[]

/** Where a value stands in the file, as offsets, and what stood there before `${…}` was filled in. */
export interface Place {
  readonly keyAt: number | undefined
  readonly valueAt: number
  readonly scalar?: {
    readonly written: string
    readonly inserted: readonly Inserted[]
    readonly parts: readonly (string | { readonly expression: string })[]
  }
}

export interface Fault {
  readonly offset: number
  readonly path: Path
  readonly message: string
}

/** The file's values in plain objects, `${…}` filled in, with the place of each. */
export interface ConfigDocument {
  /** Undefined when the file could not be read as YAML. */
  readonly value: unknown
  readonly faults: readonly Fault[]
  /** By `placeKey(path)`. */
  readonly places: ReadonlyMap<string, Place>
  position(offset: number): { line: number; column: number }
}

export function placeKey(path: Path): string {
  return path.join('\u0000')
}

/**
 * Reads YAML 1.2 (core schema, one document). Syntax errors, duplicate keys, tags, numbers that would lose
 * digits, too much nesting, too many nodes or aliases and unfilled `${…}` are faults, all of them at once.
 */
export async function readDocument(text: string, context: InterpolationContext): Promise<ConfigDocument> {
  const lines = new LineCounter()
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  const failed = (faults: readonly Fault[]) => ({ value: undefined, faults, places: new Map(), position })

  const tooDeep = firstTooDeep(text)
  if (tooDeep !== undefined) {
    lines.addNewLine(0)
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1)
    return failed([
      { offset: tooDeep, path: [], message: `nested deeper than ${documentLimits.depth} levels` },
    ])
  }
  const document = parseDocument(text, {
    schema: 'core',
    version: '1.2',
    lineCounter: lines,
    uniqueKeys: false, // the library compares each key with each other one; the walker keeps a set
    prettyErrors: false,
    merge: false,
  })
  // After an unexpected token all that follows is unexpected too, and says nothing.
  const lost = document.errors.findIndex((error) => error.code === 'UNEXPECTED_TOKEN')
  const errors = lost < 0 ? document.errors : document.errors.slice(0, lost + 1)
  const faults: Fault[] = errors.map(({ message, pos }) => ({
    offset: pos[0],
    path: [],
    message: `not valid YAML: ${lowerFirst(message.replace(/;.*/, ''))}${hintFor(text, pos[0])}`,
  }))
  if (document.directives?.yaml.explicit && document.directives.yaml.version !== '1.2') {
    faults.push({ offset: 0, path: [], message: 'expected YAML 1.2; remove the %YAML directive' })
  }
  if (faults.length > 0) return failed(faults)
  const walker = new Walker(document, context)
  const value = document.contents === null ? {} : await walker.value(document.contents, [], undefined)
  return { value, faults: walker.faults, places: walker.places, position }
}

/** The library recurses, and at some depth aborts the process: nesting is counted on its tokens before it sees them. */
function firstTooDeep(text: string): number | undefined {
  let offset = 0
  let flow = 0
  let inLine = 0
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') flow++
    else if (token === ']' || token === '}') flow--
    else if (token === '-' || token === '?') inLine++
    else if (token === '\n' || token === '\r\n') inLine = 0
    if (flow + inLine > documentLimits.depth) return offset
    const isMark = token === '\u0002' || token === '\u0018' || token === '\u001f'
    offset += isMark ? 0 : token.length
  }
  return undefined
}

function hintFor(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1
  const end = text.indexOf('\n', offset)
  const line = text.slice(start, end < 0 ? undefined : end)
  if (/[{,[]\s*([\w-]+:\s*)?\$\{/.test(line)) return `; inside { } and [ ], put \${…} in quotes`
  return ''
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1)
}

const knownTag = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/

class Walker {
  readonly faults: Fault[] = []
  readonly places = new Map<string, Place>()
  private nodes = 0
  private aliases = 0
  /** The mappings and lists around what is being read. */
  private readonly open = new Set<Node>()
  private isOver = false

  constructor(
    private readonly document: Document.Parsed,
    private readonly context: InterpolationContext,
  ) {}

  async value(node: Node | null, path: Path, keyAt: number | undefined): Promise<unknown> {
    const valueAt = node?.range?.[0] ?? keyAt ?? 0
    const fault = (message: string) => {
      this.faults.push({ offset: valueAt, path, message })
      return undefined
    }
    this.places.set(placeKey(path), { keyAt, valueAt })
    if (this.isOver || node === null) return null
    if (++this.nodes > documentLimits.nodes) {
      this.isOver = true
      return fault(`more than ${documentLimits.nodes} values`)
    }
    if (path.length > documentLimits.depth) return fault(`nested deeper than ${documentLimits.depth} levels`)
    if (isAlias(node)) {
      if (++this.aliases > documentLimits.aliases) {
        this.isOver = true
        return fault(`more than ${documentLimits.aliases} aliases`)
      }
      const target = node.resolve(this.document)
      if (target === undefined) return fault(`there is no anchor "&${node.source}" before this`)
      if (this.open.has(target)) return fault(`"*${node.source}" stands inside what it stands for`)
      return this.value(target, path, keyAt)
    }
    if (node.tag !== undefined && !knownTag.test(node.tag)) {
      return fault(`the tag ${node.tag} is not understood; remove it`)
    }
    if (isScalar(node)) return this.scalar(node, path, keyAt)
    this.open.add(node)
    const value = isMap(node) ? await this.map(node.items, path) : await this.list(node.items, path)
    this.open.delete(node)
    return value
  }

  private async map(
    items: readonly { key: unknown; value: unknown }[],
    path: Path,
  ): Promise<Record<string, unknown>> {
    const result: Record<string, unknown> = {}
    const firstAt = new Map<string, number>()
    for (const { key, value } of items) {
      const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0
      const name = isScalar(key) ? (key.source ?? String(key.value)) : undefined
      if (name === undefined || name === '' || name === '__proto__' || name.includes('${')) {
        const found = name === undefined ? '' : `, found ${JSON.stringify(name)}`
        this.faults.push({ offset, path, message: `expected a plain name as the key${found}` })
        continue
      }
      const before = firstAt.get(name)
      if (before !== undefined) {
        this.faults.push({
          offset,
          path: [...path, name],
          message: `the key stands here twice; the first is at offset:${before}`,
        })
        continue
      }
      firstAt.set(name, offset)
      result[name] = await this.value(isNode(value) ? value : null, [...path, name], offset)
    }
    return result
  }

  /** An item that is one `${VAR:-}` alone and comes out empty is left out: an old secret that is not set, for one. */
  private async list(items: readonly unknown[], path: Path): Promise<unknown[]> {
    const result: unknown[] = []
    for (const item of items) {
      const inner = [...path, result.length]
      const value = await this.value(isNode(item) ? item : null, inner, undefined)
      const scalar = this.places.get(placeKey(inner))?.scalar
      if (value === '' && scalar?.inserted.length === 1) continue
      result.push(value)
    }
    return result
  }

  private async scalar(node: Scalar, path: Path, keyAt: number | undefined): Promise<unknown> {
    const valueAt = node.range?.[0] ?? 0
    const { value } = node
    if (typeof value === 'number' && (!Number.isFinite(value) || exceedsDouble(value))) {
      this.faults.push({
        offset: valueAt,
        path,
        message: 'the number cannot be held exactly; put it in quotes',
      })
      return undefined
    }
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value
    if (typeof value !== 'string') {
      this.faults.push({
        offset: valueAt,
        path,
        message: `the tag ${node.tag ?? ''} is not understood; remove it`,
      })
      return undefined
    }
    if (!value.includes('$')) return value
    const { faults, inserted, parts, value: filled } = await interpolate(value, this.context)
    for (const message of faults) this.faults.push({ offset: valueAt, path, message })
    this.places.set(placeKey(path), { keyAt, valueAt, scalar: { written: value, inserted, parts } })
    return faults.length > 0 ? undefined : filled
  }
}

function exceedsDouble(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value)
}

function isNode(value: unknown): value is Node {
  return isMap(value) || isSeq(value) || isScalar(value) || isAlias(value)
}
