import { z } from 'zod'
import type { Delivery } from '../domain/delivery.js'
import { webhookFields } from './engine/fields.js'
import { headerId, plainHeader } from './engine/headers.js'
import { idRules } from './engine/ids.js'
import { type Proof, signatureProof } from './engine/proof.js'
import { joined, type Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'

/*
 * Shopify. https://shopify.dev/docs/apps/build/webhooks, read 2026-11-21. Signed: the raw body, with the app's client
 * secret (webhooks made under Settings → Notifications have a secret of their own). No time is signed.
 * Dedupe: X-Shopify-Event-Id, not signed, so the digest of the body counts as well.
 * The topic is in an unsigned header, and the body does not repeat it: who sees one delivery can name it otherwise.
 * Shopify's new Events (https://shopify.dev/docs/apps/build/events/verify-deliveries) have the same signature under
 * Shopify-Hmac-Sha256, all names without the X, and topic and action in the body. Dedupe: Shopify-Webhook-Id, not signed.
 * Two changes of one field have the same body, byte for byte, so there the digest does not count beside it.
 * Must be answered within 5 s; sent again eight times in four hours, then a subscription made by the API is deleted.
 */
function scheme(prefix: '' | 'x-'): SignatureScheme {
  return {
    hash: 'sha256',
    signature: { header: `${prefix}shopify-hmac-sha256`, encoding: 'base64' },
    message: compileMessage('{body}'),
  }
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('5MB') })

/** By which of the two names the signature comes; with both, the longer known one. */
function prefixOf(delivery: Delivery): '' | 'x-' {
  const names = delivery.rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())
  return !names.includes('x-shopify-hmac-sha256') && names.includes('shopify-hmac-sha256') ? '' : 'x-'
}

function proof({ secret }: z.output<typeof options>): Proof {
  const classic = signatureProof(scheme('x-'), secret)
  const events = signatureProof(scheme(''), secret)
  return {
    prove: (delivery, now, trace) =>
      (prefixOf(delivery) === '' ? events : classic).prove(delivery, now, trace),
    sign: (request, now) => classic.sign(request, now),
  }
}

const number = '[1-9][0-9]{0,19}'
const rules = idRules({
  object: [number, 'id'],
  order: [number, 'order_id'],
  customer: [number, 'customer.id'],
  gid: [
    'gid://shopify/[A-Za-z]{1,60}/[0-9]{1,20}',
    'admin_graphql_api_id',
    ...['product', 'order', 'customer', 'collection', 'inventoryItem'].map(
      (name) => `query_variables.${name}Id`,
    ),
  ],
})

const topicPattern = /^[a-z_]{1,60}\/[a-z_]{1,60}$/

function headerOf({ delivery }: Reading, name: string): string | undefined {
  return plainHeader(delivery, `${prefixOf(delivery)}shopify-${name}`)
}

/** By the body, which is signed: the headers' names are not. */
function isEvents({ text, object }: Reading): boolean {
  return (
    text('topic') !== undefined && text('action') !== undefined && object('query_variables') !== undefined
  )
}

/** Of Events `Product/update`, signed; else `products/update`. */
function topicOf(reading: Reading): string | undefined {
  if (isEvents(reading)) {
    const topic = joined('/', reading.text('topic'), reading.text('action'))
    return topic !== undefined && /^[A-Za-z]{1,60}\/[a-z_]{1,60}$/.test(topic) ? topic : undefined
  }
  const topic = headerOf(reading, 'topic')
  return topic !== undefined && topicPattern.test(topic) ? topic : undefined
}

function shopOf(reading: Reading): string | undefined {
  const shop = headerOf(reading, 'shop-domain')
  return shop !== undefined && /^[a-z0-9][a-z0-9-]{0,60}\.myshopify\.com$/.test(shop) ? shop : undefined
}

export const shopify = defineSender({
  kind: 'shopify',
  title: 'Shopify',
  link: 'https://shopify.dev/docs/apps/build/webhooks',
  options,
  proof,
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ delivery }) =>
      prefixOf(delivery) === ''
        ? headerId(delivery, 'shopify-webhook-id')
        : (headerId(delivery, 'x-shopify-event-id') ?? headerId(delivery, 'x-shopify-webhook-id')),
    isIdAuthentic: (_options, reading) => isEvents(reading),
    type: topicOf,
    subject: (reading) =>
      joined('/', shopOf(reading), topicOf(reading)?.split('/')[0], reading.ids['object']) ??
      reading.ids['gid'],
    time: ({ text }) => text('updated_at') ?? text('created_at'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: ({ id, type }) => ({
    'user-agent': 'Shopify-Captain-Hook',
    'x-shopify-topic': type,
    'x-shopify-shop-domain': 'demo.myshopify.com',
    'x-shopify-event-id': id,
    'x-shopify-webhook-id': id,
  }),
  samples: ['orders/create', 'refunds/create'].map((type) => ({
    type,
    body: {
      id: type === 'orders/create' ? '820982911946154508' : '890088186047892319',
      ...(type === 'orders/create' ? {} : { order_id: '820982911946154508' }),
      created_at: '2026-01-01T00:00:00-05:00',
      currency: 'USD',
      total_price: '388.00',
    },
  })),
})
