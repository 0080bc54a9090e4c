import type { JsonValue } from '../../util/json.js'

/** A value that holds no others, with the way to it: `items.0.price`. */
export type Leaf = readonly [path: string, value: string | number | bigint | boolean | null]

/** The first `most` of a value, in order; `isWhole` where there are no more. Empty objects and lists have none. */
export function leavesOf(value: JsonValue, most: number): { leaves: Leaf[]; isWhole: boolean } {
  const leaves: Leaf[] = []
  const walk = (inner: JsonValue, path: string): boolean => {
    if (inner === null || typeof inner !== 'object') {
      if (leaves.length === most) return false
      leaves.push([path, inner])
      return true
    }
    return Object.entries(inner).every(([name, one]) => walk(one, path === '' ? name : `${path}.${name}`))
  }
  const isWhole = walk(value, '')
  return { leaves, isWhole }
}

/** Texts that somebody wrote: names, ids and numbers persuade nobody, and are left out. */
export function wordsIn(value: JsonValue, most: number): { words: [string, string][]; isWhole: boolean } {
  const { leaves, isWhole } = leavesOf(value, mostLookedAt)
  const words = leaves.flatMap(([path, text]): [string, string][] =>
    typeof text === 'string' && /\S\s+\S|\P{ASCII}/u.test(text) ? [[path, text]] : [],
  )
  return { words: words.slice(0, most), isWhole: isWhole && words.length <= most }
}

const mostLookedAt = 2000
