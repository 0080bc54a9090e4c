import { z } from 'zod'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { firstText } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'

/*
 * Intercom. https://developers.intercom.com/docs/webhooks/webhook-notifications, read 2026-11-21. Signed: the raw body,
 * with HMAC-SHA1 and the app's client secret. No time is signed. Dedupe: `id` (notif_…), signed. Handshake: HEAD when
 * the URL is entered, not signed, wants to be answered; it is said nothing else.
 * Must be answered within 5 s; sent once more after a minute. 410 ends the subscription.
 */
const scheme: SignatureScheme = {
  hash: 'sha1',
  signature: { header: 'x-hub-signature', prefix: 'sha1=', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const rules = idRules({
  notification: ['notif_[A-Za-z0-9-]{8,64}', 'id'],
  workspace: ['[a-z0-9_]{4,32}', 'app_id'],
  item: ['[0-9a-f]{24}|[0-9]{1,20}', 'data.item.id'],
})

export const intercom = defineSender({
  kind: 'intercom',
  title: 'Intercom',
  link: 'https://developers.intercom.com/docs/webhooks/webhook-notifications',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  greetingMethods: ['HEAD'],
  greet: ({ method }) => (method === 'HEAD' ? { status: 200, body: '' } : undefined),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ ids }) => ids['notification'],
    type: ({ text }) => text('topic'),
    subject: ({ ids }) => ids['item'],
    actor: firstText(
      'data.item.conversation_parts.conversation_parts[0].author.id',
      'data.item.source.author.id',
    ),
    time: ({ text }) => text('created_at'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({ 'user-agent': 'Intercom/1.0' }),
  samples: [
    {
      type: 'conversation.user.created',
      body: {
        type: 'notification_event',
        app_id: 'a86dr8yl',
        id: 'notif_ccd8a4d0-f965-11e3-a367-c779cae3e1b3',
        topic: 'conversation.user.created',
        created_at: 1767225599,
        delivery_attempts: 1,
        data: {
          type: 'notification_event_data',
          item: { type: 'conversation', id: '215468701234567', open: true },
        },
      },
      idPath: 'id',
    },
    {
      type: 'ping',
      body: {
        type: 'notification_event',
        app_id: 'a86dr8yl',
        id: 'notif_f1f1f1f1-f965-11e3-a367-c779cae3e1b3',
        topic: 'ping',
        created_at: 1767225599,
        data: { item: { type: 'ping', message: 'something something interzen' } },
      },
      idPath: 'id',
    },
  ],
})
