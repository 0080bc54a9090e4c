import { z } from 'zod'
import { toleranceField, webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject, malformed } from './engine/verified.js'
import { stripeSamples } from './samples/stripe.js'

/*
 * Stripe, snapshot events (v1) and thin events (v2). https://docs.stripe.com/webhooks#verify-manually, read
 * 2026-11-21. Signed: `{t}.{body}` with the secret as it is shown, `whsec_` included. `v0` is a fake scheme
 * of test mode and ignored. Every retry is signed anew with a new time, so five minutes are enough.
 * Dedupe: the body's `id` (evt_…), signed, the same on each retry and in GET /v1/events.
 * Retries: for three days in live mode.
 */
function scheme(toleranceMs: number): SignatureScheme {
  return {
    hash: 'sha256',
    signature: {
      header: 'stripe-signature',
      listSeparator: ',',
      pairs: { separator: '=', select: ['v1'] },
      encoding: 'hex',
    },
    message: compileMessage('{timestamp}.{body}'),
    timestamp: { pair: 't', unit: 's', tolerance: { pastMs: toleranceMs, futureMs: toleranceMs } },
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

export const stripe = defineSender({
  kind: 'stripe',
  title: 'Stripe',
  link: 'https://docs.stripe.com/webhooks#verify-manually',
  options,
  proof: ({ secret, tolerance }) => signatureProof(tolerance, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id({ object }) {
      const id = object('')?.['id']
      if (typeof id !== 'string' || id === '') throw malformed('the event has no id')
      return id
    },
    type: ({ text }) => text('type'),
    // Two disputes on one charge are two subjects; thin events name the object under `related_object`.
    subject: ({ text }) => text('data.object.id') ?? text('related_object.id'),
    time: ({ text }) => text('created'),
  },
  headers: () => ({
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
  }),
  samples: stripeSamples,
})
