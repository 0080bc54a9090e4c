import { z } from 'zod'
import { scalarText, valueAt } from '../util/path.js'
import { pathField, toleranceField, webhookFields } from './engine/fields.js'
import { defineSender } from './engine/sender.js'
import { namesOf, standardProof, standardSecretField } from './engine/standard-scheme.js'
import { jsonObject } from './engine/verified.js'

/*
 * Any sender that follows Standard Webhooks, or Svix (Clerk, Resend, Brex, …).
 * https://github.com/standard-webhooks/standard-webhooks, spec read 2026-11-21. Signed: see standard-scheme.ts.
 * Dedupe: `webhook-id` / `svix-id`, signed, the same over all retries; the time is of the attempt.
 * `type` and `data.id` are conventions of the specification. Which ids are the system's only the user can say.
 */
const options = z.strictObject({
  secret: standardSecretField,
  tolerance: toleranceField,
  subject: pathField.prefault('data.id'),
  ...webhookFields('1MB'),
})

export const standardWebhooks = defineSender({
  kind: 'standard-webhooks',
  title: 'Standard Webhooks and Svix',
  link: 'https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md',
  options,
  proof: ({ secret, tolerance }) => standardProof(secret, tolerance),
  body: jsonObject,
  ids: [],
  event: {
    id: ({ delivery, header }) => header(`${namesOf(delivery)}-id`),
    isIdAuthentic: true, // it is part of what is signed
    type: ({ text }) => text('type'),
    subject: ({ data }, { subject }) => scalarText(valueAt(data, subject)),
    time: ({ delivery, text, header }) => text('timestamp') ?? header(`${namesOf(delivery)}-timestamp`),
  },
  headers: () => ({ 'user-agent': 'Standard-Webhooks/1.0' }),
  samples: [
    {
      type: 'user.created',
      body: {
        type: 'user.created',
        timestamp: '2026-01-01T00:00:00Z',
        data: { id: 'user_1f9GXqOkiK2xZ4', name: 'Ada Example' },
      },
    },
  ],
})
