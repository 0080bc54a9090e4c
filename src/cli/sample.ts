import { withValueAt } from '../sources/engine/fresh-sample.js'
import type { JsonValue } from '../util/json.js'
import { compilePath, type Path } from '../util/path.js'
import { usageError } from './command.js'

/** `a.b=1`: a path and what to put there. */
export interface Setting {
  readonly path: Path
  readonly value: JsonValue
}

/** `path=value`; the value is JSON where it is JSON, else text. Throws a usage error. */
export function parseSetting(text: string): Setting {
  const at = text.indexOf('=')
  if (at <= 0) throw usageError(`--set "${text}" is not path=value`)
  let path: Path
  try {
    path = compilePath(text.slice(0, at))
  } catch (cause) {
    throw usageError(`--set ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  if (path.parts.some((part) => 'each' in part))
    throw usageError(`--set "${path.source}" has [], which is no one place`)
  return { path, value: jsonOrText(text.slice(at + 1)) }
}

function jsonOrText(text: string): JsonValue {
  try {
    const value: JsonValue = JSON.parse(text)
    // A number that would lose digits is an id that was meant as it is written.
    return typeof value === 'number' && String(value) !== text ? text : value
  } catch {
    return text
  }
}

/** The body with one place changed; objects on the way that are not there are made. Throws a usage error. */
export function withSetting(body: JsonValue, { path, value }: Setting): JsonValue {
  try {
    return withValueAt(body, path, value)
  } catch (cause) {
    throw usageError(`--set "${path.source}": ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}
