import type { JsonObject, JsonValue } from '../../util/json.js'
import { type ApiAnswer, type ApiRequest, KeptAnswers, type LocalApi, startApi } from './api.js'
import { claim } from './cast.js'

const day = 86_400
const { dispute, charge, customer, paid, disputed } = claim

export interface StripeApi extends LocalApi {
  /** Makes the next refund and keeps its answer back. Resolves when the refund is made. */
  holdNextAnswer(): Promise<void>
  /** The key of each request for a refund, in order; empty where there was none. */
  readonly refundKeys: readonly string[]
}

export function disputeObject(now: number): JsonObject {
  return {
    id: dispute,
    object: 'dispute',
    amount: disputed,
    charge,
    created: Math.floor(now / 1000),
    currency: 'usd',
    evidence_details: {
      due_by: Math.floor(now / 1000) + 9 * day,
      has_evidence: false,
      past_due: false,
      submission_count: 0,
    },
    is_charge_refundable: true,
    livemode: false,
    metadata: {},
    payment_intent: claim.paymentIntent,
    reason: 'product_not_received',
    status: 'warning_needs_response',
  }
}

export async function startStripe(secretKey: string, now: number): Promise<StripeApi> {
  const kept = new KeptAnswers()
  let refunded = 0
  const refundKeys: string[] = []
  let onHeld: (() => void) | undefined

  const reads = (path: string): JsonValue | undefined => {
    if (path === `/v1/disputes/${dispute}`) return disputeObject(now)
    if (path === `/v1/charges/${charge}`) return chargeObject(now, refunded)
    if (path === '/v1/charges')
      return { object: 'list', data: [chargeObject(now, refunded)], has_more: false }
    return path === `/v1/customers/${customer}` ? customerObject(now) : undefined
  }

  const refund = ({ body }: ApiRequest): ApiAnswer => {
    const form = new URLSearchParams(body)
    const wanted = Number(form.get('amount'))
    if (form.get('charge') !== charge || !(wanted > 0 && wanted <= paid - refunded)) {
      return {
        status: 400,
        json: { error: { type: 'invalid_request_error', code: 'charge_already_refunded' } },
      }
    }
    refunded += wanted
    const json = {
      id: 're_3SPw2bLkdIwHu7ix0UfV6mYc',
      object: 'refund',
      status: 'succeeded',
      amount: wanted,
      currency: 'usd',
      charge,
    }
    return { status: 200, json }
  }

  const api = await startApi({
    name: 'Stripe',
    authorization: `Bearer ${secretKey}`,
    async answer(request, happened) {
      const json = request.method === 'GET' ? reads(request.path) : undefined
      if (json !== undefined) return { status: 200, json }
      if (request.method !== 'POST') return undefined
      const isRefund = request.path === '/v1/refunds'
      if (!isRefund && request.path !== `/v1/disputes/${dispute}`) return undefined
      if (isRefund) refundKeys.push(request.header('idempotency-key') ?? '')
      const answer = await kept.once(request, { 'idempotent-replayed': 'true' }, () => {
        const made = isRefund
          ? refund(request)
          : { status: 200, json: { ...disputeObject(now), status: 'under_review' } }
        if (made.status === 200) happened()
        return made
      })
      if (isRefund && onHeld) {
        onHeld()
        onHeld = undefined
        await new Promise<never>(() => undefined)
      }
      return answer
    },
  })
  return {
    ...api,
    holdNextAnswer: () =>
      new Promise<void>((resolve) => {
        onHeld = resolve
      }),
    refundKeys,
  }
}

function chargeObject(now: number, refunded: number): JsonObject {
  return {
    id: charge,
    object: 'charge',
    amount: paid,
    amount_refunded: refunded,
    billing_details: { email: 'mara.lindqvist@example.com', name: 'Mara Lindqvist' },
    created: Math.floor(now / 1000) - 12 * day,
    currency: 'usd',
    customer,
    description: 'Order 20418: desk lamp, two shades',
    disputed: true,
    outcome: { risk_level: 'normal', type: 'authorized' },
    paid: true,
    receipt_url: 'https://pay.stripe.com/receipts/payment/demo',
    refunded: refunded === paid,
    statement_descriptor: 'ACME HOME',
    status: 'succeeded',
  }
}

function customerObject(now: number): JsonObject {
  return {
    id: customer,
    object: 'customer',
    created: Math.floor(now / 1000) - 410 * day,
    delinquent: false,
    description: null,
    email: 'mara.lindqvist@example.com',
    name: 'Mara Lindqvist',
  }
}
