import { z } from 'zod'
import type { Ids } from '../domain/event.js'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { joined, type Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'

/*
 * Lemon Squeezy. https://docs.lemonsqueezy.com/help/webhooks/signing-requests, read 2026-11-21. Signed: the raw body.
 * No time is signed. Dedupe: there is no id of an event (`meta.webhook_id` is of the hook); the digest of the body.
 * Must be answered 200, and no other 2xx; sent again up to three times within minutes.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-signature', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const number = '[1-9][0-9]{0,19}'
const rules = idRules({
  store: [number, 'data.attributes.store_id'],
  customer: [number, 'data.attributes.customer_id'],
  order: [number, 'data.attributes.order_id'],
  subscription: [number, 'data.attributes.subscription_id'],
  product: [number, 'data.attributes.product_id', 'data.attributes.first_order_item.product_id'],
  object: [number, 'data.id'],
})

/** What the event is about has its id under its own name too. */
function refineIds({ ids, text }: Reading): Ids {
  const kinds: Readonly<Record<string, string>> = {
    orders: 'order',
    subscriptions: 'subscription',
    customers: 'customer',
  }
  const name = kinds[text('data.type') ?? '']
  const object = ids['object']
  return name === undefined || object === undefined ? ids : { ...ids, [name]: object }
}

export const lemonsqueezy = defineSender({
  kind: 'lemonsqueezy',
  title: 'Lemon Squeezy',
  link: 'https://docs.lemonsqueezy.com/help/webhooks/signing-requests',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  body: jsonObject,
  ids: rules,
  event: {
    type: ({ text }) => text('meta.event_name'),
    subject: ({ text }) => joined(':', text('data.type'), text('data.id')),
    time: ({ text }) => text('data.attributes.updated_at'),
  },
  refineIds,
  moreIdNames: ['order', 'subscription', 'customer'],
  reply: () => ({ status: 200, body: '' }),
  headers: ({ type }) => ({ 'x-event-name': type }),
  samples: [
    {
      type: 'order_created',
      body: {
        meta: {
          event_name: 'order_created',
          webhook_id: '7b1f2c9e-5b1d-4f9b-8a4e-0f1f5d1c9b11',
          test_mode: true,
        },
        data: {
          type: 'orders',
          id: '2',
          attributes: {
            store_id: 1,
            customer_id: 1,
            status: 'paid',
            total: 999,
            currency: 'USD',
            updated_at: '2026-01-01T00:00:00.000000Z',
          },
        },
      },
    },
    {
      type: 'subscription_cancelled',
      body: {
        meta: {
          event_name: 'subscription_cancelled',
          webhook_id: '7b1f2c9e-5b1d-4f9b-8a4e-0f1f5d1c9b11',
          test_mode: true,
        },
        data: {
          type: 'subscriptions',
          id: '1',
          attributes: {
            store_id: 1,
            customer_id: 1,
            order_id: 1,
            status: 'cancelled',
            updated_at: '2026-01-01T00:00:00.000000Z',
          },
        },
      },
    },
  ],
})
