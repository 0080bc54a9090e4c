import type { JsonValue } from './json.js'

type Part = { key: string } | { index: number } | { each: true }

/** A plain dotted path with `[]` (every item) and `[n]`: `data.object.charge`, `jobs[].name`, `pages[0].id`. */
export interface Path {
  readonly source: string
  readonly parts: readonly Part[]
}

const partPattern = /^([^.[\]]+)|^\[(\d*)\]/

/** Throws an Error that says where the path is wrong. The empty path is the whole value. */
export function compilePath(source: string): Path {
  const parts: Part[] = []
  let rest = source
  while (rest !== '') {
    const found = partPattern.exec(rest)
    if (!found) throw new Error(`"${source}" is not a path: expected a name or [] at "${rest}"`)
    if (found[1] !== undefined) parts.push({ key: found[1] })
    else if (found[2] === '') parts.push({ each: true })
    else parts.push({ index: Number(found[2]) })
    rest = rest.slice(found[0].length)
    if (rest.startsWith('.')) {
      rest = rest.slice(1)
      if (rest === '' || rest.startsWith('['))
        throw new Error(`"${source}" is not a path: it has an empty name`)
    } else if (rest !== '' && !rest.startsWith('[')) {
      throw new Error(`"${source}" is not a path: expected a dot or [] at "${rest}"`)
    }
  }
  return { source, parts }
}

/**
 * The value at `path`, or undefined. Reads own properties only, so that `__proto__` and `constructor` are
 * ordinary names. `[]` yields a list of what the rest of the path finds in each item, missing ones left out.
 */
export function valueAt(value: JsonValue | undefined, path: Path): JsonValue | undefined {
  return descend(value, path.parts, 0)
}

function descend(value: JsonValue | undefined, parts: readonly Part[], at: number): JsonValue | undefined {
  const part = parts[at]
  if (part === undefined || value === undefined) return value
  if ('key' in part) {
    if (
      value === null ||
      typeof value !== 'object' ||
      Array.isArray(value) ||
      !Object.hasOwn(value, part.key)
    ) {
      return undefined
    }
    return descend(value[part.key], parts, at + 1)
  }
  if (!Array.isArray(value)) return undefined
  if ('index' in part) return descend(value[part.index], parts, at + 1)
  const found: JsonValue[] = []
  for (const item of value) {
    const inner = descend(item, parts, at + 1)
    if (inner !== undefined) found.push(inner)
  }
  return found
}

/** The value as the text a sender wrote: strings as they are, numbers in digits, booleans. Else undefined. */
export function scalarText(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value)
  return undefined
}
