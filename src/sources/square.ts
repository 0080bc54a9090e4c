import { z } from 'zod'
import { signedUrlField, webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'

/*
 * Square. https://developer.squareup.com/docs/webhooks/step3validate, read 2026-11-21. Signed: `{URL}{body}`, the URL
 * exactly as it is registered. No time is signed. Dedupe: `event_id`, signed, the same on each retry.
 * Sent again for up to 24 hours.
 */
function scheme(url: string): SignatureScheme {
  return {
    hash: 'sha256',
    signature: { header: 'x-square-hmacsha256-signature', encoding: 'base64' },
    message: compileMessage('{url}{body}'),
    url,
  }
}

const options = z.strictObject({ secret: secretField(), url: signedUrlField, ...webhookFields('1MB') })

const id = '[A-Za-z0-9_-]{8,192}'
const rules = idRules({
  event: ['[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'event_id'],
  merchant: [id, 'merchant_id'],
  location: [id, 'location_id', 'data.object.payment.location_id', 'data.object.order_updated.location_id'],
  payment: [id, 'data.object.payment.id', 'data.object.refund.payment_id'],
  refund: [id, 'data.object.refund.id'],
  order: [
    id,
    'data.object.payment.order_id',
    'data.object.order_updated.order_id',
    'data.object.order_created.order_id',
  ],
  invoice: [id, 'data.object.invoice.id'],
  dispute: [id, 'data.object.dispute.id'],
  customer: [id, 'data.object.customer.id', 'data.object.payment.customer_id'],
})

export const square = defineSender({
  kind: 'square',
  title: 'Square',
  link: 'https://developer.squareup.com/docs/webhooks/step3validate',
  options,
  proof: ({ secret, url }, context) => signatureProof(scheme(url ?? context.url), secret),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ text }) => text('event_id'),
    type: ({ text }) => text('type'),
    subject: ({ text }) => text('data.id'),
    time: ({ text }) => text('created_at'),
  },
  headers: () => ({ 'user-agent': 'Square Connect v2' }),
  samples: [
    {
      type: 'payment.updated',
      body: {
        merchant_id: '6SSW7HV8K2ST5',
        type: 'payment.updated',
        event_id: '6a8f5f28-54a1-4eb0-a98a-3111513fd4fc',
        created_at: '2026-01-01T00:00:00.000Z',
        data: {
          type: 'payment',
          id: 'hYy9pRFVxpDsO1FB05SunFWUe9JZY',
          object: {
            payment: {
              id: 'hYy9pRFVxpDsO1FB05SunFWUe9JZY',
              status: 'COMPLETED',
              amount_money: { amount: 100, currency: 'USD' },
              location_id: 'S8GWD5R9QB376',
              order_id: '03O3USaPaAaFnI6kkwB1JxGgBsUZY',
            },
          },
        },
      },
      idPath: 'event_id',
    },
  ],
})
