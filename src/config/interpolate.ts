import type { Environment } from '../util/env.js'

/** What `${…}` put into a scalar. */
export interface Inserted {
  /** As written, `${GITHUB_TOKEN}`: what messages show instead of the value. */
  readonly expression: string
  readonly value: string
  /** The variable, or undefined for `${file:…}`. */
  readonly variable: string | undefined
}

export interface Interpolated {
  readonly value: string
  /** The value in pieces: text as it is, and the sources of `${{ … }}`. Only these are CEL; inserted text never is. */
  readonly parts: readonly (string | { readonly expression: string })[]
  readonly inserted: readonly Inserted[]
  /** What could not be filled in. */
  readonly faults: readonly string[]
}

export interface InterpolationContext {
  readonly environment: Environment
  /** The text of a secret's file. Throws an Error whose message says what is wrong with the file. */
  readFile(path: string): Promise<string>
}

const variablePattern = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:-|:\?)([\s\S]*))?$/

/**
 * Fills in `${VAR}`, `${VAR:-default}`, `${VAR:?message}`, `${file:/path}` and `$$`. `${{ … }}` is left as it
 * is. One pass: what was inserted is not looked at again, so a value cannot bring in an expression.
 */
export async function interpolate(text: string, context: InterpolationContext): Promise<Interpolated> {
  const parts: (string | { expression: string })[] = []
  const inserted: Inserted[] = []
  const faults: string[] = []
  let value = ''
  let literal = ''
  let at = 0
  while (at < text.length) {
    const next = text.indexOf('$', at)
    if (next < 0) break
    literal += text.slice(at, next)
    if (text.startsWith('$$', next)) {
      literal += '$'
      at = next + 2
    } else if (text.startsWith('${{', next)) {
      const end = expressionEnd(text, next + 3)
      if (end < 0) {
        faults.push(`"\${{" is not closed; expected "}}"`)
        return { value: text, parts: [text], inserted, faults }
      }
      value += literal + text.slice(next, end + 2)
      if (literal !== '') parts.push(literal)
      parts.push({ expression: text.slice(next + 3, end).trim() })
      literal = ''
      at = end + 2
    } else if (text.startsWith('${', next)) {
      const end = text.indexOf('}', next)
      if (end < 0) {
        faults.push(`"\${" is not closed; expected "}", or "$$" for a dollar sign`)
        return { value: text, parts: [text], inserted, faults }
      }
      const expression = text.slice(next, end + 1)
      const filled = await fillIn(expression, context)
      if (typeof filled === 'string') faults.push(filled)
      else {
        inserted.push({ ...filled, expression })
        literal += filled.value
      }
      at = end + 1
    } else {
      literal += '$'
      at = next + 1
    }
  }
  literal += text.slice(at)
  if (literal !== '' || parts.length === 0) parts.push(literal)
  return { value: value + literal, parts, inserted, faults }
}

/** The value of one `${…}`, or what is wrong with it. */
async function fillIn(
  expression: string,
  { environment, readFile }: InterpolationContext,
): Promise<Omit<Inserted, 'expression'> | string> {
  const inner = expression.slice(2, -1)
  if (inner.startsWith('file:')) {
    try {
      return { value: await readFile(inner.slice('file:'.length)), variable: undefined }
    } catch (cause) {
      return `${expression}: ${cause instanceof Error ? cause.message : String(cause)}`
    }
  }
  const found = variablePattern.exec(inner)
  const name = found?.[1]
  if (name === undefined || found?.[3]?.includes('${')) {
    return `${expression} is not understood; expected \${VAR}, \${VAR:-default}, \${VAR:?message} or \${file:/path}, not nested; "$$" stands for a dollar sign`
  }
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined
  if (value !== undefined && value !== '') return { value, variable: name }
  if (found?.[2] === ':-') return { value: found[3] ?? '', variable: name }
  if (found?.[2] === ':?' && found[3] !== '') return `${name} is not set: ${found[3]}`
  const state = value === undefined ? 'not set' : 'empty'
  return `the environment variable ${name} is ${state}; set it, or write a default: \${${name}:-default}`
}

/** The index of the `}}` that closes an expression: braces and texts inside it are skipped. */
function expressionEnd(text: string, from: number): number {
  let depth = 0
  let quote = ''
  for (let at = from; at < text.length; at++) {
    const char = text[at] ?? ''
    if (quote !== '') {
      if (char === '\\') at++
      else if (char === quote) quote = ''
    } else if (char === '"' || char === "'") quote = char
    else if (char === '{') depth++
    else if (char === '}') {
      if (depth === 0) return text[at + 1] === '}' ? at : -1
      depth--
    }
  }
  return -1
}
