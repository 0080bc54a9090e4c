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
 * Coinbase Commerce. https://docs.cdp.coinbase.com/commerce-onchain/docs/webhooks-security, read 2026-11-21. Signed: the
 * raw body. No time is signed. Dedupe: `event.id`, signed; the envelope's `id` and `attempt_number` are of the attempt.
 * Expects 200. Webhooks of Coinbase's developer platform are signed in another way.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-cc-webhook-signature', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const rules = idRules({
  event: ['[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'event.id'],
  charge: ['[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'event.data.id'],
  code: ['[A-Z0-9]{8}', 'event.data.code'],
})

export const coinbaseCommerce = defineSender({
  kind: 'coinbase-commerce',
  title: 'Coinbase Commerce',
  link: 'https://docs.cdp.coinbase.com/commerce-onchain/docs/webhooks-security',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ text }) => text('event.id'),
    type: ({ text }) => text('event.type'),
    subject: ({ ids }) => ids['code'],
    time: ({ text }) => text('event.created_at'),
  },
  reply: () => ({ status: 200, body: '' }),
  samples: ['charge:created', 'charge:confirmed'].map((type) => ({
    type,
    body: {
      id: 1,
      scheduled_for: '2026-01-01T00:01:00Z',
      attempt_number: 1,
      event: {
        id: '24934862-d980-46cb-9402-43c81b0cdba6',
        type,
        api_version: '2018-03-22',
        created_at: '2026-01-01T00:00:00Z',
        data: { code: '66BEOV2A', name: 'The Sovereign Individual', pricing_type: 'no_price' },
      },
    },
    idPath: 'event.id',
  })),
})
