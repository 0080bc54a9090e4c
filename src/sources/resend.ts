import { idRules, readIds, ruleNames } from './engine/ids.js'
import { defineStandardSender } from './engine/standard-sender.js'

/*
 * Resend, by Svix. https://resend.com/docs/dashboard/webhooks/introduction, read 2026-11-21. Signed: id, time, body.
 * Dedupe: `svix-id`, signed, the same on each retry; the time is of the attempt. An email has several events of one
 * type (each link that is clicked), so its own id is no key. Any 2xx; eight attempts over 28 hours.
 * `email.received` brings no text: a tool has to fetch it by `email`.
 */
const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'

/** What `data.id` is depends on the type. */
const rulesByObject = {
  contact: idRules({ contact: [uuid, 'data.id'] }),
  domain: idRules({ domain: [uuid, 'data.id'] }),
} as const

const data = {
  email_id: '56761188-7520-42d8-8898-ff6fc54ce618',
  from: 'Acme <hello@acme.example>',
  to: ['ada@example.com'],
  subject: 'Your order',
  created_at: '2026-01-01T00:00:00.000Z',
}
const created_at = '2026-01-01T00:00:02.000Z'

export const resend = defineStandardSender({
  kind: 'resend',
  title: 'Resend',
  link: 'https://resend.com/docs/dashboard/webhooks/introduction',
  agent: 'Svix-Webhooks/1.24',
  ids: idRules({
    email: [uuid, 'data.email_id'],
    broadcast: [uuid, 'data.broadcast_id'],
    audience: [uuid, 'data.audience_id'],
  }),
  refineIds({ data, ids, text }) {
    const type = text('type')?.split('.')[0]
    return type === 'contact' || type === 'domain' ? { ...ids, ...readIds(rulesByObject[type], data) } : ids
  },
  moreIdNames: ruleNames(...Object.values(rulesByObject)),
  subject: ({ ids }) => ids['email'] ?? ids['contact'] ?? ids['domain'],
  time: ({ text }) => text('created_at'),
  samples: [
    {
      type: 'email.bounced',
      body: {
        type: 'email.bounced',
        created_at,
        data: {
          ...data,
          bounce: { type: 'Permanent', subType: 'General', message: 'The mailbox does not exist.' },
        },
      },
    },
    { type: 'email.complained', body: { type: 'email.complained', created_at, data } },
    {
      type: 'email.received',
      body: { type: 'email.received', created_at, data: { ...data, cc: [], bcc: [], attachments: [] } },
    },
  ],
})
