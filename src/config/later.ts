import type { Path } from './document.js'

/** What the design names and this version does not do. Refused with a sentence, so that nobody believes it works. */
const keys: readonly (readonly [pattern: string, what: string])[] = [
  ['models.*.fallback', 'a fallback model'],
  ['tools.*.refresh', 'refreshed results'],
  ['tools.*.cache', 'cached results'],
  ['tools.*.args.*.label', 'labels on arguments'],
  ['tools.*.openapi', 'tools from an OpenAPI document'],
  ['tools.*.mcp', 'tools from an MCP server'],
  ['tools.*.kind', 'other kinds of tools than HTTP'],
  ['agents.*.label', 'labels'],
  ['agents.*.audience', 'audiences'],
  ['agents.*.memory', 'memory between runs'],
  ['credentials.*.oauth2', 'OAuth 2 credentials'],
  ['credentials.*.jwt', 'JWT credentials'],
  ['credentials.*.aws', 'AWS credentials'],
  ['credentials.*.query', 'a credential in the query of a URL'],
  ['sources.*.reconcile', 'reconciliation'],
  ['keep', 'one for all sources; each has its own'],
  ['metrics', 'nothing to set: the admin listener has them'],
  ['backup', 'backups by the daemon'],
]

const values: readonly (readonly [pattern: string, value: RegExp, instead: string])[] = [
  ['store', /^postgres(ql)?:/, '"sqlite:./data/rouse.db"'],
]

/** The sentence for a key whose feature comes later, or undefined. */
export function laterKey(path: Path): string | undefined {
  const what = keys.find(([pattern]) => fits(pattern, path))?.[1]
  return what === undefined ? undefined : `"${path.at(-1)}" is not part of this version (${what}); remove it`
}

/** The sentence for a value whose feature comes later, or undefined. Of a URL only its scheme is shown. */
export function laterValue(path: Path, value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  for (const [pattern, wanted, instead] of values) {
    const found = fits(pattern, path) ? wanted.exec(value) : null
    if (found) return `"${found[0]}" is not part of this version; write ${instead}`
  }
  return undefined
}

function fits(pattern: string, path: Path): boolean {
  const keys = pattern.split('.')
  return keys.length === path.length && keys.every((key, index) => key === '*' || key === String(path[index]))
}
