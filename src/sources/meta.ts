import { z } from 'zod'
import type { Delivery, Reply } from '../domain/delivery.js'
import { VerificationError } from '../domain/errors.js'
import type { Ids } from '../domain/event.js'
import type { JsonObject, JsonValue } from '../util/json.js'
import { secretsEqual } from '../util/signature.js'
import { echoText } from './engine/echo.js'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { queryValue } from './engine/query.js'
import { firstText, joined, type Reading } from './engine/reading.js'
import { type Secret, secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { isObject, jsonObject, malformed } from './engine/verified.js'
import { metaSamples } from './samples/meta.js'

/*
 * Meta: WhatsApp, Messenger, Instagram and the other objects of the Graph API.
 * https://developers.facebook.com/docs/graph-api/webhooks/getting-started, read 2026-11-21. Signed: the body, with the
 * app secret. No time is signed.
 * Dedupe: ids of messages, and id, state and time of WhatsApp's states; all signed. Other changes have no id, so the
 * digest of the item stands for it.
 * Handshake: GET with hub.challenge, not signed: answered to who knows `verify_token`.
 * Expects 200; sent again for 36 hours, by WhatsApp for 7 days.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-hub-signature-256', prefix: 'sha256=', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({
  secret: secretField(),
  verify_token: secretField().describe('What you type as “Verify token”; it is asked for in the handshake.'),
  ...webhookFields('4MB'),
})

function greet({ method, url }: Delivery, tokens: readonly Secret[]): Reply | undefined {
  if (method !== 'GET' || queryValue(url, 'hub.mode') !== 'subscribe') return undefined
  const given = queryValue(url, 'hub.verify_token') ?? ''
  const matching = tokens.filter(({ text }) => secretsEqual(given, text))
  if (matching.length === 0) {
    throw new VerificationError(
      'verification.bad_credentials',
      'hub.verify_token is not the configured verify_token',
    )
  }
  return echoText(queryValue(url, 'hub.challenge'))
}

const digits = '[0-9]{1,32}'
const rules = idRules({
  entry: [digits, 'id'],
  phone_number: [digits, 'value.metadata.phone_number_id'],
  contact: [digits, 'value.messages[0].from', 'value.statuses[0].recipient_id'],
  message: [
    '[A-Za-z0-9_.:=+/$-]{8,256}',
    'value.messages[0].id',
    'value.statuses[0].id',
    'messaging.message.mid',
    'messaging.postback.mid',
    'messaging.reaction.mid',
  ],
  sender: [digits, 'messaging.sender.id', 'value.from.id'],
  recipient: [digits, 'messaging.recipient.id'],
  post: ['[0-9]{1,32}(_[0-9]{1,32})?', 'value.post_id'],
  comment: ['[0-9]{1,32}(_[0-9]{1,32})?', 'value.comment_id'],
  lead: [digits, 'value.leadgen_id'],
  media: [digits, 'value.media.id', 'value.media_id'],
})

/** What Instagram calls `id` is that of the comment in changes of comments. */
function refineIds({ ids, text }: Reading): Ids {
  const comment = text('value.id')
  const isComment = text('field') === 'comments' || text('field') === 'live_comments'
  return isComment && comment !== undefined && /^[0-9]{1,32}$/.test(comment) ? { ...ids, comment } : ids
}

/**
 * One item for each event, of the same form as the body: `object`, the entry's `id`, and either `field` and `value` or
 * `messaging`. WhatsApp puts several messages and states into one value; each gets a value with it alone. An entry's
 * `time` stays out beside `messaging`, which has its own: it is the time of sending, and would be another each time.
 */
function itemsOf(body: JsonValue): JsonObject[] {
  const { object, entry: entries } = isObject(body) ? body : {}
  if (typeof object !== 'string' || !Array.isArray(entries))
    throw malformed('the body has no object with entries')
  return entries.filter(isObject).flatMap(({ id = null, time, changes, messaging, standby }) => [
    ...listOf(changes).flatMap(({ field = null, value = null }) =>
      valuesOf(value).map((part) => ({
        object,
        id,
        ...(time === undefined ? {} : { time }),
        field,
        value: part,
      })),
    ),
    ...listOf(messaging).map((item) => ({ object, id, messaging: item })),
    ...listOf(standby).map((item) => ({ object, id, field: 'standby', messaging: item })),
  ])
}

function listOf(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function valuesOf(value: JsonValue): JsonValue[] {
  if (!isObject(value)) return [value]
  const { messages, statuses, ...rest } = value
  const parts = [
    ...listOf(messages).map((message) => ({ ...rest, messages: [message] })),
    ...listOf(statuses).map((status) => ({ ...rest, statuses: [status] })),
  ]
  return parts.length === 0 ? [value] : parts
}

/** What of `messaging` says what it is about; everything else is around it. */
const surroundings = new Set(['sender', 'recipient', 'timestamp', 'is_self', 'hop_context'])

/** `message`, `status.delivered`, `postback`, `feed`, …. */
function typeOf({ text, object }: Reading): string | undefined {
  if (text('field') === 'standby') return 'standby'
  const messaging = object('messaging')
  if (messaging) {
    if (text('messaging.message.is_echo') === 'true') return 'message_echo'
    return Object.keys(messaging).find((key) => !surroundings.has(key))
  }
  if (text('value.messages[0].id') !== undefined) return 'message'
  const state = text('value.statuses[0].status')
  return state === undefined ? text('field') : `status.${state}`
}

function idOf(reading: Reading): string | undefined {
  const { text } = reading
  const message =
    text('value.messages[0].id') ?? text('messaging.message.mid') ?? text('messaging.postback.mid')
  if (message !== undefined) return joined(':', typeOf(reading), message)
  const status = 'value.statuses[0]'
  const parts = ['id', 'status', 'timestamp', 'recipient_id'].map((key) => text(`${status}.${key}`))
  return joined(':', 'status', ...parts)
}

function subjectOf(reading: Reading): string | undefined {
  const { ids } = reading
  const person = typeOf(reading) === 'message_echo' ? ids['recipient'] : ids['sender']
  return ids['contact'] ?? ids['lead'] ?? ids['post'] ?? ids['media'] ?? person ?? ids['entry']
}

export const meta = defineSender({
  kind: 'meta',
  title: 'Meta',
  link: 'https://developers.facebook.com/docs/graph-api/webhooks/getting-started',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  greetingMethods: ['GET'],
  greet: (delivery, { verify_token }) => greet(delivery, verify_token),
  body: jsonObject,
  items: itemsOf,
  ids: rules,
  refineIds,
  event: {
    id: idOf,
    type: typeOf,
    actor: firstText('value.messages[0].from', 'messaging.sender.id', 'value.from.id'),
    subject: subjectOf,
    time: ({ text }) =>
      text('value.messages[0].timestamp') ??
      text('value.statuses[0].timestamp') ??
      text('messaging.timestamp') ??
      text('value.created_time') ??
      text('time'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({ 'user-agent': 'facebookexternalua' }),
  samples: metaSamples,
})
