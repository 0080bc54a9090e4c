import { z } from 'zod'
import type { VerifiedDelivery } from '../domain/delivery.js'
import { AppError } from '../domain/errors.js'
import { signedUrlField, webhookFields } from './engine/fields.js'
import { formBody, parseForm } from './engine/form.js'
import { idRules } from './engine/ids.js'
import { type Proof, secretAt, signatureProof } from './engine/proof.js'
import { joined } from './engine/reading.js'
import { type Secret, secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { type SignatureScheme, signWith } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { malformed } from './engine/verified.js'
import { mandrillSamples } from './samples/mandrill.js'

/*
 * Mailchimp Transactional (Mandrill). https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/,
 * read 2026-11-21. Signed: the URL as it is registered, then name and value of each form field in order of the names.
 * No time is signed.
 * Dedupe: event, `_id` of the message and time, all signed, and what was clicked from where; for events without `_id` the
 * digest of the item.
 * Handshake: an unsigned HEAD when the webhook is made, answered 200. A test may also be a signed list without events.
 * Sent again for some hours after anything but 200.
 */
function scheme(url: string): SignatureScheme {
  return {
    hash: 'sha1',
    signature: { header: 'x-mandrill-signature', encoding: 'base64' },
    message: compileMessage('{url}{form:sorted}'),
    url,
  }
}

const options = z.strictObject({ secret: secretField(), url: signedUrlField, ...webhookFields('25MB') })

const field = 'mandrill_events'

function proof(signed: SignatureScheme, secrets: readonly Secret[]): Proof {
  return {
    ...signatureProof(signed, secrets),
    /** Samples are the list of events, which Mandrill puts into a form. */
    sign({ body, id, secretIndex = 0 }, now) {
      const form = body[0] === 0x5b ? formBody(field, body) : Buffer.from(body)
      const headers = signWith(signed, secretAt(secrets, secretIndex), { body: form, id }, now)
      return { headers, body: form }
    },
  }
}

function isEmpty(verified: VerifiedDelivery): boolean {
  try {
    const events = verified.json()
    return Array.isArray(events) && events.length === 0
  } catch (cause) {
    if (cause instanceof AppError) return false // `events` says what is wrong with it
    throw cause
  }
}

export const mandrill = defineSender({
  kind: 'mandrill',
  title: 'Mandrill',
  link: 'https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/',
  options,
  proof: ({ secret, url }, context) => proof(scheme(url ?? context.url), secret),
  greetingMethods: ['HEAD'],
  greet: ({ method }) => (method === 'HEAD' ? { status: 200, body: '' } : undefined),
  content: (body) => parseForm(body).get(field) ?? Buffer.alloc(0),
  handshake: (verified) => (isEmpty(verified) ? { status: 200, body: '' } : undefined),
  items(body) {
    if (Array.isArray(body)) return body
    throw malformed(`${field} is not a list of events`)
  },
  ids: idRules({ message: ['[0-9a-f]{20,40}', '_id', 'msg._id'] }),
  event: {
    id: ({ text }) =>
      joined(':', text('event'), text('_id'), text('ts'), text('url') ?? '', text('ip') ?? ''),
    type: ({ text }) => text('event') ?? text('type'),
    subject: ({ ids }) => ids['message'],
    time: ({ text }) => text('ts'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': 'Mandrill-Webhook/1.0',
  }),
  samples: mandrillSamples,
})
