import { z } from 'zod'
import { signedUrlField, toleranceField, webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { joined } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'

/*
 * HubSpot. https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests, read 2026-11-21.
 * Three versions, of which `version` is the only one that is accepted. v3: HMAC over method, URL, body and time. v2: a
 * plain hash over the secret, method, URL and body (workflows). v1: over the secret and the body. The URL is the one
 * that is registered, with its query; for v3 some escapes of it are decoded. Only v3 has a time.
 * Dedupe: HubSpot does not promise that `eventId` is unique, so object, subscription and time count as well; signed.
 * A delivery has up to 100 events. Must be answered within 5 s; sent again up to ten times in 24 hours.
 */
const versions = ['v1', 'v2', 'v3'] as const

const options = z.strictObject({
  secret: secretField(),
  version: z.enum(versions).default('v3').describe('Of the signature; no other one is accepted.'),
  url: signedUrlField,
  tolerance: toleranceField,
  ...webhookFields('1MB'),
})
type Options = z.output<typeof options>

/** These HubSpot decodes before it signs (v3); no others. */
const decoded = /%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi

function scheme({ version, tolerance }: Options, url: string): SignatureScheme {
  if (version === 'v3') {
    return {
      hash: 'sha256',
      signature: { header: 'x-hubspot-signature-v3', encoding: 'base64' },
      message: compileMessage('{method}{url}{body}{timestamp}'),
      timestamp: {
        header: 'x-hubspot-request-timestamp',
        unit: 'ms',
        tolerance: { pastMs: tolerance, futureMs: tolerance },
      },
      url: url.replace(decoded, decodeURIComponent),
    }
  }
  return {
    algorithm: 'keyed-hash',
    hash: 'sha256',
    signature: { header: 'x-hubspot-signature', encoding: 'hex' },
    message: compileMessage(version === 'v1' ? '{body}' : '{method}{url}{body}'),
    url,
  }
}

const number = '[0-9]{1,20}'
const rules = idRules({
  event: [number, 'eventId'],
  portal: [number, 'portalId'],
  object: [number, 'objectId'],
  subscription: [number, 'subscriptionId'],
  app: [number, 'appId'],
})

export const hubspot = defineSender({
  kind: 'hubspot',
  title: 'HubSpot',
  link: 'https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests',
  options,
  proof: (given, context) => signatureProof(scheme(given, given.url ?? context.url), given.secret),
  items: (body) => (Array.isArray(body) ? body : undefined),
  ids: rules,
  event: {
    id: ({ text }) =>
      joined(
        '/',
        text('eventId'),
        text('subscriptionId') ?? '-',
        text('objectId') ?? '-',
        text('occurredAt') ?? '-',
      ),
    type: ({ text }) => text('subscriptionType') ?? 'workflow',
    subject: ({ text, ids }) =>
      joined(':', text('subscriptionType')?.split('.')[0] ?? 'object', ids['object']),
    time: ({ text }) => text('occurredAt'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({ 'user-agent': 'HubSpot Webhooks' }),
  samples: ['contact.creation', 'deal.propertyChange'].map((type, at) => ({
    type,
    body: [
      {
        eventId: 1526302846 + at,
        subscriptionId: 12345,
        portalId: 62515,
        occurredAt: 1767225599000,
        subscriptionType: type,
        attemptNumber: 0,
        objectId: 1246965,
        changeSource: 'CRM',
        appId: 54321,
      },
    ],
    idPath: '[0].eventId',
  })),
})
