import type { Reply, VerifiedDelivery } from '../domain/delivery.js'
import { type JsonObject, type JsonValue, stringifyJson } from '../util/json.js'
import { type Path, scalarText, valueAt } from '../util/path.js'
import { sha256 } from '../util/signature.js'
import { answerBy, greetBy } from './custom-handshake.js'
import { type CustomOptions, coversBody, customOptions, isSigned, type Place } from './custom-options.js'
import { sampleOf, signDescribed } from './custom-sample.js'
import { formBody, formPairs, formTexts, parseForm } from './engine/form.js'
import { basicProof, type Proof, signatureProof, tokenProof } from './engine/proof.js'
import type { Reading } from './engine/reading.js'
import { defineSender } from './engine/sender.js'
import type { SignRequest } from './engine/sign.js'
import { isObject, malformed } from './engine/verified.js'
import type { SourceContext } from './source.js'

/*
 * Any sender that `config.yaml` describes: how it proves itself, where the event's attributes stand, and which
 * ids are its system's. Data only; what it can say is in docs/sources.md.
 */

function proof(options: CustomOptions, context: SourceContext): Proof {
  const { verify } = options
  if (verify.kind === 'token') return tokenProof(verify.scheme, verify.secrets)
  if (verify.kind === 'basic') return basicProof(verify.user, verify.secrets)
  const scheme = { ...verify.scheme, url: options.url ?? context.url }
  const { prove } = signatureProof(scheme, verify.secrets)
  const sign: Proof['sign'] = (request, now) => {
    const body = inForm(request.body, options)
    const signed = signDescribed(
      scheme,
      verify.secrets,
      { ...request, body },
      headersOf(request, options),
      now,
    )
    return body === request.body ? signed : { body, ...signed }
  }
  return { prove, sign }
}

/** JSON that is to be sent in a form. */
function inForm(body: Uint8Array, { form }: CustomOptions): Uint8Array {
  const isJson = /^[\t\n\r ]*[{[]/.test(Buffer.from(body.subarray(0, 64)).toString('latin1'))
  return typeof form === 'object' && isJson ? formBody(form.field, body) : body
}

function headersOf({ type, id }: SignRequest, { event, form }: CustomOptions): Record<string, string> {
  const named = (places: readonly Place[] | undefined, text: string) =>
    (places ?? []).flatMap((place) => (place.kind === 'header' ? [[place.name, text] as const] : []))
  return {
    ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    ...Object.fromEntries([...named(event.type, type), ...named(event.id, id)]),
  }
}

/** The JSON of a form. */
function content(body: Uint8Array, { form }: CustomOptions): Uint8Array {
  if (typeof form !== 'object') return body
  const found = parseForm(body).get(form.field)
  if (found) return found
  throw malformed(`the form has no field ${form.field}`)
}

/** The fields of a form, without the one that has the signature. */
function fieldsOf({ delivery }: VerifiedDelivery, { verify }: CustomOptions): JsonObject {
  const signature = verify.kind === 'signature' ? verify.scheme.signature : undefined
  const own = signature && 'field' in signature ? signature.field : undefined
  return formTexts(formPairs(delivery.body).filter(([name]) => name !== own))
}

function itemsAt(body: JsonValue, path: Path): readonly JsonValue[] {
  const items = valueAt(body, path)
  if (!Array.isArray(items)) throw malformed(`the body has no list at ${path.source}`)
  if (items.length === 0) throw malformed(`the list at ${path.source} is empty`)
  return items
}

function textAt(place: Place, { data, body, header }: Reading): string | undefined {
  if (place.kind === 'literal') return place.text
  if (place.kind === 'header') return header(place.name)
  const text = scalarText(valueAt(place.kind === 'body' ? body : data, place.path))
  return text === '' || (text !== undefined && text.length > 500) ? undefined : text
}

/** What stands at the places, joined; undefined where one of them has nothing. */
function joinedAt(
  places: readonly Place[] | undefined,
  separator: string,
  reading: Reading,
): string | undefined {
  const texts = (places ?? []).map((place) => textAt(place, reading))
  return texts.length === 0 || texts.includes(undefined) ? undefined : texts.join(separator)
}

/** A type is as exact as what is there: of `[event, action]` also the event alone. */
function typeAt(places: readonly Place[] | undefined, reading: Reading): string | undefined {
  const [first, ...others] = (places ?? []).map((place) => textAt(place, reading))
  return first === undefined ? undefined : [first, ...others.filter((text) => text !== undefined)].join('.')
}

/**
 * The sender's id. Of a form other bytes can say the same under the same signature, so there the digest of what it says
 * stands for a missing id, and not that of the body.
 */
function idAt(reading: Reading, { event, form, verify }: CustomOptions): string | undefined {
  const id = joinedAt(event.id, ':', reading)
  if (id !== undefined || verify.kind !== 'signature') return id
  if (!coversBody(verify.scheme, form)) throw malformed('the signed id is empty, or too long')
  return form === undefined
    ? undefined
    : `digest:${sha256(stringifyJson(inOrder(reading.data))).toString('hex')}`
}

function inOrder(data: JsonValue): JsonValue {
  if (!isObject(data)) return data
  return Object.fromEntries(Object.entries(data).sort(([left], [right]) => (left < right ? -1 : 1)))
}

/**
 * Without a signature the shared secret alone speaks, for the id as well as for the body. With one, an id in a header
 * is as good as the body if it is signed, too; one in the body is so anyway.
 */
function isIdAuthentic({ verify, event, form }: CustomOptions): boolean {
  if (verify.kind !== 'signature') return true
  const { scheme } = verify
  if (!coversBody(scheme, form)) return true
  const headers = (event.id ?? []).filter(({ kind }) => kind === 'header')
  return headers.length > 0 && headers.every((place) => isSigned(place, scheme, form))
}

function keyOf({ verify }: CustomOptions, index: number): Uint8Array | undefined {
  return verify.kind === 'signature' ? verify.secrets[index]?.key : undefined
}

export const custom = defineSender({
  kind: 'custom',
  title: 'Any sender, described',
  link: 'https://github.com/standard-webhooks/standard-webhooks',
  options: customOptions,
  proof,
  methods: ({ methods }) => methods,
  greetingMethods: ({ handshake }) => handshake.map(({ when }) => when.method),
  greet: (delivery, options) => greetBy(options.handshake, delivery, keyOf(options, 0)),
  handshake: (verified, options) =>
    answerBy(options.handshake, verified, keyOf(options, verified.secretIndex)),
  content,
  body: (verified, options) => (options.form === 'fields' ? fieldsOf(verified, options) : verified.json()),
  ids: [],
  items: (body, { batch }) => (batch === undefined ? undefined : itemsAt(body, batch)),
  event: {
    id: idAt,
    isIdAuthentic,
    semanticKey: (reading, { event }) => joinedAt(event.semantic, ':', reading),
    type: (reading, { event }) => typeAt(event.type, reading),
    subject: (reading, { event }) => joinedAt(event.subject, '/', reading),
    actor: (reading, { event }) => event.actor && textAt(event.actor, reading),
    time: (reading, { event }) => event.time && textAt(event.time, reading),
  },
  reply: (_state, { reply: { status, body, type } }): Reply | undefined =>
    status === undefined && body === undefined && type === undefined
      ? undefined
      : { status: status ?? 200, headers: { 'content-type': type ?? 'text/plain' }, body: body ?? '' },
  refusalStatus: ({ reply }) => reply.refused,
  headers: headersOf,
  samples: (options) => [sampleOf(options)],
})
