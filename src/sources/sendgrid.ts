import { z } from 'zod'
import { durationField, webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { publicKeyField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { defaultToleranceMs } from './engine/timestamp.js'
import { malformed } from './engine/verified.js'
import { sendgridSamples } from './samples/sendgrid.js'

/*
 * Twilio SendGrid, Event Webhook.
 * https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features, read
 * 2026-11-21. Signed by ECDSA P-256: `{timestamp}{body}`; the body ends in CRLF, which is part of it.
 * Dedupe: `sg_event_id` of each event, signed.
 * Sent again for 24 hours after anything but 2xx. Whether with a new time is not documented, so the time may be a day
 * old; the signed ids keep an old delivery from being new events.
 * Inbound Parse is signed the same way if it is told to, but comes as multipart, which is not read here.
 */
function scheme(toleranceMs: number): SignatureScheme {
  return {
    algorithm: 'ecdsa-p256',
    hash: 'sha256',
    signature: { header: 'x-twilio-email-event-webhook-signature', encoding: 'base64' },
    message: compileMessage('{timestamp}{body}'),
    timestamp: {
      header: 'x-twilio-email-event-webhook-timestamp',
      unit: 's',
      tolerance: { pastMs: toleranceMs, futureMs: Math.min(toleranceMs, defaultToleranceMs) },
    },
  }
}

const options = z.strictObject({
  public_key: publicKeyField('ecdsa-p256'),
  tolerance: durationField(1000, 86_400_000, 'from 1s to 1d').prefault('1d').transform(scheme),
  ...webhookFields('4MB'),
})

const rules = idRules({
  event: ['[A-Za-z0-9_=-]{16,100}', 'sg_event_id'],
  message: ['[A-Za-z0-9_.-]{16,200}', 'sg_message_id'],
  unsubscribe_group: ['[1-9][0-9]{0,9}', 'asm_group_id'],
})

export const sendgrid = defineSender({
  kind: 'sendgrid',
  title: 'SendGrid',
  link: 'https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features',
  options,
  proof: ({ public_key, tolerance }) => signatureProof(tolerance, public_key),
  items(body) {
    if (Array.isArray(body)) return body
    throw malformed('the body is not a list of events')
  },
  ids: rules,
  event: {
    id: ({ text }) => text('sg_event_id'),
    type: ({ text }) => text('event'),
    subject: ({ text }) => text('sg_message_id'),
    time: ({ text }) => text('timestamp'),
  },
  samples: sendgridSamples,
})
