import type { Template, TemplateTree } from '../domain/tool.js'
import type { Expression } from '../util/cel.js'
import type { Path } from './document.js'

export interface TemplateContext {
  /** The pieces of the scalar at `path`; undefined for one that has no `${…}` in it. */
  parts(path: Path): readonly (string | { readonly expression: string })[] | undefined
  /** Compiles an expression found at `path`; undefined when that was reported as a problem. */
  compile(source: string, path: Path): Expression | undefined
}

/** `value` stands at `path`. Only `${{ … }}` that stand in the file itself become expressions. */
export function compileTemplate(
  value: string | number | boolean | null,
  path: Path,
  { compile, parts: partsAt }: TemplateContext,
): Template {
  const parts = typeof value === 'string' ? partsAt(path) : undefined
  if (!parts?.some((part) => typeof part !== 'string')) {
    return { kind: 'literal', value: parts === undefined ? value : parts.join('') }
  }
  const compiled = parts.map((part) => (typeof part === 'string' ? part : compile(part.expression, path)))
  const known = compiled.filter((part) => part !== undefined)
  const [only] = known
  if (known.length === 1 && only !== undefined && typeof only !== 'string') {
    return { kind: 'expression', expression: only }
  }
  return { kind: 'text', parts: known }
}

/** Templates at the leaves of a JSON body. */
export function compileTree(value: unknown, path: Path, context: TemplateContext): TemplateTree {
  if (Array.isArray(value)) {
    return {
      kind: 'list',
      items: value.map((item: unknown, index) => compileTree(item, [...path, index], context)),
    }
  }
  if (typeof value === 'object' && value !== null) {
    return {
      kind: 'object',
      entries: Object.entries(value).map(([key, inner]: [string, unknown]) => [
        key,
        compileTree(inner, [...path, key], context),
      ]),
    }
  }
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  return compileTemplate(isScalar ? value : null, path, context)
}
