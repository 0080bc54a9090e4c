import { z } from 'zod'
import type { Delivery, Reply, VerifiedDelivery } from '../domain/delivery.js'
import { VerificationError } from '../domain/errors.js'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { joined } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { type SignatureScheme, verifySignature } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject, readableObject, verifiedDelivery } from './engine/verified.js'
import { mailersendSamples } from './samples/mailersend.js'

/*
 * MailerSend. https://developers.mailersend.com/api/v1/webhooks.html#security, read 2026-11-21. Signed: the body.
 * No time is signed.
 * Dedupe: type and `data.id`, both signed: an SMS has the same id in each of its events.
 * Handshake: `webhook.test`, sent when a webhook is saved, signed with a secret that MailerSend publishes. It proves
 * nothing, so it is answered with an empty 200 and forgotten, and that secret is not accepted as a source's own.
 * Must be answered 2xx within 3 s; sent again after 10 and 100 s; not again after 4xx.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'signature', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const publishedSecret = 'test_Am3L1GuOIc4blLUuHqAPxxwkZaJyEk8G'
const published = { text: publishedSecret, key: Buffer.from(publishedSecret) }

const options = z.strictObject({
  secret: secretField({
    refusedPrefixes: { [publishedSecret]: 'is the one that MailerSend publishes; take that of your webhook' },
  }),
  ...webhookFields('1MB'),
})

const rules = idRules({
  activity: ['[0-9a-f]{24}', 'data.id'],
  email: ['[0-9a-f]{24}', 'data.email.id'],
  message: ['[0-9a-f]{24}', 'data.email.message.id'],
  recipient: ['[0-9a-f]{24}', 'data.email.recipient.id'],
  domain: ['[a-z0-9]{10,32}', 'domain_id'],
})

const accepted: Reply = { status: 200, body: '' }
const longestTest = 2048

function isTest(verified: VerifiedDelivery): boolean {
  const data = readableObject(verified)
  return data?.['type'] === 'webhook.test' && data['data'] === undefined
}

/** What the published secret signs is a test or nothing. */
function greet(delivery: Delivery): Reply | undefined {
  if (delivery.method !== 'POST' || delivery.body.length > longestTest) return undefined
  try {
    verifySignature(scheme, [published], delivery, delivery.receivedAt)
  } catch (cause) {
    if (cause instanceof VerificationError) return undefined
    throw cause
  }
  return isTest(verifiedDelivery(delivery, 0)) ? accepted : undefined
}

export const mailersend = defineSender({
  kind: 'mailersend',
  title: 'MailerSend',
  link: 'https://developers.mailersend.com/api/v1/webhooks.html#security',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  greet,
  handshake: (verified) => (isTest(verified) ? accepted : undefined),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ text }) => joined(':', text('type'), text('data.id')),
    type: ({ text }) => text('type'),
    subject: ({ text }) => text('data.email.message.id') ?? text('data.id'),
    time: ({ text }) => text('data.created_at') ?? text('created_at'),
  },
  samples: mailersendSamples,
})
