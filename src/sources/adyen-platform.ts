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
 * Adyen, webhooks of Adyen for Platforms, balance platforms and management, which sign the whole body; `adyen` is for
 * those of payments. https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures, read
 * 2026-11-21. Signed: the body, the key in hex. No time is signed.
 * Dedupe: `data.id` is the object's and not the event's, so the digest of the body stands for the event.
 * Any 2xx within 10 s; tried again for 30 days, while the rest of the queue waits.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'hmacsignature', encoding: 'base64' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField({ encoding: 'hex' }), ...webhookFields('1MB') })

const id = '[A-Z0-9]{10,60}'
const rules = idRules({
  account_holder: [`AH${id}`, 'data.accountHolder.id', 'data.accountHolderId', 'data.id'],
  balance_account: [`BA${id}`, 'data.balanceAccount.id', 'data.balanceAccountId', 'data.id'],
  payment_instrument: [`PI${id}`, 'data.paymentInstrument.id', 'data.paymentInstrumentId', 'data.id'],
  legal_entity: [`LE${id}`, 'data.accountHolder.legalEntityId', 'data.legalEntityId', 'data.id'],
  object: [id, 'data.id'],
})

export const adyenPlatform = defineSender({
  kind: 'adyen-platform',
  title: 'Adyen, platforms and management',
  link: 'https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  body: jsonObject,
  ids: rules,
  event: {
    type: ({ text }) => text('type'),
    subject: ({ ids, text }) => ids['account_holder'] ?? ids['balance_account'] ?? text('data.id'),
    time: ({ text }) => text('timestamp') ?? text('createdAt'),
  },
  headers: () => ({ protocol: 'HmacSHA256', 'user-agent': 'Adyen HttpClient 1.0' }),
  samples: [
    {
      type: 'balancePlatform.accountHolder.created',
      body: {
        data: {
          balancePlatform: 'AcmePlatform',
          accountHolder: {
            id: 'AH3227C223222B5FN65FN5NS9',
            legalEntityId: 'LE3227C223222B5FN65F25KBN',
            status: 'active',
          },
        },
        environment: 'test',
        timestamp: '2026-01-01T01:00:00+01:00',
        type: 'balancePlatform.accountHolder.created',
      },
    },
    {
      type: 'balancePlatform.transfer.updated',
      body: {
        data: {
          id: '4QYF5I65C22WKA5K',
          balanceAccount: { id: 'BA3227C223222B5FN65FP5NS3' },
          accountHolder: { id: 'AH3227C223222B5FN65FN5NS9' },
          amount: { currency: 'EUR', value: 4900 },
          direction: 'incoming',
          sequenceNumber: 2,
          status: 'booked',
        },
        environment: 'test',
        timestamp: '2026-01-01T01:00:00+01:00',
        type: 'balancePlatform.transfer.updated',
      },
    },
  ],
})
