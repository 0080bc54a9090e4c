import { z } from 'zod'
import type { EventDraft } from '../domain/event.js'
import type { JsonObject } from '../util/json.js'
import { compilePath, scalarText, valueAt } from '../util/path.js'
import { toleranceField, webhookFields } from './fields.js'
import { idRules, mergeIdRules, readIds, ruleNames } from './ids.js'
import { type HmacScheme, signHmac, verifyHmac } from './scheme-hmac.js'
import { secretField } from './secret.js'
import { defineWebhookKind } from './source.js'
import { stripeSamples } from './stripe-samples.js'
import { compileMessage } from './template.js'
import { parseAnyTime } from './time.js'
import { jsonObject, malformed, verifiedDelivery } from './verified.js'

/*
 * Stripe, snapshot events (v1) and thin events (v2). https://docs.stripe.com/webhooks#verify-manually, read
 * 2026-11-21. Signed: `{t}.{body}` with the secret as it is shown, `whsec_` included. `v0` is a fake scheme
 * of test mode and ignored. Every retry is signed anew with a new time, so five minutes are enough.
 * Dedupe: the body's `id` (evt_…), signed, the same on each retry and in GET /v1/events.
 * Retries: for three days in live mode.
 */
function scheme(toleranceMs: number): HmacScheme {
  return {
    hash: 'sha256',
    signature: {
      header: 'stripe-signature',
      listSeparator: ',',
      pairs: { separator: '=', select: ['v1'] },
      prefix: '',
      encoding: 'hex',
    },
    message: compileMessage('{timestamp}.{body}'),
    timestamp: { pair: 't', unit: 's', tolerance: { pastMs: toleranceMs, futureMs: toleranceMs } },
    idHeader: undefined,
  }
}

const options = z.strictObject({
  secret: secretField({ knownPrefix: 'whsec_' }),
  tolerance: toleranceField.transform(scheme),
  ...webhookFields('1MB'),
})

/** The object itself, or what it points to; `related_object` is the thin form of the object. */
const own = ['data.object.id', 'related_object.id'] as const
const rules = idRules({
  event: ['evt_[A-Za-z0-9_]+', 'id'],
  account: ['acct_[A-Za-z0-9]+', 'account', 'context'],
  charge: ['(ch|py)_[A-Za-z0-9]+', 'data.object.charge', 'data.object.latest_charge', ...own],
  customer: ['cus_[A-Za-z0-9]+', 'data.object.customer', ...own],
  payment_intent: ['pi_[A-Za-z0-9]+', 'data.object.payment_intent', ...own],
  setup_intent: ['seti_[A-Za-z0-9]+', 'data.object.setup_intent', ...own],
  payment_method: ['(pm|card|src)_[A-Za-z0-9]+', 'data.object.payment_method', ...own],
  dispute: ['(dp|du)_[A-Za-z0-9]+', ...own],
  refund: ['(re|pyr)_[A-Za-z0-9]+', ...own],
  invoice: ['in_[A-Za-z0-9]+', 'data.object.invoice', ...own],
  subscription: [
    'sub_[A-Za-z0-9]+',
    'data.object.subscription',
    'data.object.parent.subscription_details.subscription',
    ...own,
  ],
  checkout_session: ['cs_(test|live)_[A-Za-z0-9]+', ...own],
  payout: ['po_[A-Za-z0-9]+', ...own],
})

const objectId = compilePath('data.object.id')
const relatedId = compilePath('related_object.id')

/** Two disputes on one charge are two subjects; thin events name the object under `related_object`. */
function subjectOf(data: JsonObject): string | undefined {
  return scalarText(valueAt(data, objectId)) ?? scalarText(valueAt(data, relatedId))
}

export const stripe = defineWebhookKind({
  kind: 'stripe',
  title: 'Stripe',
  link: 'https://docs.stripe.com/webhooks#verify-manually',
  options,
  idNames: ({ ids }) => ruleNames(rules, ids),
  maxBodyBytes: ({ max_body }) => max_body,
  verify(delivery, { secret, tolerance }, now) {
    return verifiedDelivery(delivery, verifyHmac(tolerance, secret, delivery, now).secretIndex)
  },
  events(verified, { ids }): EventDraft[] {
    const data = jsonObject(verified)
    const { id, type } = data
    if (typeof id !== 'string' || id === '') throw malformed('the event has no id')
    const created = scalarText(data['created'])
    return [
      {
        sourceEventId: id,
        type: typeof type === 'string' && type !== '' ? type : 'event',
        subject: subjectOf(data),
        time: (created === undefined ? undefined : parseAnyTime(created)) ?? verified.delivery.receivedAt,
        ids: readIds(mergeIdRules(rules, ids), data),
      },
    ]
  },
  sign({ body, id, secretIndex = 0 }, { secret, tolerance }, now) {
    const key = secret[secretIndex]
    if (!key) return {}
    return {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      ...signHmac(tolerance, key, { body, id }, now),
    }
  },
  samples: stripeSamples,
})
