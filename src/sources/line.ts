import { z } from 'zod'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { firstText } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { isObject, malformed, readableObject } from './engine/verified.js'
import { lineSamples } from './samples/line.js'

/*
 * LINE Messaging API. https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/, read 2026-11-21.
 * Signed: the body, with the channel secret. No time is signed.
 * Dedupe: `webhookEventId` of each event, signed, the same when it is sent again (redelivery is off by default).
 * Handshake: the verify button sends a signed list without events.
 * Must be answered 200.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-line-signature', encoding: 'base64' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const rules = idRules({
  event: ['[0-9A-HJKMNP-TV-Z]{26}', 'webhookEventId'],
  user: ['U[0-9a-f]{32}', 'source.userId'],
  group: ['C[0-9a-f]{32}', 'source.groupId'],
  room: ['R[0-9a-f]{32}', 'source.roomId'],
  message: ['[0-9]{1,20}', 'message.id', 'unsend.messageId'],
})

export const line = defineSender({
  kind: 'line',
  title: 'LINE',
  link: 'https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  handshake(verified) {
    const events = readableObject(verified)?.['events']
    return Array.isArray(events) && events.length === 0 ? { status: 200, body: '' } : undefined
  },
  items(body) {
    const events = isObject(body) ? body['events'] : undefined
    if (Array.isArray(events)) return events
    throw malformed('the body has no list of events')
  },
  ids: rules,
  event: {
    id: ({ text }) => text('webhookEventId'),
    type: ({ text }) => text('type'),
    subject: ({ ids }) => ids['group'] ?? ids['room'] ?? ids['user'],
    actor: firstText('source.userId'),
    time: ({ text }) => text('timestamp'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({ 'content-type': 'application/json; charset=utf-8', 'user-agent': 'LineBotWebhook/2.0' }),
  samples: lineSamples,
})
