import type { JsonObject, JsonValue } from '../util/json.js'
import { formatTime, type TimeFormat } from './engine/time.js'

/** A JSON body as the file declares it; texts in it may have substitutions. */
export type BodyTree = string | number | boolean | null | BodyTree[] | { [key: string]: BodyTree }

/** What a polled request may be filled with; undefined when there is none yet. Numbers are times. */
export interface Substitutions {
  readonly since: string | number | undefined
  readonly until: number
  readonly token: string | undefined
  readonly page: string
  readonly offset: string
}

const formats = ['iso', 'epoch', 'epoch_ms', 'date']
const names = ['since', 'until', 'token', 'page', 'offset']
const pattern = /\{([a-z_]+)(?:\|([a-z_]*))?\}/g

/** The text with its substitutions made, or undefined when one of them has no value yet: then the entry is left out. */
export function fillText(text: string, values: Substitutions, format: TimeFormat): string | undefined {
  let isComplete = true
  const filled = text.replaceAll(pattern, (whole, name: string, asked: string | undefined) => {
    if (!names.includes(name)) return whole
    const value = values[name as keyof Substitutions]
    if (value === undefined) isComplete = false
    return typeof value === 'number' ? formatTime(value, (asked as TimeFormat) ?? format) : (value ?? '')
  })
  return isComplete ? filled : undefined
}

/** The same in every text of a body. */
export function fillTree(tree: BodyTree, values: Substitutions, format: TimeFormat): JsonValue | undefined {
  if (typeof tree === 'string') return fillText(tree, values, format)
  if (tree === null || typeof tree !== 'object') return tree
  if (Array.isArray(tree)) {
    return tree.map((item) => fillTree(item, values, format)).filter((item) => item !== undefined)
  }
  const filled: JsonObject = {}
  for (const [key, item] of Object.entries(tree)) {
    const value = fillTree(item, values, format)
    if (value !== undefined) filled[key] = value
  }
  return filled
}

/** What is wrong with the substitutions in these texts, in sentences. */
export function substitutionFaults(texts: readonly string[]): string[] {
  const faults: string[] = []
  for (const text of texts) {
    for (const [whole, name = '', format] of text.matchAll(pattern)) {
      if (!names.includes(name)) {
        faults.push(`"${whole}" is not a substitution; there are ${names.map((one) => `{${one}}`).join(' ')}`)
      } else if (format !== undefined && !formats.includes(format)) {
        faults.push(`"${whole}" has no known format; there are ${formats.join(', ')}`)
      }
    }
  }
  return faults
}

/** Whether any text of a request uses `{name}`. */
export function usesSubstitution(name: string, ...trees: (BodyTree | undefined)[]): boolean {
  const text = JSON.stringify(trees)
  return text.includes(`{${name}}`) || text.includes(`{${name}|`)
}
