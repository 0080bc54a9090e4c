import { z } from 'zod'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { joined } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { isObject, jsonObject, malformed } from './engine/verified.js'

/*
 * GoCardless. https://developer.gocardless.com/getting-started/stay-up-to-date-with-webhooks-v2, read 2026-11-21.
 * Signed: the raw body. No time is signed. A delivery has up to 250 events; dedupe by each one's `id` (EV…), signed.
 * A wrong signature is answered 498, as GoCardless documents; other failures are sent again.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'webhook-signature', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const rules = idRules({
  event: ['EV[0-9A-Z]{6,40}', 'id'],
  mandate: ['MD[0-9A-Z]{6,40}', 'links.mandate'],
  payment: ['PM[0-9A-Z]{6,40}', 'links.payment'],
  payout: ['PO[0-9A-Z]{6,40}', 'links.payout'],
  refund: ['RF[0-9A-Z]{6,40}', 'links.refund'],
  subscription: ['SB[0-9A-Z]{6,40}', 'links.subscription'],
  billing_request: ['BRQ[0-9A-Z]{6,40}', 'links.billing_request'],
  customer: ['CU[0-9A-Z]{6,40}', 'links.customer'],
})

export const gocardless = defineSender({
  kind: 'gocardless',
  title: 'GoCardless',
  link: 'https://developer.gocardless.com/getting-started/stay-up-to-date-with-webhooks-v2',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  refusalStatus: 498,
  body: jsonObject,
  items(body) {
    const events = isObject(body) ? body['events'] : undefined
    if (!Array.isArray(events)) throw malformed('the body has no list of events')
    return events
  },
  ids: rules,
  event: {
    id: ({ text }) => text('id'),
    type: ({ text }) => joined('.', text('resource_type'), text('action')),
    subject: ({ ids }) =>
      ids['payment'] ??
      ids['subscription'] ??
      ids['mandate'] ??
      ids['payout'] ??
      ids['refund'] ??
      ids['billing_request'] ??
      ids['customer'],
    time: ({ text }) => text('created_at'),
  },
  headers: () => ({ 'user-agent': 'gocardless-webhook-service/1.1' }),
  samples: [
    {
      type: 'payments.failed',
      body: {
        events: [
          {
            id: 'EV00BD05S5VM2T',
            created_at: '2026-01-01T00:00:00.000Z',
            resource_type: 'payments',
            action: 'failed',
            links: { payment: 'PM0003JJQ2MR06' },
            details: { origin: 'bank', cause: 'refer_to_payer', scheme: 'bacs' },
          },
        ],
        meta: { webhook_id: 'WB123' },
      },
      idPath: 'events[0].id',
    },
  ],
})
