/** The text that a sender signs: literals and what stands in the delivery. */
export type MessagePart =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'body' }
  | { readonly kind: 'timestamp' }
  | { readonly kind: 'id' }
  | { readonly kind: 'header'; readonly name: string }

export interface MessageTemplate {
  readonly source: string
  readonly parts: readonly MessagePart[]
}

/**
 * `{timestamp}.{body}`: literals, `{body}`, `{timestamp}`, `{id}` and `{header:x-name}`. Throws an Error that
 * says what is wrong: a text that is not one of them, or a body that is not signed exactly once.
 */
export function compileMessage(source: string): MessageTemplate {
  const parts: MessagePart[] = []
  let at = 0
  for (const found of source.matchAll(/\{([^{}]*)\}/g)) {
    if (found.index > at) parts.push({ kind: 'literal', text: source.slice(at, found.index) })
    parts.push(placeholder(found[1] ?? '', source))
    at = found.index + found[0].length
  }
  if (at < source.length) parts.push({ kind: 'literal', text: source.slice(at) })
  const bodies = parts.filter((part) => part.kind === 'body').length
  if (bodies !== 1)
    throw new Error(`"${source}" must have {body} exactly once: what is not signed is not known`)
  return { source, parts }
}

function placeholder(name: string, source: string): MessagePart {
  if (name === 'body' || name === 'timestamp' || name === 'id') return { kind: name }
  const header = /^header:([A-Za-z0-9-]{1,100})$/.exec(name)?.[1]
  if (header !== undefined) return { kind: 'header', name: header.toLowerCase() }
  throw new Error(`"{${name}}" in "${source}" is not one of {body} {timestamp} {id} {header:x-name}`)
}

export interface MessageValues {
  readonly body: Uint8Array
  readonly timestamp: string
  readonly id: string
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
      return values.body
    case 'timestamp':
      return Buffer.from(values.timestamp, 'latin1')
    case 'id':
      return Buffer.from(values.id, 'latin1')
    case 'header':
      return Buffer.from(values.header(part.name), 'latin1')
  }
}

export function uses(template: MessageTemplate, kind: MessagePart['kind']): boolean {
  return template.parts.some((part) => part.kind === kind)
}
