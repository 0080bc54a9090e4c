import type { Delivery, Reply, VerifiedDelivery } from '../domain/delivery.js'
import type { EventDraft } from '../domain/event.js'
import { type JsonObject, type JsonValue, stringifyJson } from '../util/json.js'
import { type Path, scalarText, valueAt } from '../util/path.js'
import { sha256 } from '../util/signature.js'
import { type CustomOptions, type CustomScheme, customOptions, type Place } from './custom-options.js'
import { plainHeader } from './headers.js'
import { readIds, ruleNames } from './ids.js'
import { signHmac, verifyHmac } from './scheme-hmac.js'
import { signBasic, signToken, verifyBasic, verifyToken } from './scheme-token.js'
import { defineWebhookKind, type Sample, type SignRequest } from './source.js'
import { parseAnyTime } from './time.js'
import { malformed, verifiedDelivery } from './verified.js'

/*
 * Any sender that `config.yaml` describes: how it proves itself, where the event's attributes stand, and which
 * ids are its system's. Data only; what it can say is in docs/sources.md.
 */

function verify(delivery: Delivery, scheme: CustomScheme, now: number): number {
  switch (scheme.kind) {
    case 'hmac':
      return verifyHmac(scheme.scheme, scheme.secrets, delivery, now).secretIndex
    case 'token':
      return verifyToken(scheme.scheme, scheme.secrets, delivery)
    case 'basic':
      return verifyBasic(scheme.user, scheme.secrets, delivery)
  }
}

const mostEvents = 1000

function events(verified: VerifiedDelivery, options: CustomOptions): EventDraft[] {
  const body = verified.json()
  if (options.batch === undefined) return [draftOf(verified, body, options)]
  const items = valueAt(body, options.batch)
  if (!Array.isArray(items)) throw malformed(`the body has no list at ${options.batch.source}`)
  if (items.length === 0) throw malformed(`the list at ${options.batch.source} is empty`)
  if (items.length > mostEvents)
    throw malformed(`the list has ${items.length} events; ${mostEvents} are read at most`)
  return items.map((item) => {
    const draft = draftOf(verified, item, options)
    // The digest of the body cannot stand for one item of it, so the item's own does.
    const sourceEventId = draft.sourceEventId ?? `digest:${sha256(stringifyJson(item)).toString('hex')}`
    return { ...draft, sourceEventId, data: item }
  })
}

function draftOf(verified: VerifiedDelivery, data: JsonValue, options: CustomOptions): EventDraft {
  const { delivery } = verified
  const { id, type, subject, time } = options.event
  const at = (place: Place | undefined) => place && textAt(place, data, delivery)
  return {
    sourceEventId: at(id),
    // Without a signature the shared secret alone speaks, for the id as well as for the body.
    ...(options.verify.kind === 'hmac' ? {} : { isIdAuthentic: true }),
    type: at(type) ?? 'event',
    subject: at(subject),
    time: parseAnyTime(at(time) ?? '') ?? delivery.receivedAt,
    ids: readIds(options.ids, data),
  }
}

function textAt(place: Place, data: JsonValue, delivery: Delivery): string | undefined {
  if (place.kind === 'literal') return place.text
  const text =
    place.kind === 'header' ? plainHeader(delivery, place.name) : scalarText(valueAt(data, place.path))
  return text === '' || (text !== undefined && text.length > 500) ? undefined : text
}

function sign({ body, type, id, secretIndex = 0 }: SignRequest, options: CustomOptions, now: number) {
  const { verify: scheme, event } = options
  const secret = scheme.secrets[secretIndex]
  if (!secret) return {}
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'user-agent': 'rouse-trigger',
  }
  if (event.id?.kind === 'header') headers[event.id.name] = id
  if (event.type?.kind === 'header') headers[event.type.name] = type
  const proof =
    scheme.kind === 'hmac'
      ? signHmac(scheme.scheme, secret, { body, id, headers }, now)
      : scheme.kind === 'token'
        ? signToken(scheme.scheme, secret)
        : signBasic(scheme.user, secret)
  return { ...headers, ...proof }
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

export const custom = defineWebhookKind({
  kind: 'custom',
  title: 'Any sender, described',
  link: 'https://github.com/standard-webhooks/standard-webhooks',
  options: customOptions,
  idNames: ({ ids }) => ruleNames(ids),
  maxBodyBytes: ({ max_body }) => max_body,
  verify: (delivery, options, now) => verifiedDelivery(delivery, verify(delivery, options.verify, now)),
  events,
  reply(_state, { reply }): Reply | undefined {
    return reply && { status: reply.status, headers: { 'content-type': reply.type }, body: reply.body }
  },
  sign,
  samples: (options) => [sampleOf(options)],
})
