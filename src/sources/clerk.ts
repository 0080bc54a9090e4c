import { idRules } from './engine/ids.js'
import { defineStandardSender } from './engine/standard-sender.js'

/*
 * Clerk, by Svix. https://clerk.com/docs/guides/development/webhooks/overview, read 2026-11-21. Signed: id, time, body.
 * Dedupe: `svix-id`, signed, the same on each retry. Any 2xx; Svix makes eight attempts
 * over 28 hours (its own schedule; Clerk's page names none).
 */
const user = { id: 'user_2NNEqL2nrIRxCBNiiSPAKxvlkEJ', object: 'user' }
const common = { object: 'event', instance_id: 'ins_2NNEqL2nrIRxCBNiiSPAKxvlkEA', timestamp: 1767225600000 }

export const clerk = defineStandardSender({
  kind: 'clerk',
  title: 'Clerk',
  link: 'https://clerk.com/docs/guides/development/webhooks/overview',
  agent: 'Svix-Webhooks/1.24',
  ids: idRules({
    user: ['user_[A-Za-z0-9]+', 'data.user_id', 'data.public_user_data.user_id', 'data.id'],
    organization: ['org_[A-Za-z0-9]+', 'data.organization.id', 'data.organization_id', 'data.id'],
    session: ['sess_[A-Za-z0-9]+', 'data.session_id', 'data.id'],
    membership: ['orgmem_[A-Za-z0-9]+', 'data.id'],
    invitation: ['(orginv|inv)_[A-Za-z0-9]+', 'data.id'],
    instance: ['ins_[A-Za-z0-9]+', 'instance_id'],
  }),
  subject: ({ text }) => text('data.id'),
  time: ({ text }) => text('timestamp'),
  samples: [
    {
      type: 'user.created',
      body: {
        ...common,
        type: 'user.created',
        data: { ...user, first_name: 'Ada', last_name: 'Example', created_at: 1767225600000 },
      },
    },
    { type: 'user.deleted', body: { ...common, type: 'user.deleted', data: { ...user, deleted: true } } },
    {
      type: 'organizationMembership.created',
      body: {
        ...common,
        type: 'organizationMembership.created',
        data: {
          id: 'orgmem_2PabbnM8qfkwVzJz4zTUkDfvQqN',
          object: 'organization_membership',
          role: 'org:member',
          organization: { id: 'org_29w9IptNja3mP8GDXpquBwN2qR9', object: 'organization', name: 'Acme' },
          public_user_data: { user_id: user.id, first_name: 'Ada' },
        },
      },
    },
  ],
})
