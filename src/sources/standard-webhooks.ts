import { z } from 'zod'
import type { EventDraft } from '../domain/event.js'
import { scalarText, valueAt } from '../util/path.js'
import { pathField, toleranceField, webhookFields } from './fields.js'
import { plainHeader } from './headers.js'
import { readIds, ruleNames } from './ids.js'
import { signHmac, verifyHmac } from './scheme-hmac.js'
import { defineWebhookKind } from './source.js'
import { namesOf, standardScheme, standardSecretField } from './standard-scheme.js'
import { parseAnyTime } from './time.js'
import { jsonObject, verifiedDelivery } from './verified.js'

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

export const standardWebhooks = defineWebhookKind({
  kind: 'standard-webhooks',
  title: 'Standard Webhooks and Svix',
  link: 'https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md',
  options,
  idNames: ({ ids }) => ruleNames(ids),
  maxBodyBytes: ({ max_body }) => max_body,
  verify(delivery, { secret, tolerance }, now) {
    const scheme = standardScheme(namesOf(delivery), tolerance)
    return verifiedDelivery(delivery, verifyHmac(scheme, secret, delivery, now).secretIndex)
  },
  events(verified, { ids, subject }): EventDraft[] {
    const { delivery } = verified
    const data = jsonObject(verified)
    const names = namesOf(delivery)
    const time = scalarText(data['timestamp']) ?? plainHeader(delivery, `${names}-timestamp`) ?? ''
    const { type } = data
    return [
      {
        sourceEventId: plainHeader(delivery, `${names}-id`),
        isIdAuthentic: true, // it is part of what is signed
        type: typeof type === 'string' && type !== '' ? type : 'event',
        subject: scalarText(valueAt(data, subject)),
        time: parseAnyTime(time) ?? delivery.receivedAt,
        ids: readIds(ids, data),
      },
    ]
  },
  sign({ body, id, secretIndex = 0 }, { secret, tolerance }, now) {
    const key = secret[secretIndex]
    if (!key) return {}
    return {
      'content-type': 'application/json',
      'user-agent': 'Standard-Webhooks/1.0',
      ...signHmac(standardScheme('webhook', tolerance), key, { body, id: id.replaceAll('.', '-') }, now),
    }
  },
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
