import type { z } from 'zod'
import { type ConfigDocument, type Path, type Place, placeKey } from './document.js'
import { parseAt, valueAtPath } from './issues.js'
import type { Problems } from './problems.js'
import { nameSchema } from './schema.js'

/** What every part of the loader works with. */
export interface LoadContext {
  readonly document: ConfigDocument
  readonly problems: Problems
}

/** What the entries of a section became. An entry that did not load is named and has no value. */
export interface Section<Value> {
  readonly names: readonly string[]
  readonly loaded: ReadonlyMap<string, Value>
}

/** Parses what stands at `path`; see `parseAt`. */
export function parseEntry<Schema extends z.ZodType>(
  schema: Schema,
  path: Path,
  { document, problems }: LoadContext,
  independent: readonly string[] = [],
): z.output<Schema> | undefined {
  return parseAt(schema, valueAtPath(document.value, path), path, problems, {
    isInserted: (inner) => (scalarAt(document, inner)?.inserted.length ?? 0) > 0,
    independent,
  })
}

/** What was written at `path`, where `${…}` stood in it. */
export function scalarAt(document: ConfigDocument, path: Path): Place['scalar'] {
  return document.places.get(placeKey(path))?.scalar
}

/** The keys of the mapping at `path`, as they stand in the file; none where there is no mapping. */
export function keysAt(document: ConfigDocument, path: Path): string[] {
  const value = valueAtPath(document.value, path)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []
}

/** Loads each entry of a section by itself, so that a fault in one hides none in another. */
export function loadSection<Value>(
  section: string,
  context: LoadContext,
  load: (name: string, path: Path) => Value | undefined,
): Section<Value> {
  const value = valueAtPath(context.document.value, [section])
  const names = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []
  const loaded = new Map<string, Value>()
  for (const name of names) {
    const path = [section, name]
    const named = nameSchema.safeParse(name)
    if (!named.success) {
      const message = named.error.issues[0]?.message ?? 'expected a name'
      context.problems.add(path, `${message}, found ${JSON.stringify(name)}`, 'key')
    }
    const entry = load(name, path)
    if (entry !== undefined && named.success) loaded.set(name, entry)
  }
  return { names, loaded }
}

/** Runs `action`; an Error that it throws is a problem at `path`. */
export function attempt<Value>(path: Path, problems: Problems, action: () => Value): Value | undefined {
  try {
    return action()
  } catch (cause) {
    problems.add(path, cause instanceof Error ? cause.message : String(cause))
    return undefined
  }
}
