import { z } from 'zod'
import { parseJson, stringifyJson } from '../util/json.js'
import { compilePath } from '../util/path.js'
import { toleranceField, webhookFields } from './engine/fields.js'
import { headerId } from './engine/headers.js'
import { idRules } from './engine/ids.js'
import { type Proof, signatureProof } from './engine/proof.js'
import { firstText, joined } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { isObject, jsonObject } from './engine/verified.js'

/*
 * Linear. https://linear.app/developers/webhooks, read 2026-11-21. Signed: the raw body, in which `webhookTimestamp` is
 * the time in milliseconds. Linear's own package skips the check where it is missing; here it has to be there.
 * Dedupe: Linear-Delivery, not signed; the digest of the body catches the same body under another id.
 * Must be answered within 5 s; sent again after a minute, an hour and six hours. Whether the time is then another is
 * not documented: where retries are refused as stale, widen `tolerance`.
 */
function scheme(toleranceMs: number): SignatureScheme {
  return {
    hash: 'sha256',
    signature: { header: 'linear-signature', encoding: 'hex' },
    message: compileMessage('{body}'),
    timestamp: {
      path: compilePath('webhookTimestamp'),
      unit: 'ms',
      tolerance: { pastMs: toleranceMs, futureMs: toleranceMs },
    },
  }
}

const options = z.strictObject({
  secret: secretField(),
  tolerance: toleranceField.transform(scheme),
  ...webhookFields('1MB'),
})

function proof({ secret, tolerance }: z.output<typeof options>): Proof {
  const bySignature = signatureProof(tolerance, secret)
  return {
    ...bySignature,
    sign(request, now) {
      const data = parseJson(request.body)
      if (!isObject(data)) return bySignature.sign(request, now)
      const body = Buffer.from(stringifyJson({ ...data, webhookTimestamp: now }))
      return { ...bySignature.sign({ ...request, body }, now), body }
    },
  }
}

const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const rules = idRules({
  organization: [uuid, 'organizationId'],
  webhook: [uuid, 'webhookId'],
  object: [uuid, 'data.id'],
  issue_id: [uuid, 'data.issueId', 'data.issue.id'],
  // What people see, assigned by Linear: ENG-42.
  issue: ['[A-Z][A-Z0-9]{0,9}-[0-9]{1,9}', 'data.identifier', 'data.issue.identifier'],
  team: [uuid, 'data.teamId', 'data.team.id'],
  project: [uuid, 'data.projectId'],
})

export const linear = defineSender({
  kind: 'linear',
  title: 'Linear',
  link: 'https://linear.app/developers/webhooks',
  options,
  proof,
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ delivery }) => headerId(delivery, 'linear-delivery'),
    type: ({ text }) => joined('.', text('type'), text('action')),
    subject: ({ ids }) => ids['issue_id'] ?? ids['object'],
    actor: firstText('actor.id'),
    time: ({ text }) => text('createdAt'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: ({ id, type }) => ({
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'Linear-Webhook',
    'linear-delivery': id,
    'linear-event': type.split('.')[0] ?? type,
  }),
  samples: [
    {
      type: 'Issue.create',
      body: {
        action: 'create',
        type: 'Issue',
        createdAt: '2026-01-01T00:00:00.000Z',
        organizationId: 'cf4ad9d1-4b0c-4a6e-8f3e-0a2d7d6b5c11',
        webhookTimestamp: 1767225600000,
        webhookId: '000042e3-d123-4980-b49f-8e140eef9329',
        data: {
          id: '2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9',
          identifier: 'ENG-42',
          title: 'The export is empty',
          teamId: '72b2a2dc-6f4f-4423-9d34-24b5bd10634a',
          priority: 2,
        },
      },
    },
    {
      type: 'Comment.create',
      body: {
        action: 'create',
        type: 'Comment',
        createdAt: '2026-01-01T00:00:00.000Z',
        organizationId: 'cf4ad9d1-4b0c-4a6e-8f3e-0a2d7d6b5c11',
        webhookTimestamp: 1767225600000,
        webhookId: '000042e3-d123-4980-b49f-8e140eef9329',
        data: {
          id: '53cf8b5f-6d1e-4f0a-9d7c-6d1d5f0e2a34',
          issueId: '2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9',
          body: 'Seen here as well.',
        },
      },
    },
  ],
})
