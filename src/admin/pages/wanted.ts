import { parseDuration } from '../../util/duration.js'

/** What a person looks for, as it stands in the query string and in the field that understands `source:ci rate limit`. */

/** Longer ones are cut: nobody types them. */
const mostTyped = 500

export interface Words {
  /** `name:value` for the names that are known, the last of each. */
  readonly fields: ReadonlyMap<string, string>
  /** What is no field, in order; empty where there is none. */
  readonly text: string
}

/** Quotes hold words together, `subject:"a b"`. A name that is not known is a part of the text. */
export function readWords(typed: string, names: readonly string[]): Words {
  const fields = new Map<string, string>()
  const text: string[] = []
  for (const [whole, name, quoted, bare] of typed
    .slice(0, mostTyped)
    .matchAll(/(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/g)) {
    const value = quoted ?? bare ?? ''
    if (name === undefined && whole.endsWith(':') && names.includes(whole.slice(0, -1))) continue
    if (name === undefined || !names.includes(name)) text.push(quoted === undefined ? whole : quoted)
    else if (value !== '') fields.set(name, value)
  }
  return { fields, text: text.join(' ').trim() }
}

/**
 * Ways to ask for what was given: from the fields of the form first, then from the typed words. `problems` says what
 * of all that was asked for so far is not understood.
 */
export function wantedOf(query: URLSearchParams, names: readonly string[], now: number) {
  const { fields, text } = readWords(query.get('q') ?? '', names)
  const given = (name: string): string | undefined => {
    const field = query.get(name)?.slice(0, mostTyped).trim()
    return field ? field : fields.get(name)
  }
  const problems: string[] = []
  const oneOf = <T extends string>(name: string, values: readonly T[]): T | undefined => {
    const value = given(name)
    const found = values.find((one) => one === value)
    if (value !== undefined && found === undefined) {
      problems.push(`${name}:${value} is not understood; it is one of ${values.join(', ')}`)
    }
    return found
  }
  const time = (name: string): number | undefined => {
    const typed = given(name)
    const at = typed === undefined ? undefined : timeOf(typed, now)
    if (typed !== undefined && at === undefined) {
      problems.push(`${name}:${typed} is not understood; write 2h, 7d, or 2026-11-21T07:00:00Z`)
    }
    return at
  }
  return { given, oneOf, time, text, problems }
}

/** `2h` ago, or an ISO 8601 time; undefined where it is neither. */
export function timeOf(typed: string, now: number): number | undefined {
  const ago = parseDuration(typed)
  if (ago !== undefined) return Math.max(0, now - ago)
  if (!/^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/.test(typed)) return undefined
  const at = Date.parse(/[Z+]|-\d\d:\d\d$/.test(typed.slice(10)) || typed.length === 10 ? typed : `${typed}Z`)
  return Number.isNaN(at) ? undefined : at
}

/** The same page with other parameters; those that are undefined are left out. */
export function hrefOf(
  path: string,
  query: URLSearchParams,
  changes: Readonly<Record<string, string | undefined>>,
): string {
  const next = new URLSearchParams()
  for (const [name, value] of query) {
    if (value !== '' && !Object.hasOwn(changes, name)) next.append(name, value.slice(0, mostTyped))
  }
  for (const [name, value] of Object.entries(changes)) if (value !== undefined) next.append(name, value)
  const text = next.toString()
  return text === '' ? path : `${path}?${text}`
}
