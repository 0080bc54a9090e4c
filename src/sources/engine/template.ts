import type { Delivery } from '../../domain/delivery.js'
import { VerificationError } from '../../domain/errors.js'
import { compilePath, type Path } from '../../util/path.js'
import { sortedForm } from './form.js'
import { proofText } from './places.js'

/** The text that a sender signs: literals and what stands in the delivery. */
export type MessagePart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'body' }
  | { readonly kind: 'timestamp' }
  | { readonly kind: 'id' }
  | { readonly kind: 'url' }
  | { readonly kind: 'method' }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'json'; readonly path: Path }
  | { readonly kind: 'form' }
  | { readonly kind: 'field'; readonly name: string }

export interface MessageTemplate {
  readonly source: string
  readonly parts: readonly MessagePart[]
}

export const messageParts =
  '{body} {timestamp} {id} {url} {method} {header:x-name} {json:path} {form:field} {form:sorted}'

/**
 * `{timestamp}.{body}`: literals and what `messageParts` lists. `{url}` is the configured URL, `{form:sorted}` the
 * fields of a form in order of their names, each name and its value without a separator, `{form:data}` the value of the
 * one field. Throws an Error that
 * says what is wrong: a text that is not one of them, or a body that is not signed exactly once, unless
 * `isBodyFree`, for a sender whose signature does not cover the body.
 */
export function compileMessage(
  source: string,
  { isBodyFree = false }: { readonly isBodyFree?: boolean } = {},
): MessageTemplate {
  const parts: MessagePart[] = []
  let at = 0
  for (const found of source.matchAll(/\{([^{}]*)\}/g)) {
    if (found.index > at) parts.push({ kind: 'literal', text: source.slice(at, found.index) })
    parts.push(placeholder(found[1] ?? '', source))
    at = found.index + found[0].length
  }
  if (at < source.length) parts.push({ kind: 'literal', text: source.slice(at) })
  const bodies = parts.filter(({ kind }) => kind === 'body' || kind === 'form').length
  if (bodies !== 1 && !isBodyFree)
    throw new Error(`"${source}" must have {body} exactly once: what is not signed is not known`)
  return { source, parts }
}

function placeholder(name: string, source: string): MessagePart {
  if (name === 'body' || name === 'timestamp' || name === 'id' || name === 'url' || name === 'method') {
    return { kind: name }
  }
  if (name === 'form:sorted') return { kind: 'form' }
  const header = /^header:([A-Za-z0-9-]{1,100})$/.exec(name)?.[1]
  if (header !== undefined) return { kind: 'header', name: header.toLowerCase() }
  const path = /^json:(.{1,200})$/.exec(name)?.[1]
  if (path !== undefined) return { kind: 'json', path: compilePath(path) }
  const field = /^form:(.{1,100})$/.exec(name)?.[1]
  if (field !== undefined) return { kind: 'field', name: field }
  throw new Error(`"{${name}}" in "${source}" is not one of ${messageParts}`)
}

export interface MessageValues {
  readonly delivery: Pick<Delivery, 'method' | 'url' | 'rawHeaders' | 'body'>
  readonly timestamp: string
  readonly id: string
  readonly url: string | undefined
  header(name: string): string
}

/**
 * The signed bytes, piece by piece. The body's bytes are used as they came; a header's text is the latin1
 * that Node makes of its bytes, so it goes back the same way.
 */
export function messageBytes(template: MessageTemplate, values: MessageValues): Uint8Array[] {
  return template.parts.map((part) => partBytes(part, values))
}

function partBytes(part: MessagePart, values: MessageValues): Uint8Array {
  switch (part.kind) {
    case 'literal':
      return Buffer.from(part.text, 'utf8')
    case 'body':
      return values.delivery.body
    case 'timestamp':
      return Buffer.from(values.timestamp, 'latin1')
    case 'id':
      return Buffer.from(values.id, 'latin1')
    case 'url':
      return Buffer.from(values.url ?? '', 'utf8')
    case 'method':
      return Buffer.from(values.delivery.method, 'latin1')
    case 'header':
      return Buffer.from(values.header(part.name), 'latin1')
    case 'json':
      return Buffer.from(proofText(values.delivery, { path: part.path }), 'utf8')
    case 'form':
      return formBytes(values.delivery.body)
    case 'field':
      return Buffer.from(proofText(values.delivery, { field: part.name }), 'latin1')
  }
}

function formBytes(body: Uint8Array): Buffer {
  try {
    return sortedForm(body)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new VerificationError(
      'verification.malformed_signature',
      `the signed form cannot be read: ${reason}`,
    )
  }
}

export function uses(template: MessageTemplate, kind: MessagePart['kind']): boolean {
  return template.parts.some((part) => part.kind === kind)
}
