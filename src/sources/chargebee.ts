import { z } from 'zod'
import { userField } from './engine/credentials.js'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { basicProof } from './engine/proof.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { jsonObject } from './engine/verified.js'

/*
 * Chargebee. https://www.chargebee.com/docs/billing/2.0/site-configuration/webhook_settings, read 2026-11-21. Signed:
 * nothing; basic credentials say who sends. Dedupe: `id` (ev_…), the same on each retry.
 * Must be answered within 20 s; sent again seven times, after two minutes to two days. Events may come out of order:
 * `content.<object>.resource_version` tells which is newer.
 */
const options = z.strictObject({ user: userField, secret: secretField(), ...webhookFields('1MB') })

const id = '[A-Za-z0-9_-]{1,100}'
const rules = idRules({
  event: ['ev_[A-Za-z0-9_]{5,60}', 'id'],
  customer: [id, 'content.customer.id'],
  subscription: [id, 'content.subscription.id'],
  invoice: [id, 'content.invoice.id'],
  transaction: [id, 'content.transaction.id'],
  credit_note: [id, 'content.credit_note.id'],
})

/** What an event's name begins with: `subscription_renewed`, `payment_failed`. */
const about = ['subscription', 'invoice', 'credit_note', 'transaction', 'customer'] as const

export const chargebee = defineSender({
  kind: 'chargebee',
  title: 'Chargebee',
  link: 'https://www.chargebee.com/docs/billing/2.0/site-configuration/webhook_settings',
  options,
  proof: ({ user, secret }) => basicProof(user, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ text }) => text('id'),
    isIdAuthentic: true,
    type: ({ text }) => text('event_type'),
    subject: ({ ids, text }) => {
      const named = about.find((name) => text('event_type')?.startsWith(name) && ids[name] !== undefined)
      const found = named ?? about.find((name) => ids[name] !== undefined)
      return found === undefined ? undefined : `${found}:${ids[found]}`
    },
    time: ({ text }) => text('occurred_at'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({ 'user-agent': 'ChargeBee' }),
  samples: [
    {
      type: 'payment_failed',
      body: {
        id: 'ev_16BHbhF4s42tO2lK',
        occurred_at: 1767225599,
        source: 'scheduled_job',
        object: 'event',
        api_version: 'v2',
        event_type: 'payment_failed',
        content: {
          transaction: { id: 'txn_16BHbhF4s43Xb2mN', amount: 1000, currency_code: 'USD', status: 'failure' },
          customer: { id: '16BHbhF4s42tO2lJ', object: 'customer', resource_version: 1767225599000 },
        },
      },
      idPath: 'id',
    },
  ],
})
