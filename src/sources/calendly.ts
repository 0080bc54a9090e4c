import { z } from 'zod'
import { toleranceField, webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { joined } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'

/*
 * Calendly. https://developer.calendly.com/api-docs/4c305798a61d3-webhook-signatures, read 2026-11-21.
 * Signed: `{t}.{body}`. Dedupe: Calendly gives no id of an event; what it is about, its name and its time, signed.
 * Sent again for 24 hours with growing delays; whether the time is of the attempt is not said.
 */
function scheme(toleranceMs: number): SignatureScheme {
  return {
    hash: 'sha256',
    signature: {
      header: 'calendly-webhook-signature',
      listSeparator: ',',
      pairs: { separator: '=', select: ['v1'] },
      encoding: 'hex',
    },
    message: compileMessage('{timestamp}.{body}'),
    timestamp: { pair: 't', unit: 's', tolerance: { pastMs: toleranceMs, futureMs: toleranceMs } },
  }
}

const options = z.strictObject({
  secret: secretField(),
  tolerance: toleranceField.transform(scheme),
  ...webhookFields('1MB'),
})

const id = '[0-9A-Za-z-]{16,36}'
const api = 'https://api\\.calendly\\.com'
const rules = idRules({
  invitee: [`${api}/scheduled_events/${id}/invitees/${id}`, 'payload.uri'],
  scheduled_event: [`${api}/scheduled_events/${id}`, 'payload.scheduled_event.uri', 'payload.event'],
  user: [`${api}/users/${id}`, 'created_by'],
})

export const calendly = defineSender({
  kind: 'calendly',
  title: 'Calendly',
  link: 'https://developer.calendly.com/api-docs/4c305798a61d3-webhook-signatures',
  options,
  proof: ({ secret, tolerance }) => signatureProof(tolerance, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ text }) => joined('/', text('event'), text('payload.uri'), text('created_at')),
    type: ({ text }) => text('event'),
    subject: ({ ids, text }) => ids['scheduled_event'] ?? text('payload.uri'),
    time: ({ text }) => text('created_at'),
  },
  headers: () => ({ 'user-agent': 'Calendly' }),
  samples: ['invitee.created', 'invitee.canceled'].map((type) => ({
    type,
    body: {
      created_at: '2026-01-01T00:00:00.000000Z',
      created_by: 'https://api.calendly.com/users/AAAAAAAAAAAAAAAA',
      event: type,
      payload: {
        uri: 'https://api.calendly.com/scheduled_events/GBGBDCAADAEDCRZ2/invitees/AAAAAAAAAAAAAAAA',
        event: 'https://api.calendly.com/scheduled_events/GBGBDCAADAEDCRZ2',
        name: 'Ada Example',
        status: type === 'invitee.created' ? 'active' : 'canceled',
        timezone: 'Europe/Berlin',
      },
    },
  })),
})
