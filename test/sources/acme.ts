import { z } from 'zod'
import { toleranceField, webhookFields } from '../../src/sources/engine/fields.js'
import { idRules } from '../../src/sources/engine/ids.js'
import { signatureProof } from '../../src/sources/engine/proof.js'
import { secretField } from '../../src/sources/engine/secret.js'
import { defineSender } from '../../src/sources/engine/sender.js'
import type { SignatureScheme } from '../../src/sources/engine/signature-scheme.js'
import { compileMessage } from '../../src/sources/engine/template.js'
import { jsonObject } from '../../src/sources/engine/verified.js'

/*
 * Acme. https://docs.acme.example/webhooks/signatures, read 2026-11-21. Signed: `{timestamp}.{body}`, the time in
 * seconds. Dedupe: `id`, in the signed body, the same on each retry. Must be answered within 10 s; sent again for a day.
 */
function scheme(toleranceMs: number): SignatureScheme {
  return {
    hash: 'sha256',
    signature: { header: 'x-acme-signature', prefix: 'sha256=', encoding: 'hex' },
    message: compileMessage('{timestamp}.{body}'),
    timestamp: {
      header: 'x-acme-timestamp',
      unit: 's',
      tolerance: { pastMs: toleranceMs, futureMs: toleranceMs },
    },
  }
}

const options = z.strictObject({
  secret: secretField(),
  tolerance: toleranceField.transform(scheme),
  ...webhookFields('1MB'),
})

export const acme = defineSender({
  kind: 'acme',
  title: 'Acme',
  link: 'https://docs.acme.example/webhooks/signatures',
  options,
  proof: ({ secret, tolerance }) => signatureProof(tolerance, secret),
  body: jsonObject,
  ids: idRules({ order: ['ord_[a-z0-9]+', 'data.id', 'data.order.id'] }),
  event: {
    id: ({ text }) => text('id'),
    type: ({ text }) => text('type'),
    subject: ({ ids }) => ids['order'],
    time: ({ text }) => text('created'),
  },
  samples: [
    {
      type: 'order.delayed',
      idPath: 'id',
      body: {
        id: 'evt_1',
        type: 'order.delayed',
        created: '2026-01-01T00:00:00Z',
        data: { id: 'ord_a81f', days: 3 },
      },
    },
  ],
})
