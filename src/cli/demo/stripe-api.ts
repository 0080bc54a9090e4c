import type { JsonObject, JsonValue } from '../../util/json.js'
import { type ApiAnswer, type ApiRequest, KeptAnswers, type LocalApi, startApi } from './api.js'
import { type Claim, claim, laterClaim } from './cast.js'

const day = 86_400

export interface StripeApi extends LocalApi {
  /** Makes the next refund and keeps its answer back. Resolves when the refund is made. */
  holdNextAnswer(): Promise<void>
  /** The key of each request for a refund, in order; empty where there was none. */
  readonly refundKeys: readonly string[]
}

export function disputeObject(of: Claim, now: number): JsonObject {
  return {
    id: of.dispute,
    object: 'dispute',
    amount: of.disputed,
    charge: of.charge,
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
    payment_intent: of.paymentIntent,
    reason: 'product_not_received',
    status: 'warning_needs_response',
  }
}

export async function startStripe(secretKey: string, now: number): Promise<StripeApi> {
  const kept = new KeptAnswers()
  const refunded = new Map<string, number>()
  const refundedOf = ({ charge }: Claim) => refunded.get(charge) ?? 0
  const refundKeys: string[] = []
  let onHeld: (() => void) | undefined

  const reads = ({ path, query }: ApiRequest): JsonValue | undefined => {
    const [, kind, id] = /^\/v1\/(disputes|charges|customers)\/(\w+)$/.exec(path) ?? []
    if (kind === 'disputes') return disputeObject(claimWith({ dispute: id }), now)
    if (kind === 'customers') return customerObject(claimWith({ customer: id }), now)
    const of = claimWith(
      kind === 'charges' ? { charge: id } : { customer: query.get('customer') ?? undefined },
    )
    if (kind === 'charges') return chargeObject(of, now, refundedOf(of))
    if (path !== '/v1/charges') return undefined
    return { object: 'list', data: [chargeObject(of, now, refundedOf(of))], has_more: false }
  }

  const refund = ({ body }: ApiRequest): ApiAnswer => {
    const form = new URLSearchParams(body)
    const wanted = Number(form.get('amount'))
    const of = claimWith({ charge: form.get('charge') ?? undefined })
    if (!(wanted > 0 && wanted <= of.paid - refundedOf(of))) {
      return {
        status: 400,
        json: { error: { type: 'invalid_request_error', code: 'charge_already_refunded' } },
      }
    }
    refunded.set(of.charge, refundedOf(of) + wanted)
    const json = {
      id: 're_3SPw2bLkdIwHu7ix0UfV6mYc',
      object: 'refund',
      status: 'succeeded',
      amount: wanted,
      currency: 'usd',
      charge: of.charge,
    }
    return { status: 200, json }
  }

  const api = await startApi({
    name: 'Stripe',
    authorization: `Bearer ${secretKey}`,
    async answer(request, happened) {
      const json = request.method === 'GET' ? reads(request) : undefined
      if (json !== undefined) return { status: 200, json }
      if (request.method !== 'POST') return undefined
      const isRefund = request.path === '/v1/refunds'
      const [, dispute] = /^\/v1\/disputes\/(\w+)$/.exec(request.path) ?? []
      if (!isRefund && dispute === undefined) return undefined
      if (isRefund) refundKeys.push(request.header('idempotency-key') ?? '')
      const answer = await kept.once(request, { 'idempotent-replayed': 'true' }, () => {
        const made = isRefund
          ? refund(request)
          : { status: 200, json: { ...disputeObject(claimWith({ dispute }), now), status: 'under_review' } }
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

/** Who asks for something that is not of the story, as a signed test does, gets the like of it. */
function claimWith(ids: Partial<Pick<Claim, 'dispute' | 'charge' | 'customer'>>): Claim {
  const isIt = (one: Claim) =>
    one.dispute === ids.dispute || one.charge === ids.charge || one.customer === ids.customer
  return [claim, laterClaim].find(isIt) ?? { ...claim, ...ids }
}

function chargeObject(of: Claim, now: number, refunded: number): JsonObject {
  const { paid, person } = of
  return {
    id: of.charge,
    object: 'charge',
    amount: paid,
    amount_refunded: refunded,
    billing_details: { email: emailOf(person), name: person },
    created: Math.floor(now / 1000) - 12 * day,
    currency: 'usd',
    customer: of.customer,
    description: of.order,
    disputed: true,
    outcome: { risk_level: 'normal', type: 'authorized' },
    paid: true,
    receipt_url: 'https://pay.stripe.com/receipts/payment/demo',
    refunded: refunded === paid,
    statement_descriptor: 'ACME HOME',
    status: 'succeeded',
  }
}

function emailOf(person: string): string {
  return `${person.toLowerCase().replace(' ', '.')}@example.com`
}

function customerObject({ customer, person }: Claim, now: number): JsonObject {
  return {
    id: customer,
    object: 'customer',
    created: Math.floor(now / 1000) - 410 * day,
    delinquent: false,
    description: null,
    email: emailOf(person),
    name: person,
  }
}
