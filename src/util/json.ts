import { isUtf8 } from 'node:buffer'
import { randomBytes } from 'node:crypto'

/** A JSON value. Integers that a double cannot hold are `bigint`, so that no digit of an id is lost. */
export type JsonValue = null | boolean | number | bigint | string | JsonValue[] | JsonObject
export interface JsonObject {
  [key: string]: JsonValue
}

export interface JsonLimits {
  readonly maxDepth: number
  readonly maxNodes: number
}

export const defaultJsonLimits: JsonLimits = { maxDepth: 64, maxNodes: 100_000 }

export type JsonFault = 'encoding' | 'syntax' | 'depth' | 'nodes' | 'duplicate_key' | 'number'

export class JsonError extends Error {
  constructor(
    readonly fault: JsonFault,
    message: string,
  ) {
    super(message)
    this.name = 'JsonError'
  }
}

/**
 * Parses hostile bytes. Refuses, with a JsonError that names the fault: invalid UTF-8, bad syntax, nesting
 * and size over the limits (before anything is built), duplicate keys, numbers beyond a double's range.
 *
 * One pass over the bytes counts keys and finds long integers; the engine's own parser then does the work,
 * because it is several times faster than one written here. Fewer keys in the result than in the text
 * means that a key came twice.
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits = defaultJsonLimits): JsonValue {
  if (!isUtf8(bytes)) throw new JsonError('encoding', 'the text is not valid UTF-8')
  const found = scan(bytes, limits)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const value =
    found.longIntegers.length === 0 ? parse(text.toString('utf8')) : parseExactly(text, found.longIntegers)
  if (countKeys(value) !== found.keys) {
    throw new JsonError('duplicate_key', 'an object has the same key twice')
  }
  return value
}

/** JSON text of `value`; big integers in digits. The one way to serialize, because JSON.stringify refuses bigint. */
export function stringifyJson(value: JsonValue, indent?: number): string {
  let mark = ''
  const text = JSON.stringify(
    value,
    (_key, item: unknown) => {
      if (typeof item !== 'bigint') return item
      if (mark === '') mark = `\u0000${randomBytes(9).toString('base64')}:`
      return mark + item.toString()
    },
    indent,
  )
  if (mark === '') return text
  const quoted = JSON.stringify(mark).slice(0, -1)
  return text.replaceAll(new RegExp(`${quoted.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}(-?\\d+)"`, 'g'), '$1')
}

interface Scan {
  keys: number
  longIntegers: [start: number, end: number][]
}

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const comma = 0x2c
const minus = 0x2d
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

function scan(bytes: Uint8Array, { maxDepth, maxNodes }: JsonLimits): Scan {
  const found: Scan = { keys: 0, longIntegers: [] }
  const end = bytes.length
  let depth = 0
  let nodes = 1
  let at = 0
  while (at < end) {
    const byte = bytes[at]
    if (byte === quote) {
      at = stringEnd(bytes, at + 1)
      continue
    }
    if (byte === colon) found.keys++
    else if (byte === openBrace || byte === openBracket) {
      if (++depth > maxDepth) throw new JsonError('depth', `nested deeper than ${maxDepth} levels`)
      if (++nodes > maxNodes) throw new JsonError('nodes', `more than ${maxNodes} values`)
    } else if (byte === closeBrace || byte === closeBracket) depth--
    else if (byte === comma) {
      if (++nodes > maxNodes) throw new JsonError('nodes', `more than ${maxNodes} values`)
    } else if (byte === minus || isDigit(byte)) {
      const start = at
      do at++
      while (isDigit(bytes[at]))
      const next = bytes[at]
      const isInteger = next !== 0x2e && next !== 0x65 && next !== 0x45
      if (isInteger && at - start > 15) found.longIntegers.push([start, at])
      while (isNumberPart(bytes[at])) at++
      continue
    }
    at++
  }
  return found
}

/** The index after the closing quote of the string whose content starts at `at`. */
function stringEnd(bytes: Uint8Array, at: number): number {
  let index = at
  for (;;) {
    const byte = bytes[index]
    if (byte === undefined) return index
    if (byte === backslash) index += 2
    else if (byte === quote) return index + 1
    else index++
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}

function isNumberPart(byte: number | undefined): boolean {
  return isDigit(byte) || byte === 0x2e || byte === 0x65 || byte === 0x45 || byte === 0x2b || byte === minus
}

function parse(text: string, reviver?: (key: string, value: unknown) => unknown): JsonValue {
  try {
    return JSON.parse(text, reviver) as JsonValue
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new JsonError('syntax', 'the text is not JSON')
  }
}

/**
 * Puts every long integer in quotes behind a mark that no sender can guess, and turns the marked strings
 * into exact integers while parsing.
 */
function parseExactly(bytes: Buffer, longIntegers: readonly [number, number][]): JsonValue {
  const mark = randomBytes(12).toString('hex')
  const pieces: string[] = []
  let from = 0
  for (const [start, end] of longIntegers) {
    pieces.push(bytes.toString('utf8', from, start), `"${mark}${bytes.toString('latin1', start, end)}"`)
    from = end
  }
  pieces.push(bytes.toString('utf8', from))
  return parse(pieces.join(''), (key, value) => {
    // A number where a key belongs became a string, which may stand there.
    if (key.startsWith(mark)) throw new JsonError('syntax', 'the text is not JSON')
    if (typeof value !== 'string' || !value.startsWith(mark)) return value
    const digits = value.slice(mark.length)
    if (!/^-?(0|[1-9]\d*)$/.test(digits)) throw new JsonError('syntax', 'the text is not JSON')
    const nearest = Number(digits)
    // Before BigInt, whose time grows faster than the digits: 2 s for five million of them.
    if (!Number.isFinite(nearest)) throw new JsonError('number', 'a number is too large')
    return Number.isSafeInteger(nearest) ? nearest : BigInt(digits)
  })
}

function countKeys(value: JsonValue): number {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new JsonError('number', 'a number is too large')
  }
  if (value === null || typeof value !== 'object') return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) count += countKeys(item)
    return count
  }
  const keys = Object.keys(value)
  count = keys.length
  for (const key of keys) count += countKeys(value[key] ?? null)
  return count
}
