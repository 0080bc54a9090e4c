import { JsonError, type JsonObject, type JsonValue, parseJson, stringifyJson } from '../util/json.js'
import type { Path } from '../util/path.js'
import type { CustomOptions, Place } from './custom-options.js'
import { formBody } from './engine/form.js'
import { requiredHeader } from './engine/headers.js'
import type { ProofPlace } from './engine/places.js'
import { secretAt } from './engine/proof.js'
import type { Secret } from './engine/secret.js'
import type { SignedRequest, SignRequest } from './engine/sign.js'
import { cannotSign, type SignatureScheme, signatureText } from './engine/signature-scheme.js'
import { uses } from './engine/template.js'
import { writeTimestamp } from './engine/timestamp.js'
import { isObject } from './engine/verified.js'
import type { Sample } from './source.js'

/*
 * What a described sender would send, as far as its description says: for `trigger`, `dev` and `verify`.
 */

const sampleId = 'sample-1'

/** A body that has something at each declared path. It has no ids: what one looks like only the sender knows. */
export function sampleOf({ event, batch, form, verify }: CustomOptions): Sample {
  const item: JsonObject = {}
  const outer: JsonObject = batch === undefined ? item : {}
  const types = event.type ?? []
  const words = types.map((place) => (place.kind === 'literal' ? place.text : 'sample'))
  const [id, ...more] = event.id ?? []
  for (const place of more) put(item, outer, place, sampleId)
  for (const place of [...(event.semantic ?? []), ...(event.subject ?? []), ...types])
    put(item, outer, place, 'sample')
  if (id) put(item, outer, id, sampleId)
  if (event.time) put(item, outer, event.time, '2026-01-01T00:00:00Z')
  if (verify.kind === 'signature') {
    for (const part of verify.scheme.message.parts) {
      const path = part.kind === 'json' ? part.path : undefined
      const name = part.kind === 'field' && form === 'fields' ? part.name : undefined
      if (path && !has(outer, path)) putAt(outer, path, 'sample')
      if (name !== undefined) outer[name] ??= 'sample'
    }
  }
  if (batch !== undefined) putAt(outer, batch, [item])
  const type = types.length === 0 ? 'event' : words.join('.')
  const idPath = id?.kind === 'path' && isPlain(id.path) ? id.path.source : undefined
  if (form !== undefined) {
    const body =
      typeof form === 'object' ? formBody(form.field, Buffer.from(stringifyJson(outer))) : fieldsOf(outer)
    return { type, body: body.toString('latin1'), ...(idPath === undefined ? {} : { idText: sampleId }) }
  }
  const at = batch === undefined ? idPath : `${batch.source}[0].${idPath}`
  return {
    type,
    body: batch?.source === '[]' ? [item] : outer,
    ...(idPath === undefined ? {} : { idPath: at ?? '' }),
  }
}

function put(item: JsonObject, outer: JsonObject, place: Place, value: JsonValue): void {
  if (place.kind === 'path') putAt(item, place.path, value)
  if (place.kind === 'body') putAt(outer, place.path, value)
}

function isPlain({ parts }: Path): boolean {
  return parts.every((part) => 'key' in part)
}

function has(target: JsonObject, { parts }: Path): boolean {
  const [first] = parts
  return first !== undefined && 'key' in first && parts.length === 1 && Object.hasOwn(target, first.key)
}

/** Puts `value` at the path, as far as it is a plain path of names. */
function putAt(target: JsonObject, path: Path, value: JsonValue): void {
  if (!isPlain(path)) return
  const names = path.parts.flatMap((part) => ('key' in part ? [part.key] : []))
  const last = names.pop()
  let at = target
  for (const name of names) {
    const inner = Object.hasOwn(at, name) ? at[name] : undefined
    const next = isObject(inner) ? inner : {}
    define(at, name, next)
    at = next
  }
  if (last !== undefined) define(at, last, value)
}

/** Also where the name is `__proto__`. */
function define(target: JsonObject, name: string, value: JsonValue): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true })
}

function fieldsOf(data: JsonObject): Buffer {
  const pairs = Object.entries(data).flatMap(([name, value]) =>
    typeof value === 'string' ? [formBody(name, Buffer.from(value))] : [],
  )
  return Buffer.from(pairs.map((pair) => pair.toString('latin1')).join('&'), 'latin1')
}

/** A request as it grows: a place of the proof may be anywhere in it. */
interface Draft {
  readonly headers: Record<string, string>
  readonly query: string[]
  body: Uint8Array
}

/** What the described sender would send. `headers` are those beside the proof. */
export function signDescribed(
  scheme: SignatureScheme,
  secrets: readonly Secret[],
  { body, type, id, secretIndex = 0 }: SignRequest,
  headers: Readonly<Record<string, string>>,
  now: number,
): SignedRequest {
  const { message, timestamp, signature, idHeader } = scheme
  const draft: Draft = { headers: {}, query: [], body }
  const time = timestamp ? writeTimestamp(now, timestamp.unit) : ''
  if (timestamp && !('pair' in timestamp)) place(draft, timestamp, time)
  if (idHeader !== undefined && uses(message, 'id')) draft.headers[idHeader] = id
  for (const part of message.parts)
    if (part.kind === 'header') draft.headers[part.name] ??= headers[part.name] ?? type
  const sent = { method: 'POST', url: '', body: draft.body }
  const rawHeaders = Object.entries(draft.headers).flat()
  const text = signatureText(scheme, secretAt(secrets, secretIndex), {
    delivery: { ...sent, rawHeaders },
    timestamp: time,
    id,
    url: scheme.url,
    header: (name) => requiredHeader({ rawHeaders }, name),
  })
  const isNumbered = signature.several === 'numbered' && 'header' in signature
  place(draft, isNumbered ? { header: `${signature.header}-1` } : signature, text)
  return {
    headers: draft.headers,
    ...(draft.body === body ? {} : { body: draft.body }),
    ...(draft.query.length === 0 ? {} : { query: draft.query.join('&') }),
  }
}

function place(draft: Draft, at: ProofPlace, text: string): void {
  if ('header' in at) draft.headers[at.header] = text
  else if ('query' in at) draft.query.push(`${at.query}=${encodeURIComponent(text)}`)
  else if ('field' in at) draft.body = withField(draft.body, at.field, text)
  else draft.body = withValue(draft.body, at.path, text)
}

function withField(body: Uint8Array, name: string, text: string): Buffer {
  const others = Buffer.from(body)
    .toString('latin1')
    .split('&')
    .filter((pair) => pair !== '' && pair.split('=', 1)[0] !== encodeURIComponent(name))
  const added = formBody(encodeURIComponent(name), Buffer.from(text)).toString('latin1')
  return Buffer.from([...others, added].join('&'), 'latin1')
}

function objectIn(body: Uint8Array): JsonObject {
  try {
    const parsed = parseJson(body)
    if (isObject(parsed)) return parsed
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
  }
  throw cannotSign('a part of the proof stands in a JSON object, which this body is not')
}

/** A number where it is one: senders write times so. */
function withValue(body: Uint8Array, path: Path, text: string): Buffer {
  const data = objectIn(body)
  putAt(data, path, /^[1-9]\d{9,12}$/.test(text) ? Number(text) : text)
  return Buffer.from(stringifyJson(data))
}
