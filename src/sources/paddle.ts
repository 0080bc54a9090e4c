import { z } from 'zod'
import { toleranceField, webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'

/*
 * Paddle Billing. https://developer.paddle.com/webhooks/signature-verification, read 2026-11-21. Signed: `{ts}:{body}`;
 * several `h1` while a secret is rotated, of which any may match (Paddle's own package looks at the last one only).
 * Its package allows 5 s; here it is 5 minutes, as a queue in front of the daemon takes longer than that.
 * Dedupe: `event_id`, signed; `notification_id` is of the destination.
 * Must be answered within 5 s; sent again up to 60 times in three days.
 */
function scheme(toleranceMs: number): SignatureScheme {
  return {
    hash: 'sha256',
    signature: {
      header: 'paddle-signature',
      listSeparator: ';',
      pairs: { separator: '=', select: ['h1'] },
      encoding: 'hex',
    },
    message: compileMessage('{timestamp}:{body}'),
    timestamp: { pair: 'ts', unit: 's', tolerance: { pastMs: toleranceMs, futureMs: toleranceMs } },
  }
}

const options = z.strictObject({
  secret: secretField(),
  tolerance: toleranceField.transform(scheme),
  ...webhookFields('1MB'),
})

const id = '[a-z0-9]{26}'
const rules = idRules({
  event: [`evt_${id}`, 'event_id'],
  notification: [`ntf_${id}`, 'notification_id'],
  transaction: [`txn_${id}`, 'data.transaction_id', 'data.id'],
  subscription: [`sub_${id}`, 'data.subscription_id', 'data.id'],
  customer: [`ctm_${id}`, 'data.customer_id', 'data.id'],
  adjustment: [`adj_${id}`, 'data.id'],
  product: [`pro_${id}`, 'data.product_id', 'data.id'],
  price: [`pri_${id}`, 'data.price_id', 'data.id'],
})

export const paddle = defineSender({
  kind: 'paddle',
  title: 'Paddle Billing',
  link: 'https://developer.paddle.com/webhooks/signature-verification',
  options,
  proof: ({ secret, tolerance }) => signatureProof(tolerance, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ text }) => text('event_id'),
    type: ({ text }) => text('event_type'),
    subject: ({ text }) => text('data.id'),
    time: ({ text }) => text('occurred_at'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({ 'user-agent': 'Paddle' }),
  samples: ['transaction.completed', 'subscription.canceled'].map((type) => ({
    type,
    body: {
      event_id: 'evt_01hv8x29kz0t586xy6zn1a62ny',
      event_type: type,
      occurred_at: '2026-01-01T00:00:00.000000Z',
      notification_id: 'ntf_01hv8x29nb0t586xy6zn1a62nz',
      data: {
        id: type.startsWith('transaction')
          ? 'txn_01hv8wptq8987qeep44cyrewp9'
          : 'sub_01hv8x29kz0t586xy6zn1a62nq',
        status: type.split('.')[1] ?? '',
        customer_id: 'ctm_01hv6y1jedq4p1n0yqn5ba3ky4',
      },
    },
    idPath: 'event_id',
  })),
})
