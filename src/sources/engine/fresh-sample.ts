import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { type JsonValue, stringifyJson } from '../../util/json.js'
import { compilePath, type Path, valueAt } from '../../util/path.js'
import type { Sample, WebhookSource } from '../source.js'

/** A request as the sender would send it. */
export interface Outgoing {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly query?: string
}

/** A sample as a new occurrence, signed with the source's own secret. Throws AppError `source.cannot_sign` where only the sender can. */
export function signedSample(source: Pick<WebhookSource, 'sign'>, sample: Sample, now: number): Outgoing {
  const { body, id, padding } = freshen(sample)
  const bytes = Buffer.from(typeof body === 'string' ? body : stringifyJson(body) + padding)
  return { body: bytes, ...source.sign({ body: bytes, type: sample.type, id }, now) }
}

export interface Fresh {
  readonly body: JsonValue
  /** The sender's id for this delivery. */
  readonly id: string
  /** White space at the end of the body. */
  readonly padding: string
}

/**
 * The sample as a new occurrence: another event id where the body has one. Where it has none, other white space at
 * the end, so that the bytes differ from those of every earlier delivery and nothing that they say does.
 */
export function freshen({ body, idPath, idText }: Pick<Sample, 'body' | 'idPath' | 'idText'>): Fresh {
  if (typeof body === 'string') {
    const fresh = idText === undefined ? randomUUID() : freshText(idText)
    return { body: idText === undefined ? body : body.replaceAll(idText, fresh), id: fresh, padding: '' }
  }
  const path = idPath === undefined ? undefined : compilePath(idPath)
  const old = path && valueAt(body, path)
  if (path && (typeof old === 'string' || typeof old === 'number')) {
    const value = typeof old === 'string' ? freshText(old) : randomInt(2 ** 31, 2 ** 40)
    return { body: withValueAt(body, path, value), id: String(value), padding: '' }
  }
  return { body, id: randomUUID(), padding: whiteSpace() }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const freshLength = 16

/** Of the same form: letters for letters and digits for digits, from the last separator on. */
function freshText(old: string): string {
  if (uuid.test(old)) return randomUUID()
  const start = Math.max(old.length - freshLength, old.search(/[A-Za-z0-9]*$/))
  // A short id keeps its shape and gets longer, because few characters would soon come again.
  const tail = old.slice(start)
  return (
    old.slice(0, start) + [...tail].map(freshCharacter).join('') + (tail.length < 8 ? fewCharacters() : '')
  )
}

function freshCharacter(old: string): string {
  if (/\d/.test(old)) return String(randomInt(10))
  const first = old >= 'a' ? 97 : 65
  return String.fromCharCode(first + randomInt(26))
}

function fewCharacters(): string {
  return Array.from({ length: 8 }, () => freshCharacter('A')).join('')
}

function whiteSpace(): string {
  return [...randomBytes(5)]
    .flatMap((byte) => [...byte.toString(2).padStart(8, '0')])
    .map((bit) => (bit === '0' ? ' ' : '\t'))
    .join('')
}

/** The body with `value` at one place; objects on the way that are not there are made. Throws an Error that says why not. */
export function withValueAt(body: JsonValue, path: Path, value: JsonValue): JsonValue {
  const place = (at: number, current: JsonValue | undefined): JsonValue => {
    const part = path.parts[at]
    if (part === undefined) return value
    if ('key' in part) {
      if (
        current !== undefined &&
        current !== null &&
        (typeof current !== 'object' || Array.isArray(current))
      ) {
        throw new Error(`there is no object to hold "${part.key}"`)
      }
      const before = current ?? {}
      const inner = Object.hasOwn(before, part.key) ? before[part.key] : undefined
      return Object.fromEntries([...Object.entries(before), [part.key, place(at + 1, inner)]])
    }
    if (!('index' in part) || !Array.isArray(current) || part.index > current.length) {
      throw new Error('there is no list with that position')
    }
    const items = [...current]
    items[part.index] = place(at + 1, current[part.index])
    return items
  }
  return place(0, body)
}
