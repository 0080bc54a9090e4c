import type { Delivery, VerifiedDelivery } from '../../domain/delivery.js'
import type { Ids } from '../../domain/event.js'
import type { JsonObject, JsonValue } from '../../util/json.js'
import { compilePath, type Path, scalarText, valueAt } from '../../util/path.js'
import { plainHeader } from './headers.js'
import { isObject } from './verified.js'

/** What the attributes of an event are read from: a verified delivery, and of a batch one item. */
export interface Reading {
  /** The event's content: the body, or the item. */
  readonly data: JsonValue
  /** The whole body. */
  readonly body: JsonValue
  readonly delivery: Delivery
  readonly verified: VerifiedDelivery
  /** Filled before type, subject and time are read. */
  readonly ids: Ids
  /** The number, text or boolean at a path of `data`, as text; undefined for anything else and for ''. */
  text(path: string): string | undefined
  /** The same of the whole body. */
  bodyText(path: string): string | undefined
  /** A header that came exactly once and is not empty. It is signed only where the scheme says so. */
  header(name: string): string | undefined
  object(path: string): JsonObject | undefined
}

const compiled = new Map<string, Path>()
/** Kinds name a few hundred paths, all of them in their code. */
const mostPaths = 5000

function pathOf(source: string): Path {
  const known = compiled.get(source)
  if (known) return known
  const path = compilePath(source)
  if (compiled.size < mostPaths) compiled.set(source, path)
  return path
}

/** Longer ones are no name of anything. */
const longest = 500

function textAt(value: JsonValue, path: string): string | undefined {
  const text = scalarText(valueAt(value, pathOf(path)))
  return text === '' || (text !== undefined && text.length > longest) ? undefined : text
}

export function readingOf(
  verified: VerifiedDelivery,
  { data, body, ids }: { readonly data: JsonValue; readonly body: JsonValue; readonly ids: Ids },
): Reading {
  const { delivery } = verified
  return {
    data,
    body,
    delivery,
    verified,
    ids,
    text: (path) => textAt(data, path),
    bodyText: (path) => textAt(body, path),
    header: (name) => {
      const value = plainHeader(delivery, name)
      return value === '' || (value !== undefined && value.length > longest) ? undefined : value
    },
    object: (path) => {
      const value = valueAt(data, pathOf(path))
      return isObject(value) ? value : undefined
    },
  }
}

/** The first of the paths at which there is a text, a number or a boolean. */
export function firstText(...paths: readonly string[]): (reading: Reading) => string | undefined {
  return ({ text }) => {
    for (const path of paths) {
      const found = text(path)
      if (found !== undefined) return found
    }
    return undefined
  }
}

/** The parts with `separator` between them, or undefined where one is missing. */
export function joined(separator: string, ...parts: readonly (string | undefined)[]): string | undefined {
  return parts.every((part) => part !== undefined) ? parts.join(separator) : undefined
}
