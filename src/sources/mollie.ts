import { z } from 'zod'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'

/*
 * Mollie, next-generation webhooks. https://docs.mollie.com/reference/webhooks-new, read 2026-11-21. Signed: the raw
 * body. While a secret is rotated the header comes once for each, so a second one is no fault here. A request without
 * it is a classic webhook, which nothing signs: kind `mollie-classic`. No time is signed.
 * Dedupe: `id` of the event, signed. A simple event says only what changed and not to what: a tool reads that.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-mollie-signature', prefix: 'sha256=', encoding: 'hex', several: 'repeated' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const rules = idRules({
  event: ['(event|whe)_[A-Za-z0-9]{8,40}', 'id'],
  payment: ['tr_[A-Za-z0-9]{4,40}', 'entityId', 'id'],
  payment_link: ['pl_[A-Za-z0-9]{4,40}', 'entityId'],
  sales_invoice: ['invoice_[A-Za-z0-9]{4,40}', 'entityId'],
  profile: ['pfl_[A-Za-z0-9]{4,40}', '_embedded.entity.profileId'],
})

export const mollie = defineSender({
  kind: 'mollie',
  title: 'Mollie',
  link: 'https://docs.mollie.com/reference/webhooks-new',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ text }) => text('id'),
    type: ({ text }) => text('type') ?? text('event_type'),
    subject: ({ text }) => text('entityId') ?? text('id'),
    time: ({ text }) => text('createdAt'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({ 'user-agent': 'Mollie HTTP client/1.0' }),
  samples: [
    {
      type: 'payment-link.paid',
      body: {
        resource: 'event',
        id: 'event_GvJ8WHrp5isUdRub9CJyH',
        type: 'payment-link.paid',
        entityId: 'pl_qng5gbbv8NAZ5gpM5ZYgx',
        createdAt: '2026-01-01T00:00:00.0Z',
      },
      idPath: 'id',
    },
  ],
})
