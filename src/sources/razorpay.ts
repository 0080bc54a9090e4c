import { z } from 'zod'
import { webhookFields } from './engine/fields.js'
import { headerId } from './engine/headers.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'

/*
 * Razorpay. https://razorpay.com/docs/webhooks/validate-test/, read 2026-11-21. Signed: the raw body. No time is signed.
 * Dedupe: x-razorpay-event-id, the same on each retry, not signed; the digest of the body counts as well.
 * Must be answered within 5 s; sent again for 24 hours, then the webhook is disabled.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-razorpay-signature', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const rules = idRules({
  account: ['acc_[A-Za-z0-9]{14}', 'account_id'],
  payment: ['pay_[A-Za-z0-9]{14}', 'payload.payment.entity.id', 'payload.refund.entity.payment_id'],
  order: ['order_[A-Za-z0-9]{14}', 'payload.order.entity.id', 'payload.payment.entity.order_id'],
  refund: ['rfnd_[A-Za-z0-9]{14}', 'payload.refund.entity.id'],
  subscription: ['sub_[A-Za-z0-9]{14}', 'payload.subscription.entity.id'],
  invoice: ['inv_[A-Za-z0-9]{14}', 'payload.invoice.entity.id', 'payload.payment.entity.invoice_id'],
  dispute: ['disp_[A-Za-z0-9]{14}', 'payload.dispute.entity.id'],
  customer: ['cust_[A-Za-z0-9]{14}', 'payload.payment.entity.customer_id'],
})

export const razorpay = defineSender({
  kind: 'razorpay',
  title: 'Razorpay',
  link: 'https://razorpay.com/docs/webhooks/validate-test/',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ delivery }) => headerId(delivery, 'x-razorpay-event-id'),
    type: ({ text }) => text('event'),
    subject: ({ text }) =>
      text(`payload.${(text('event') ?? '').split('.')[0]?.replace(/[^a-z_]/g, '') || 'payment'}.entity.id`),
    time: ({ text }) => text('created_at'),
  },
  headers: ({ id }) => ({ 'user-agent': 'Razorpay-Webhook/v1', 'x-razorpay-event-id': id }),
  samples: [
    {
      type: 'payment.captured',
      body: {
        entity: 'event',
        account_id: 'acc_BFQ7uQEaa7j2z7',
        event: 'payment.captured',
        contains: ['payment'],
        payload: {
          payment: {
            entity: {
              id: 'pay_DESlfW9H8K9uqM',
              entity: 'payment',
              amount: 100,
              currency: 'INR',
              status: 'captured',
              order_id: 'order_DESlLckIVRkHWj',
            },
          },
        },
        created_at: 1767225599,
      },
    },
  ],
})
