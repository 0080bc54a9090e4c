import type { Reply } from '../domain/delivery.js'
import type { JsonObject, JsonValue } from '../util/json.js'
import { type Path, scalarText, valueAt } from '../util/path.js'
import { type CustomOptions, customOptions, type Place } from './custom-options.js'
import { basicProof, type Proof, signatureProof, tokenProof } from './engine/proof.js'
import type { Reading } from './engine/reading.js'
import { defineSender } from './engine/sender.js'
import { malformed } from './engine/verified.js'
import type { Sample } from './source.js'

/*
 * Any sender that `config.yaml` describes: how it proves itself, where the event's attributes stand, and which
 * ids are its system's. Data only; what it can say is in docs/sources.md.
 */

function proof({ verify }: CustomOptions): Proof {
  switch (verify.kind) {
    case 'hmac':
      return signatureProof(verify.scheme, verify.secrets)
    case 'token':
      return tokenProof(verify.scheme, verify.secrets)
    case 'basic':
      return basicProof(verify.user, verify.secrets)
  }
}

function itemsAt(body: JsonValue, path: Path): readonly JsonValue[] {
  const items = valueAt(body, path)
  if (!Array.isArray(items)) throw malformed(`the body has no list at ${path.source}`)
  if (items.length === 0) throw malformed(`the list at ${path.source} is empty`)
  return items
}

function textAt(place: Place | undefined, { data, header }: Reading): string | undefined {
  if (place === undefined) return undefined
  if (place.kind === 'literal') return place.text
  const text = place.kind === 'header' ? header(place.name) : scalarText(valueAt(data, place.path))
  return text === '' || (text !== undefined && text.length > 500) ? undefined : text
}

/** A body that has something at each declared path. It has no ids: what one looks like only the sender knows. */
function sampleOf({ event, batch }: CustomOptions): Sample {
  const item: JsonObject = {}
  const type = event.type?.kind === 'literal' ? event.type.text : 'sample'
  put(item, event.id, 'sample-1')
  put(item, event.type, type)
  put(item, event.subject, 'sample')
  put(item, event.time, '2026-01-01T00:00:00Z')
  const idPath = event.id?.kind === 'path' && isPlain(event.id.path) ? event.id.path.source : undefined
  if (batch === undefined) return { type, body: item, ...(idPath === undefined ? {} : { idPath }) }
  const body: JsonObject = {}
  put(body, { kind: 'path', path: batch }, [item])
  return { type, body, ...(idPath === undefined ? {} : { idPath: `${batch.source}[0].${idPath}` }) }
}

function isPlain({ parts }: Path): boolean {
  return parts.every((part) => 'key' in part)
}

/** Puts `value` at the place, as far as it is a plain path of names. */
function put(target: JsonObject, place: Place | undefined, value: JsonValue): void {
  if (place?.kind !== 'path' || !isPlain(place.path)) return
  const names = place.path.parts.flatMap((part) => ('key' in part ? [part.key] : []))
  const last = names.pop()
  let at = target
  for (const name of names) {
    const inner = Object.hasOwn(at, name) ? at[name] : undefined
    const next: JsonObject = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : {}
    Object.defineProperty(at, name, { value: next, enumerable: true, configurable: true, writable: true })
    at = next
  }
  if (last !== undefined) {
    Object.defineProperty(at, last, { value, enumerable: true, configurable: true, writable: true })
  }
}

export const custom = defineSender({
  kind: 'custom',
  title: 'Any sender, described',
  link: 'https://github.com/standard-webhooks/standard-webhooks',
  options: customOptions,
  proof,
  ids: [],
  items: (body, { batch }) => (batch === undefined ? undefined : itemsAt(body, batch)),
  event: {
    id: (reading, { event }) => textAt(event.id, reading),
    // Without a signature the shared secret alone speaks, for the id as well as for the body.
    isIdAuthentic: ({ verify }) => verify.kind !== 'hmac',
    type: (reading, { event }) => textAt(event.type, reading),
    subject: (reading, { event }) => textAt(event.subject, reading),
    time: (reading, { event }) => textAt(event.time, reading),
  },
  reply: (_state, { reply }): Reply | undefined =>
    reply && { status: reply.status, headers: { 'content-type': reply.type }, body: reply.body },
  headers: ({ type, id }, { event }) => ({
    ...(event.id?.kind === 'header' ? { [event.id.name]: id } : {}),
    ...(event.type?.kind === 'header' ? { [event.type.name]: type } : {}),
  }),
  samples: (options) => [sampleOf(options)],
})
