import type { JsonObject, JsonValue } from './json.js'

/**
 * XML as services write data: elements, attributes that only say a type, text. No declarations of types or entities, no
 * CDATA, no mixture of text and elements. An element becomes an object of its children, a list where it says
 * `type="array"` or where a name comes again, a text where it has none; null where it says `nil="true"`.
 */
export class XmlError extends Error {
  override name = 'XmlError'
}

const mostDepth = 64
const mostElements = 20_000
const tokens =
  /<(\/?)([A-Za-z_][\w.-]*)((?:\s+[A-Za-z_][\w:.-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y
const declaration = /^\uFEFF?\s*(?:<\?xml[^?<>]*\?>)?/

interface Element {
  readonly name: string
  readonly attributes: string
  readonly children: (readonly [name: string, value: JsonValue])[]
  text: string
}

/** The root element as `{ name: content }`. Throws XmlError. */
export function parseXml(source: string): JsonObject {
  const root: Element = { name: '', attributes: '', children: [], text: '' }
  const open: Element[] = [root]
  let at = declaration.exec(source)?.[0].length ?? 0
  let count = 0
  while (at < source.length) {
    tokens.lastIndex = at
    const found = tokens.exec(source)
    const current = open.at(-1)
    if (!found || !current) throw new XmlError('is not XML of the simple sort')
    at = tokens.lastIndex
    const [, closing, name, attributes = '', isEmpty, text] = found
    if (name === undefined) {
      current.text += unescaped(text ?? '')
    } else if (closing) {
      if (current.name !== name || attributes !== '' || isEmpty)
        throw new XmlError('has a tag that closes another')
      open.pop()
      open.at(-1)?.children.push([name, contentOf(current)])
    } else {
      if (++count > mostElements) throw new XmlError(`has more than ${mostElements} elements`)
      if (open.length > mostDepth) throw new XmlError(`is deeper than ${mostDepth} elements`)
      const element: Element = { name, attributes, children: [], text: '' }
      if (isEmpty) current.children.push([name, contentOf(element)])
      else open.push(element)
    }
  }
  if (open.length !== 1 || root.children.length !== 1 || root.text.trim() !== '') {
    throw new XmlError('has not exactly one whole element')
  }
  return objectOf(root.children)
}

function contentOf({ attributes, children, text }: Element): JsonValue {
  if (children.length > 0) {
    if (text.trim() !== '') throw new XmlError('mixes text and elements')
    return isSaid(attributes, 'type', 'array') ? children.map(([, value]) => value) : objectOf(children)
  }
  if (isSaid(attributes, 'nil', 'true')) return null
  return isSaid(attributes, 'type', 'array') ? [] : text
}

function isSaid(attributes: string, name: string, value: string): boolean {
  return new RegExp(`\\s${name}\\s*=\\s*["']${value}["']`).test(attributes)
}

function objectOf(children: readonly (readonly [string, JsonValue])[]): JsonObject {
  const byName = new Map<string, JsonValue[]>()
  for (const [name, value] of children) {
    const values = byName.get(name)
    if (values) values.push(value)
    else byName.set(name, [value])
  }
  const object: JsonObject = Object.create(null)
  for (const [name, values] of byName) object[name] = values.length === 1 ? (values[0] ?? null) : values
  return object
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function unescaped(text: string): string {
  return text.replace(/&([^;&]{0,10};?)/g, (_whole, body: string) => {
    const name = /^([a-z]+);$/.exec(body)?.[1]
    const known = name === undefined ? undefined : entities[name]
    if (known !== undefined) return known
    const [, hex, decimal] = /^#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));$/.exec(body) ?? []
    const code = hex === undefined ? Number(decimal ?? Number.NaN) : Number.parseInt(hex, 16)
    if (code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)) return String.fromCodePoint(code)
    throw new XmlError('has an entity that is not known')
  })
}
