import { isUtf8 } from 'node:buffer'
import type { JsonObject } from '../../util/json.js'
import { malformed } from './verified.js'

const mostFields = 1000
const ampersand = 0x26
const equals = 0x3d
const plus = 0x2b
const percent = 0x25

/**
 * The fields of an `application/x-www-form-urlencoded` body, values as bytes: a decoder that makes text of
 * them would put U+FFFD where the sender's UTF-8 is broken, and hide it. Throws AppError
 * `delivery.malformed` for bad escapes, a field that comes twice, and too many fields.
 */
export function parseForm(body: Uint8Array): ReadonlyMap<string, Buffer> {
  const fields = new Map<string, Buffer>()
  for (const [name, value] of formPairs(body)) {
    if (fields.has(name)) throw malformed('the form has the same field twice')
    fields.set(name, value)
  }
  return fields
}

/** The same for senders that repeat a name: every field in the order in which it came. */
export function formPairs(body: Uint8Array): (readonly [name: string, value: Buffer])[] {
  const pairs: (readonly [string, Buffer])[] = []
  let start = 0
  while (start < body.length) {
    const found = body.indexOf(ampersand, start)
    const end = found < 0 ? body.length : found
    if (end > start) pairs.push(readPair(body.subarray(start, end)))
    if (pairs.length > mostFields) throw malformed(`the form has more than ${mostFields} fields`)
    start = end + 1
  }
  return pairs
}

/** The fields as texts; a name that comes several times has a list. Throws AppError `delivery.malformed`. */
export function formTexts(pairs: Iterable<readonly [name: string, value: Buffer]>): JsonObject {
  const texts: JsonObject = Object.create(null)
  for (const [name, value] of pairs) {
    const text = utf8(value)
    const before = texts[name]
    if (before === undefined) texts[name] = text
    else if (Array.isArray(before)) before.push(text)
    else texts[name] = [before, text]
  }
  return texts
}

function utf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw malformed('a field of the form is not valid UTF-8')
  return Buffer.from(bytes).toString('utf8')
}

/** Name and value of each field in order of the names' bytes, with nothing between them. */
export function sortedForm(body: Uint8Array): Buffer {
  const fields = [...parseForm(body)].map(([name, value]) => [Buffer.from(name, 'latin1'), value] as const)
  fields.sort(([left], [right]) => Buffer.compare(left, right))
  return Buffer.concat(fields.flat())
}

function readPair(pair: Uint8Array): readonly [name: string, value: Buffer] {
  const at = pair.indexOf(equals)
  const name = decodeEscapes(at < 0 ? pair : pair.subarray(0, at)).toString('latin1')
  return [name, at < 0 ? Buffer.alloc(0) : decodeEscapes(pair.subarray(at + 1))]
}

function decodeEscapes(bytes: Uint8Array): Buffer {
  const decoded = Buffer.alloc(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte !== percent) {
      decoded[length++] = byte === plus ? 0x20 : byte
      continue
    }
    const digits = Buffer.from(bytes.subarray(at + 1, at + 3)).toString('latin1')
    if (!/^[0-9A-Fa-f]{2}$/.test(digits)) throw malformed('the form has a bad % escape')
    decoded[length++] = Number.parseInt(digits, 16)
    at += 2
  }
  return decoded.subarray(0, length)
}

/** A form with one field, as a sender writes it. */
export function formBody(name: string, value: Uint8Array): Buffer {
  let escaped = ''
  for (const byte of value) {
    const character = String.fromCharCode(byte)
    escaped += /[A-Za-z0-9*._-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return Buffer.from(`${name}=${escaped}`, 'latin1')
}
