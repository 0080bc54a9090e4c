import { z } from 'zod'
import type { SourceSchema, SourceSettings } from './config.js'
import { attempt, type LoadContext, loadSection, parseEntry, type Section, scalarAt } from './context.js'
import type { Path } from './document.js'
import { choice, valueAtPath } from './issues.js'
import { sourceSchema } from './schema.js'
import { labelSchema } from './schema-tool.js'
import { isSecretPath, namesSecret, secretFault } from './secrets.js'
import { didYouMean, sentences } from './suggest.js'
import { parseToolUrl, type ToolUrl } from './urls.js'

/** The receiver's side of a shared secret: shorter ones can be guessed. */
const minSecretBytes = 16

export function loadSources(kinds: readonly SourceSchema[], context: LoadContext): Section<SourceSettings> {
  const { document, problems } = context
  const schemas = new Map<string, z.ZodObject>()
  return loadSection('sources', context, (name, path) => {
    const value = valueAtPath(document.value, path)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      problems.add(path, `expected a mapping with a kind, found ${problems.shown(path, value)}`)
      return undefined
    }
    const kindPath = [...path, 'kind']
    const wanted = valueAtPath(value, ['kind'])
    const names = kinds.map((kind) => kind.kind)
    const kind = kinds.find((known) => known.kind === wanted)
    if (kind === undefined) {
      if (wanted === undefined) problems.add(kindPath, `missing: expected ${choice(names)}`)
      else {
        const guess = typeof wanted === 'string' ? didYouMean(wanted, names) : ''
        const message = `expected ${choice(names)}, found ${problems.shown(kindPath, wanted)}`
        problems.add(kindPath, sentences(message, guess))
      }
      return undefined
    }
    const schema = schemas.get(kind.kind) ?? sourceSchema(kind)
    schemas.set(kind.kind, schema)
    const entry = parseEntry(schema, path, context)
    checkSecrets(value, path, context)
    if (entry === undefined) return undefined
    const { kind: _, keep, label, self, ...options } = entry
    const idNames = attempt(path, problems, () => kind.idNames(options))
    const common = {
      keepMs: typeof keep === 'number' ? keep : undefined,
      label: labelSchema.optional().parse(label),
      self: z.array(z.string()).parse(self),
    }
    return idNames && { name, kind: kind.kind, options, idNames, ...common }
  })
}

/** What every secret of a source must be, whatever its kind checks. Nothing is said twice. */
function checkSecrets(value: unknown, path: Path, { problems }: LoadContext): void {
  eachText(value, path, (text, at) => {
    const isSecret = at.some((key) => key === 'secret' || key === 'secrets')
    if (!isSecretPath(at) || !isSecret || problems.hasAt(at) || problems.hasAt(at.slice(0, -1))) return
    const fault = secretFault(text, { minBytes: minSecretBytes })
    if (fault !== undefined) problems.add(at, fault)
  })
}

/** The secrets of all sources: what stands under a key that says so, and what came from a file or a variable that does. */
export function sourceSecrets({ document }: LoadContext): string[] {
  const found = new Set<string>()
  eachText(valueAtPath(document.value, ['sources']), ['sources'], (text, at) => {
    const inserted = scalarAt(document, at)?.inserted ?? []
    // A short literal under `token` is more likely the name of a field than a secret.
    if (isSecretPath(at) && (inserted.length > 0 || text.length >= minSecretBytes)) found.add(text)
    for (const { value, variable } of inserted) {
      if (variable === undefined || namesSecret(variable)) found.add(value)
    }
  })
  return [...found]
}

/** Calls `visit` with every text under `value` and where it stands. */
export function eachText(value: unknown, path: Path, visit: (text: string, path: Path) => void): void {
  if (typeof value === 'string') visit(value, path)
  else if (Array.isArray(value)) {
    value.forEach((item: unknown, index) => {
      eachText(item, [...path, index], visit)
    })
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) eachText(item, [...path, key], visit)
  }
}

export interface SourceRequest {
  readonly path: Path
  readonly credential: string | undefined
  readonly origin: string | undefined
}

/** The requests that sources make themselves. Says where one would go out in the clear, or to a private network unasked. */
export function sourceRequests({ document, problems }: LoadContext): SourceRequest[] {
  const sources = valueAtPath(document.value, ['sources'])
  if (typeof sources !== 'object' || sources === null) return []
  return Object.keys(sources).flatMap((name) => {
    const path = ['sources', name, 'request']
    const at = (key: string) => valueAtPath(document.value, [...path, key])
    const method = ['get', 'post'].find((key) => typeof at(key) === 'string')
    if (method === undefined) return []
    const credential = at('credential')
    const url = urlOf(at(method))
    const isPrivate = at('private') === true
    if (url && url.reach !== 'public' && !isPrivate) {
      problems.add(
        [...path, method],
        `${url.origin} is not a public address; if that is meant, add "private: true"`,
      )
    } else if (url && !url.isHttps && !isPrivate) {
      problems.add([...path, method], 'expected https: http is for private networks, with "private: true"')
    }
    return [
      { path, credential: typeof credential === 'string' ? credential : undefined, origin: url?.origin },
    ]
  })
}

/** Undefined for what is no URL: the kind itself says what is wrong with it. */
function urlOf(text: unknown): ToolUrl | undefined {
  try {
    return typeof text === 'string' ? parseToolUrl(text.replace(/[?#].*$/, '')) : undefined
  } catch {
    return undefined
  }
}
