import { z } from 'zod'
import type { Delivery, Reply, VerifiedDelivery } from '../domain/delivery.js'
import { headerValues } from '../domain/delivery.js'
import { VerificationError } from '../domain/errors.js'
import type { JsonObject, JsonValue } from '../util/json.js'
import { webhookFields } from './engine/fields.js'
import { plainHeader } from './engine/headers.js'
import { type Proof, tokenProof } from './engine/proof.js'
import { queryValues } from './engine/query.js'
import type { Reading } from './engine/reading.js'
import { type Secret, secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { jsonObject, malformed } from './engine/verified.js'

/*
 * CloudEvents over HTTP: Azure Event Grid, Knative and others.
 * https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md and bindings/http-protocol-binding.md,
 * read 2026-11-21. Nothing is signed: the token in `Authorization: Bearer` or in `?access_token=`, and not in both,
 * speaks for the whole request.
 * Modes: structured (the body is the event), batched (a list of them), binary (the attributes are `ce-` headers and the
 * body is the data, which has to be JSON). Dedupe: `source` and `id`, which together name an event.
 * Handshake: OPTIONS with WebHook-Request-Origin is allowed for the origins that are listed. The callback that it may
 * name is never called. 202 says accepted.
 */
const origin = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$/

const options = z.strictObject({
  secret: secretField({ isToken: true }),
  origins: z
    .array(z.string().max(253).regex(origin, 'is not a host name in lower case'))
    .max(20)
    .default([])
    .describe('Senders that may ask whether they may send: eventgrid.azure.net.'),
  ...webhookFields('1MB'),
})

function proof(secrets: readonly Secret[]): Proof {
  const byHeader = tokenProof({ header: 'authorization', prefix: 'Bearer ' }, secrets)
  const byQuery = tokenProof({ query: 'access_token' }, secrets)
  return {
    prove(delivery, now, trace) {
      const inHeader = headerValues(delivery.rawHeaders, 'authorization').length > 0
      const inQuery = queryValues(delivery.url, 'access_token').length > 0
      if (inHeader && inQuery) {
        const reason = 'the token came in the header and in the query'
        throw new VerificationError('verification.duplicate_header', reason)
      }
      return (inQuery ? byQuery : byHeader).prove(delivery, now, trace)
    },
    sign: (request, now) => byHeader.sign(request, now),
  }
}

/** Whether we may be sent to. Asked by anybody, so it says only what the file says. */
function allow(delivery: Delivery, { origins }: z.output<typeof options>): Reply | undefined {
  if (delivery.method !== 'OPTIONS') return undefined
  const asking = plainHeader(delivery, 'webhook-request-origin')
  if (asking === undefined || !origins.includes(asking.toLowerCase())) return undefined
  const rate = plainHeader(delivery, 'webhook-request-rate') ?? '*'
  return {
    status: 200,
    headers: {
      allow: 'POST',
      'webhook-allowed-origin': asking, // as it was written, since the sender compares it
      'webhook-allowed-rate': /^[1-9][0-9]{0,5}$/.test(rate) ? rate : '*',
    },
    body: '',
  }
}

function mediaType(delivery: Delivery): string {
  return (plainHeader(delivery, 'content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

const batch = 'application/cloudevents-batch+json'

/** An empty batch is a batch. */
function answerEmpty(verified: VerifiedDelivery): Reply | undefined {
  const isEmpty =
    mediaType(verified.delivery) === batch && /^\s*\[\s*\]\s*$/.test(textOf(verified.delivery.body))
  return isEmpty ? { status: 200, body: '' } : undefined
}

function textOf(body: Uint8Array): string {
  return Buffer.from(body.subarray(0, 100)).toString('latin1')
}

/** The event, or the list of events, in the one form that all modes have in common. */
function contentOf(verified: VerifiedDelivery): JsonValue {
  const type = mediaType(verified.delivery)
  if (type === 'application/cloudevents+json') return jsonObject(verified)
  if (type === batch) return verified.json()
  if (type.startsWith('application/cloudevents')) throw malformed('the event is not in its JSON format')
  if (type !== '' && !/^application\/json$|\+json$/.test(type))
    throw malformed('the event’s data is not JSON')
  const event = attributes(verified.delivery)
  return verified.delivery.body.length === 0 ? event : { ...event, data: verified.json() }
}

/** The `ce-` headers, percent-decoded. */
function attributes({ rawHeaders }: Delivery): JsonObject {
  const found: Record<string, string> = Object.create(null)
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = /^ce-([a-z0-9]{1,40})$/.exec(rawHeaders[at]?.toLowerCase() ?? '')?.[1]
    if (name === undefined || name === 'data') continue
    if (Object.hasOwn(found, name)) throw malformed('an attribute of the event came twice')
    found[name] = decoded(rawHeaders[at + 1] ?? '')
  }
  return found
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch (cause) {
    throw malformed('an attribute of the event has a bad % escape', cause)
  }
}

function idOf({ text }: Reading): string {
  const [source, id] = [text('source'), text('id')]
  if (source === undefined || id === undefined || text('type') === undefined) {
    throw malformed('the event has no source, no id or no type')
  }
  return `${source} ${id}`
}

export const cloudevents = defineSender({
  kind: 'cloudevents',
  title: 'CloudEvents',
  link: 'https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md',
  options,
  proof: ({ secret }) => proof(secret),
  greetingMethods: ['OPTIONS'],
  greet: allow,
  handshake: answerEmpty,
  body: contentOf,
  items: (body) => (Array.isArray(body) ? body : undefined),
  ids: [],
  event: {
    id: idOf,
    isIdAuthentic: true,
    type: ({ text }) => text('type'),
    subject: ({ text }) => text('subject') ?? text('source'),
    time: ({ text }) => text('time'),
  },
  headers: () => ({ 'content-type': 'application/cloudevents+json; charset=utf-8' }),
  samples: [
    {
      type: 'com.example.order.delayed',
      idPath: 'id',
      body: {
        specversion: '1.0',
        id: 'b85d631a-101e-4f0b-9d3a-7c2f6e4a1b90',
        source: 'https://shop.example.com/orders',
        type: 'com.example.order.delayed',
        subject: 'ord_1042',
        time: '2026-01-01T00:00:00Z',
        datacontenttype: 'application/json',
        data: { order: { id: 'ord_1042' }, days: 3 },
      },
    },
  ],
})
