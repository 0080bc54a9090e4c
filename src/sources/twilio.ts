import { z } from 'zod'
import type { Reply, VerifiedDelivery } from '../domain/delivery.js'
import type { JsonValue } from '../util/json.js'
import { sha256 } from '../util/signature.js'
import { signedUrlField, webhookFields } from './engine/fields.js'
import { formPairs, formTexts } from './engine/form.js'
import { requiredHeader } from './engine/headers.js'
import { idRules } from './engine/ids.js'
import type { Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { malformed } from './engine/verified.js'
import { twilioSamples } from './samples/twilio.js'
import { isHashed, queryOf, twilioProof } from './twilio-signature.js'

/*
 * Twilio: messages, calls and everything else with callbacks. https://www.twilio.com/docs/usage/webhooks/webhooks-security,
 * read 2026-11-21. Signed: the URL with its query, then name and value of each form field in order of the names. JSON has
 * its digest in the URL, as `bodySHA256`, and only the URL is signed; without it a JSON body is signed by nothing. A GET
 * has its fields in the URL. No time is signed.
 * Dedupe: the signature itself. It covers everything, and fields are signed without anything between name and value: a
 * captured delivery could be cut otherwise under the same signature. A call has several callbacks with equal SIDs and
 * states, so those are no ids of an event; I-Twilio-Idempotency-Token is not signed and too little documented.
 * Must be answered within 15 s, with TwiML: an empty one does nothing. Few callbacks are sent again.
 */
const options = z.strictObject({ secret: secretField(), url: signedUrlField, ...webhookFields('1MB') })

const sid = (prefix: string) => `${prefix}[0-9a-f]{32}`
const rules = idRules({
  account: [sid('AC'), 'AccountSid'],
  message: [sid('(SM|MM)'), 'MessageSid', 'SmsSid'],
  call: [sid('CA'), 'CallSid'],
  recording: [sid('RE'), 'RecordingSid'],
  conference: [sid('CF'), 'ConferenceSid'],
  conversation: [sid('CH'), 'ConversationSid'],
  messaging_service: [sid('MG'), 'MessagingServiceSid'],
  task: [sid('WT'), 'TaskSid'],
})

/** The fields of the form or, of a GET, of the URL; or the JSON. */
function contentOf(verified: VerifiedDelivery): JsonValue {
  const { delivery } = verified
  if (isHashed(delivery)) return verified.json()
  const pairs = formPairs(delivery.method === 'GET' ? Buffer.from(queryOf(delivery)) : delivery.body)
  if (pairs.length === 0) throw malformed('there are no fields in the delivery')
  return formTexts(pairs)
}

/** `message.delivered`, `call.completed`, `recording.completed`; the sender's own name where there is one. */
function typeOf({ text }: Reading): string | undefined {
  const own = text('EventType') ?? text('type') ?? text('event')
  if (own !== undefined) return own
  const states = [
    ['recording', text('RecordingStatus')],
    ['conference', text('ConferenceSid') && text('StatusCallbackEvent')],
    ['message', text('MessageStatus') ?? text('SmsStatus')],
    ['call', text('CallStatus')],
  ] as const
  const [about, state] = states.find(([, found]) => found !== undefined && /^[a-z-]{1,40}$/.test(found)) ?? []
  return about === undefined ? undefined : `${about}.${state}`
}

/** Messages that come in are about who wrote them, all else about what it is a state of. */
function subjectOf({ text, ids }: Reading): string | undefined {
  if (ids['conversation'] !== undefined) return ids['conversation']
  const from = text('SmsStatus') === 'received' ? text('From') : undefined
  return from ?? ids['conference'] ?? ids['call'] ?? ids['message'] ?? ids['task']
}

const twiml: Reply = {
  status: 200,
  headers: { 'content-type': 'text/xml' },
  body: '<?xml version="1.0" encoding="UTF-8"?><Response/>',
}

export const twilio = defineSender({
  kind: 'twilio',
  title: 'Twilio',
  link: 'https://www.twilio.com/docs/usage/webhooks/webhooks-security',
  options,
  proof: ({ secret, url }, context) => twilioProof(url ?? context.url, secret),
  methods: ['POST', 'GET'],
  body: contentOf,
  items: (body) => (Array.isArray(body) ? body : undefined),
  ids: rules,
  event: {
    id: ({ data, body, text, delivery }) =>
      data === body ? sha256(requiredHeader(delivery, 'x-twilio-signature')).toString('hex') : text('id'),
    isIdAuthentic: true,
    type: typeOf,
    subject: subjectOf,
    // What is a state of something that we sent has our own number there.
    actor: ({ text }) =>
      text('SmsStatus') === 'received' || text('Direction') === 'inbound' ? text('From') : undefined,
    time: ({ text }) => text('time') ?? text('RecordingStartTime'),
  },
  reply: (_state, _options, verified) => (verified && isHashed(verified.delivery) ? undefined : twiml),
  headers: ({ body }) => ({
    'content-type':
      body[0] === 0x7b || body[0] === 0x5b ? 'application/json' : 'application/x-www-form-urlencoded',
    'user-agent': 'TwilioProxy/1.1',
  }),
  samples: twilioSamples,
})
