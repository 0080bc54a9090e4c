import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Minimal forms of Stripe's published objects (github.com/stripe/openapi, fixtures3.json, MIT). */

function event(type: string, object: JsonObject): Sample {
  return {
    type,
    idPath: 'id',
    body: {
      id: 'evt_1PgZ2xLkdIwHu7ix0tX5Qh3B',
      object: 'event',
      api_version: '2025-09-30.clover',
      created: 1_767_225_600,
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type,
      data: { object },
    },
  }
}

const charge: JsonObject = {
  id: 'ch_3PgZ1tLkdIwHu7ix1Rm3cP4s',
  object: 'charge',
  amount: 4900,
  amount_captured: 4900,
  amount_refunded: 0,
  currency: 'usd',
  customer: 'cus_QXg1o8vcGmoR32',
  payment_intent: 'pi_3PgZ1tLkdIwHu7ix1wXl0o8T',
  paid: true,
  refunded: false,
  status: 'succeeded',
}

const paymentIntent: JsonObject = {
  id: 'pi_3PgZ1tLkdIwHu7ix1wXl0o8T',
  object: 'payment_intent',
  amount: 4900,
  currency: 'usd',
  customer: 'cus_QXg1o8vcGmoR32',
  latest_charge: 'ch_3PgZ1tLkdIwHu7ix1Rm3cP4s',
}

export const stripeSamples: readonly Sample[] = [
  event('charge.dispute.created', {
    id: 'du_1PgZ2wLkdIwHu7ixM3dN8kQe',
    object: 'dispute',
    amount: 4900,
    charge: 'ch_3PgZ1tLkdIwHu7ix1Rm3cP4s',
    created: 1_767_225_598,
    currency: 'usd',
    evidence_details: { due_by: 1_767_916_799, has_evidence: false, past_due: false, submission_count: 0 },
    is_charge_refundable: true,
    payment_intent: 'pi_3PgZ1tLkdIwHu7ix1wXl0o8T',
    reason: 'product_not_received',
    status: 'needs_response',
  }),
  event('charge.refunded', { ...charge, amount_refunded: 4900, refunded: true }),
  event('payment_intent.succeeded', { ...paymentIntent, amount_received: 4900, status: 'succeeded' }),
  event('payment_intent.payment_failed', {
    ...paymentIntent,
    amount_received: 0,
    status: 'requires_payment_method',
    last_payment_error: { code: 'card_declined', decline_code: 'insufficient_funds', type: 'card_error' },
  }),
  event('invoice.payment_failed', {
    id: 'in_1PgZ3cLkdIwHu7ixZ7Gd1qYw',
    object: 'invoice',
    amount_due: 2000,
    amount_paid: 0,
    amount_remaining: 2000,
    attempt_count: 1,
    attempted: true,
    billing_reason: 'subscription_cycle',
    currency: 'usd',
    customer: 'cus_QXg1o8vcGmoR32',
    next_payment_attempt: 1_767_484_800,
    parent: {
      type: 'subscription_details',
      subscription_details: { subscription: 'sub_1PgZ0aLkdIwHu7ixW5vJmT2n' },
    },
    status: 'open',
  }),
  event('customer.subscription.deleted', {
    id: 'sub_1PgZ0aLkdIwHu7ixW5vJmT2n',
    object: 'subscription',
    cancel_at_period_end: false,
    canceled_at: 1_767_225_600,
    cancellation_details: { comment: null, feedback: null, reason: 'payment_failed' },
    currency: 'usd',
    customer: 'cus_QXg1o8vcGmoR32',
    status: 'canceled',
  }),
  event('checkout.session.completed', {
    id: 'cs_test_a1YS1URlnyQCN5fUUduORoQ7Pw41PJqDWkIVQCpJPqkfIhd6tVY8XB1OLY',
    object: 'checkout.session',
    amount_total: 4900,
    currency: 'usd',
    customer: 'cus_QXg1o8vcGmoR32',
    mode: 'payment',
    payment_intent: 'pi_3PgZ1tLkdIwHu7ix1wXl0o8T',
    payment_status: 'paid',
    status: 'complete',
  }),
]
