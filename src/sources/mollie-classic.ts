import { z } from 'zod'
import type { VerifiedDelivery } from '../domain/delivery.js'
import type { JsonObject } from '../util/json.js'
import { webhookFields } from './engine/fields.js'
import { parseForm } from './engine/form.js'
import { idRules } from './engine/ids.js'
import { tokenProof } from './engine/proof.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { malformed } from './engine/verified.js'

/*
 * Mollie, classic webhooks. https://docs.mollie.com/reference/webhooks, read 2026-11-21. Signed: nothing, by design: the
 * form has an id and no more, and what it says has to be read from the API with a tool. A token in the URL keeps
 * strangers from waking agents: `…/hooks/payments?token=…`.
 * A payment changes several times and the form is the same each time, so each delivery is an event.
 * Must be answered within 15 s; sent again ten times in 26 hours.
 */
const options = z.strictObject({ secret: secretField({ isToken: true }), ...webhookFields('16KB') })

const rules = idRules({
  payment: ['tr_[A-Za-z0-9]{4,40}', 'id'],
  order: ['ord_[A-Za-z0-9.]{4,40}', 'id'],
  subscription: ['sub_[A-Za-z0-9]{4,40}', 'subscriptionId'],
})

const idPattern = /^[a-z]{2,5}_[A-Za-z0-9.]{4,40}$/

/** The ids of the form; nothing else in it counts. */
function fieldsOf({ delivery }: VerifiedDelivery): JsonObject {
  const fields: JsonObject = {}
  const form = parseForm(delivery.body)
  for (const name of ['id', 'subscriptionId'] as const) {
    const value = form.get(name)?.toString('latin1')
    if (value !== undefined && idPattern.test(value)) fields[name] = value
  }
  if (fields['id'] === undefined) throw malformed('the form has no id of Mollie’s')
  return fields
}

export const mollieClassic = defineSender({
  kind: 'mollie-classic',
  title: 'Mollie, classic webhooks',
  link: 'https://docs.mollie.com/reference/webhooks',
  options,
  proof: ({ secret }) => tokenProof({ query: 'token' }, secret),
  body: fieldsOf,
  ids: rules,
  event: {
    id: ({ delivery }) => delivery.id,
    isIdAuthentic: true,
    type: ({ ids }) => (ids['payment'] ? 'payment.changed' : ids['order'] ? 'order.changed' : 'changed'),
    subject: ({ text }) => text('id'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': 'Mollie HTTP client/1.0',
  }),
  samples: [{ type: 'payment.changed', body: 'id=tr_d0b0E3EA3v', idText: 'tr_d0b0E3EA3v' }],
})
