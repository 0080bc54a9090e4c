import { z } from 'zod'
import { webhookFields } from './engine/fields.js'
import { headerId } from './engine/headers.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { joined, type Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'

/*
 * WooCommerce. https://woocommerce.com/document/webhooks/, read 2026-11-21. Signed: the raw body. No time is signed.
 * Dedupe: X-WC-Webhook-Delivery-ID, not signed; the digest of the body counts as well. The topic is in an unsigned
 * header. Handshake: when a webhook is saved WooCommerce posts a form with nothing but `webhook_id`, which it does not
 * sign, and wants 200 and no other 2xx. It is said nothing else, and nothing is recorded.
 * Disabled after five failures in a row.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-wc-webhook-signature', encoding: 'base64' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const number = '[1-9][0-9]{0,19}'
const rules = idRules({ object: [number, 'id'], customer: [number, 'customer_id'] })

const topicPattern = /^[a-z_]{1,40}\.[a-z_]{1,40}$/

function topicOf({ header }: Reading): string | undefined {
  const topic = header('x-wc-webhook-topic')
  return topic !== undefined && topicPattern.test(topic) ? topic : undefined
}

function isPing(body: Uint8Array): boolean {
  return /^webhook_id=[0-9]{1,20}$/.test(Buffer.from(body.subarray(0, 64)).toString('latin1'))
}

export const woocommerce = defineSender({
  kind: 'woocommerce',
  title: 'WooCommerce',
  link: 'https://woocommerce.com/document/webhooks/',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  greet: ({ method, body }) => (method === 'POST' && isPing(body) ? { status: 200, body: '' } : undefined),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ delivery }) => headerId(delivery, 'x-wc-webhook-delivery-id'),
    type: (reading) => topicOf(reading),
    subject: (reading) => joined(':', topicOf(reading)?.split('.')[0], reading.ids['object']),
    time: ({ text }) => {
      const time = text('date_modified_gmt')
      return time === undefined ? undefined : `${time}Z`
    },
  },
  headers: ({ id, type }) => ({
    'user-agent': 'WooCommerce/9.0 Hookshot (WordPress/6.8)',
    'x-wc-webhook-topic': type,
    'x-wc-webhook-resource': type.split('.')[0] ?? type,
    'x-wc-webhook-delivery-id': id,
  }),
  samples: ['order.created', 'order.updated'].map((type) => ({
    type,
    body: {
      id: 727,
      status: type === 'order.created' ? 'pending' : 'completed',
      currency: 'USD',
      total: '29.35',
      customer_id: 26,
      date_modified_gmt: '2026-01-01T00:00:00',
      line_items: [{ id: 315, product_id: 93, quantity: 2 }],
    },
  })),
})
