import { z } from 'zod'
import type { Ids } from '../../domain/event.js'
import type { JsonValue } from '../../util/json.js'
import { compilePath, type Path, scalarText, valueAt } from '../../util/path.js'
import { compilePattern, type Pattern } from '../../util/pattern.js'

/** Where an id stands and what it looks like. */
export interface IdRule {
  readonly name: string
  /** The first of these whose value fits the pattern gives the id. */
  readonly paths: readonly Path[]
  readonly pattern: Pattern
}

const patterns = new Map<string, Pattern>()

function sharedPattern(source: string): Pattern {
  const known = patterns.get(source)
  if (known) return known
  const compiled = compilePattern(source)
  patterns.set(source, compiled)
  return compiled
}

/** Rules of a built-in kind: `{ charge: [pattern, path, path, …] }`. */
export function idRules(
  table: Readonly<Record<string, readonly [pattern: string, ...paths: string[]]>>,
): IdRule[] {
  return Object.entries(table).map(([name, [pattern, ...paths]]) => {
    // Compiled when it is first needed: of all kinds only a few are configured.
    let compiled: Pattern | undefined
    return {
      name,
      paths: paths.map(compilePath),
      get pattern() {
        compiled ??= sharedPattern(pattern)
        return compiled
      },
    }
  })
}

/**
 * The ids that `data` has. A value that is no scalar or does not match its whole pattern is no id: it is
 * left out, and a tool that needs it cannot be called. Read from the number's digits, so 2^53 + 1 stays itself.
 */
export function readIds(rules: readonly IdRule[], data: JsonValue): Ids {
  const found: Record<string, string> = {}
  for (const { name, paths, pattern } of rules) {
    for (const path of paths) {
      const text = scalarText(valueAt(data, path))
      if (text === undefined || text.length > 256 || !pattern.matches(text)) continue
      found[name] = text
      break
    }
  }
  return found
}

const idName = /^[a-z][a-z0-9_]{0,63}$/

/** What a user declares: `ids: { order: "order.id ~ ^ord_[a-z0-9]+$" }`. */
export const idsField = z
  .record(z.string(), z.string())
  .default({})
  .describe(
    'Ids by name: "path ~ pattern" (RE2, matched whole). Only values that the sender’s system assigns.',
  )
  .transform((table, context): IdRule[] => {
    const rules: IdRule[] = []
    for (const [name, text] of Object.entries(table)) {
      try {
        rules.push(parseIdRule(name, text))
      } catch (cause) {
        const message = cause instanceof Error ? cause.message : String(cause)
        context.addIssue({ code: 'custom', path: [name], message })
      }
    }
    return rules
  })

function parseIdRule(name: string, text: string): IdRule {
  if (!idName.test(name)) throw new Error(`"${name}" is not the name of an id: use a-z, 0-9 and _`)
  const at = text.indexOf('~')
  const path = (at < 0 ? text : text.slice(0, at)).trim()
  const pattern = at < 0 ? '' : text.slice(at + 1).trim()
  if (path === '' || pattern === '') {
    throw new Error(`"${text}" has no pattern: write "path ~ pattern", as in "order.id ~ ^ord_[a-z0-9]+$"`)
  }
  return { name, paths: [compilePath(path)], pattern: sharedPattern(pattern) }
}

/** The built-in rules, with the user's instead where the names are the same. */
export function mergeIdRules(builtIn: readonly IdRule[], declared: readonly IdRule[]): IdRule[] {
  const names = new Set(declared.map((rule) => rule.name))
  return [...builtIn.filter((rule) => !names.has(rule.name)), ...declared]
}

export function ruleNames(...lists: (readonly IdRule[])[]): string[] {
  return [...new Set(lists.flat().map((rule) => rule.name))]
}
