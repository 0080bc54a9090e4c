import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small events with the keys that PayPal documents; values are our own. */

function event(type: string, resourceType: string, resource: JsonObject): Sample {
  return {
    type,
    idPath: 'id',
    body: {
      id: 'WH-7YX49823S2290830K-0JE13296W68552352',
      event_version: '1.0',
      create_time: '2026-01-01T00:00:00.000Z',
      resource_type: resourceType,
      resource_version: '2.0',
      event_type: type,
      summary: 'Something happened',
      resource,
    },
  }
}

export const paypalSamples: readonly Sample[] = [
  event('PAYMENT.CAPTURE.COMPLETED', 'capture', {
    id: '42311647XV020574X',
    amount: { currency_code: 'EUR', value: '49.00' },
    final_capture: true,
    status: 'COMPLETED',
    supplementary_data: { related_ids: { order_id: '5O190127TN364715T' } },
  }),
  event('CUSTOMER.DISPUTE.CREATED', 'dispute', {
    dispute_id: 'PP-D-27803',
    reason: 'MERCHANDISE_OR_SERVICE_NOT_RECEIVED',
    status: 'OPEN',
    dispute_amount: { currency_code: 'EUR', value: '49.00' },
    dispute_life_cycle_stage: 'INQUIRY',
  }),
  event('BILLING.SUBSCRIPTION.CANCELLED', 'subscription', {
    id: 'I-BW452GLLEP1G',
    plan_id: 'P-5ML4271244454362WXNWU5NQ',
    status: 'CANCELLED',
  }),
]
