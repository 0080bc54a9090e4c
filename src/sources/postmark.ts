import { z } from 'zod'
import { userField } from './engine/credentials.js'
import { headerField, webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { basicProof, tokenProof } from './engine/proof.js'
import { joined, type Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { jsonObject } from './engine/verified.js'
import { postmarkSamples } from './samples/postmark.js'

/*
 * Postmark. https://postmarkapp.com/developer/webhooks/webhooks-overview#protecting-your-webhook, read 2026-11-21.
 * Nothing is signed: the webhook has basic credentials, or a header of your own with a token.
 * Dedupe: `ID` of bounces and spam complaints, `MessageID` of inbound mail. The others have no id of their own (one
 * message has a delivery for each recipient), so the digest of the body stands for them.
 * Inbound and bounce webhooks are sent again ten times within 10.5 hours, others three times; 403 stops it.
 */
const options = z
  .strictObject({
    secret: secretField({ isToken: true }),
    user: userField.optional(),
    header: headerField.optional().describe('The header with the token; `secret` is the token.'),
    ...webhookFields('40MB'),
  })
  .refine(({ user, header }) => (user === undefined) !== (header === undefined), {
    error: 'needs user (basic credentials) or header (a token in a header of yours), and not both',
  })

const rules = idRules({
  message: ['[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'MessageID'],
  bounce: ['[1-9][0-9]{0,19}', 'ID'],
  server: ['[1-9][0-9]{0,9}', 'ServerID', 'ServerId'],
})

/** Mail that came in has no `RecordType`. */
function typeOf({ text }: Reading): string | undefined {
  const isInbound = text('MessageStream') === 'inbound' || text('OriginalRecipient') !== undefined
  return text('RecordType') ?? (isInbound ? 'Inbound' : undefined)
}

export const postmark = defineSender({
  kind: 'postmark',
  title: 'Postmark',
  link: 'https://postmarkapp.com/developer/webhooks/webhooks-overview#protecting-your-webhook',
  options,
  proof: ({ secret, user, header = '' }) =>
    user === undefined ? tokenProof({ header }, secret) : basicProof(user, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id(reading) {
      const type = typeOf(reading)
      return joined(
        ':',
        type,
        reading.text('ID') ?? (type === 'Inbound' ? reading.text('MessageID') : undefined),
      )
    },
    isIdAuthentic: true,
    type: typeOf,
    subject: ({ text }) => text('MessageID'),
    time: ({ text }) => text('BouncedAt') ?? text('DeliveredAt') ?? text('ReceivedAt') ?? text('ChangedAt'),
  },
  headers: () => ({ 'user-agent': 'Postmark' }),
  samples: postmarkSamples,
})
