import { z } from 'zod'
import { credentialProof, userField } from './engine/credentials.js'
import { headerField, webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { jsonObject } from './engine/verified.js'

/*
 * Freshdesk (and Freshservice) automations. https://support.freshdesk.com/support/solutions/articles/132589, read
 * 2026-11-21. Signed: nothing. A header of one's own has the secret, or basic credentials do where `user` is set.
 * The body is a template that people fill: put ids into it, not words. Dedupe: `id` of the body where there is one,
 * else the digest of the body.
 */
const options = z.strictObject({
  secret: secretField({ isToken: true }),
  user: userField.optional(),
  header: headerField.prefault('x-rouse-token').describe('The header of the webhook that has the secret.'),
  ...webhookFields('1MB'),
})

const number = '[1-9][0-9]{0,19}'
const rules = idRules({
  ticket: [number, 'freshdesk_webhook.ticket_id', 'ticket_id', 'ticket.id'],
  requester: [number, 'freshdesk_webhook.ticket_requester_id', 'requester_id', 'ticket.requester_id'],
  group: [number, 'freshdesk_webhook.ticket_group_id', 'group_id'],
})

export const freshdesk = defineSender({
  kind: 'freshdesk',
  title: 'Freshdesk',
  link: 'https://support.freshdesk.com/support/solutions/articles/132589',
  options,
  proof: (given) => credentialProof({ ...given, prefix: '' }),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ text }) => text('id'),
    isIdAuthentic: true,
    type: ({ text }) => text('type') ?? 'automation',
    subject: ({ ids }) => ids['ticket'],
    time: ({ text }) => text('updated_at') ?? text('freshdesk_webhook.ticket_updated_at'),
  },
  headers: () => ({ 'user-agent': 'Ruby' }),
  samples: [
    {
      type: 'automation',
      body: {
        freshdesk_webhook: {
          ticket_id: 42,
          ticket_subject: 'The invoice is wrong',
          ticket_status: 'Open',
          ticket_requester_id: 35009815412,
        },
      },
    },
  ],
})
