import { z } from 'zod'
import type { Delivery } from '../domain/delivery.js'
import { AppError, VerificationError } from '../domain/errors.js'
import { certificateKey } from '../util/certificate.js'
import { checksum, decodeStrict, isSignedBy } from '../util/signature.js'
import { durationField, webhookFields } from './engine/fields.js'
import { headerId, requiredHeader } from './engine/headers.js'
import { idRules } from './engine/ids.js'
import { checkKeyUrl, type KeyRequest, type RemoteKeys } from './engine/keys.js'
import type { Proof } from './engine/proof.js'
import type { Reading } from './engine/reading.js'
import { defineSender } from './engine/sender.js'
import { cannotSign } from './engine/signature-scheme.js'
import { checkFresh, defaultToleranceMs, readTimestamp } from './engine/timestamp.js'
import { jsonObject } from './engine/verified.js'
import { paypalSamples } from './samples/paypal.js'

/*
 * PayPal. https://developer.paypal.com/api/rest/webhooks/rest, read 2026-11-21.
 * Signed: `{transmission id}|{time}|{webhook id}|{CRC-32 of the body}` with RSA and SHA-256. A body with the same CRC-32 is
 * made in no time, so who has seen one delivery can put any event in its place. So the transmission's id, which is signed,
 * is the id of the event: a second body under it is a duplicate. The event's own id is a second key.
 * The certificate is named in a header. It is fetched from PayPal's own hosts and from nowhere else, over TLS, which is
 * what makes it PayPal's; its name and its dates at the time of the transmission are checked, and that the certificates
 * that follow it issued it. Where the chain ends is not: PayPal may publish the first one alone.
 * One key signs for all merchants, so `webhook_id` is what makes a delivery ours. The sandbox has its own ids.
 * Any 2xx; sent again up to 25 times in three days, and a transmission has one id over all attempts, maybe one time: the
 * time may be three days old. Events of the simulator are signed for the id WEBHOOK_ID.
 */
const dayMs = 86_400_000

const options = z.strictObject({
  webhook_id: z
    .string()
    .regex(/^[A-Za-z0-9_]{8,50}$/, 'is not the id of a webhook: as PayPal shows it beside the URL')
    .describe('The id of the webhook, which PayPal shows beside its URL. It is signed.'),
  tolerance: durationField(1000, 4 * dayMs, 'from 1s to 4d').prefault('3d'),
  ...webhookFields('1MB'),
})

const hosts = /^api(-m)?(\.sandbox)?\.paypal\.com$/
const certificatePath = /^https:\/\/[a-z.-]+\/v1\/notifications\/[A-Za-z0-9/_-]{1,200}$/
const certificateName = /^([a-z0-9-]+\.)+paypal\.com$/
const transmissionPattern = /^[A-Za-z0-9-]{16,64}$/

function certificateOf(delivery: Delivery): KeyRequest {
  const request = { url: requiredHeader(delivery, 'paypal-cert-url'), hosts, maxAgeMs: dayMs }
  checkKeyUrl(request)
  if (certificatePath.test(request.url)) return request
  throw new VerificationError('verification.untrusted_key', 'the certificate’s URL is not one of PayPal’s')
}

/** What the headers say. Throws VerificationError for what is not of the form. */
function readTransmission(delivery: Delivery) {
  const [id, time, algorithm, given] = ['id', 'time', 'algo', 'sig'].map((name) =>
    requiredHeader(delivery, name === 'algo' ? 'paypal-auth-algo' : `paypal-transmission-${name}`),
  ) as [string, string, string, string]
  const signature = decodeStrict(given, 'base64')
  if (!signature || algorithm !== 'SHA256withRSA' || !transmissionPattern.test(id)) {
    throw new VerificationError(
      'verification.malformed_signature',
      'there is no signature by SHA256withRSA in base64, or the transmission’s id is not of its form',
    )
  }
  return { id, time, signature, sentAt: readTimestamp(time, 'iso') }
}

function publishedKey(pem: string | undefined, at: number) {
  if (pem === undefined) {
    const reason = 'the certificate of the transmission is not there'
    throw new AppError('verification.key_unavailable', reason, { retry: 'later' })
  }
  const key = certificateKey(pem, { name: certificateName, at })
  if (typeof key !== 'string') return key
  throw new VerificationError('verification.untrusted_key', `the certificate that PayPal published ${key}`)
}

function proof({ webhook_id, tolerance }: z.output<typeof options>, keys: RemoteKeys): Proof {
  const limits = { pastMs: tolerance, futureMs: Math.min(tolerance, defaultToleranceMs) }
  return {
    async prepare(delivery) {
      readTransmission(delivery)
      await keys.load(certificateOf(delivery))
    },
    prove(delivery, now, trace) {
      const { id, time, signature, sentAt } = readTransmission(delivery)
      const request = certificateOf(delivery)
      trace?.found('transmission (paypal-transmission-id)', id)
      const message = Buffer.from(`${id}|${time}|${webhook_id}|${checksum(delivery.body)}`)
      trace?.signed([message])
      const key = publishedKey(keys.get(request), sentAt)
      const matches = isSignedBy('rsa', 'sha256', key, [message], signature)
      trace?.tried({ secretIndex: 0, expected: undefined, given: [signature.toString('base64')], matches })
      trace?.clock(sentAt, now, limits)
      if (!matches) {
        throw new VerificationError(
          'verification.signature_mismatch',
          'PayPal did not sign this body for this webhook_id',
        )
      }
      checkFresh(sentAt, now, limits)
      return { secretIndex: 0, timestamp: sentAt, id }
    },
    sign() {
      throw cannotSign('PayPal signs with a key that only it has')
    },
  }
}

const id = '[A-Z0-9]{10,30}'
const related = 'resource.supplementary_data.related_ids'
const rules = idRules({
  event: ['WH-[A-Z0-9]{5,40}(-[A-Z0-9]{5,40})?', 'id'],
  resource: ['[A-Z0-9][A-Z0-9-]{7,49}', 'resource.id'],
  order: [id, `${related}.order_id`],
  authorization: [id, `${related}.authorization_id`],
  capture: [id, `${related}.capture_id`],
  subscription: [`I-${id}`, 'resource.id', 'resource.billing_agreement_id'],
  plan: [`P-${id}`, 'resource.id', 'resource.plan_id'],
  dispute: ['PP-[A-Z0-9-]{3,40}', 'resource.dispute_id'],
  invoice: ['INV2(-[A-Z0-9]{4}){4}', 'resource.id', 'resource.invoice.id'],
  payout_batch: [id, 'resource.batch_header.payout_batch_id', 'resource.payout_batch_id'],
})

/** What `resource.id` is the id of. */
const kinds: Readonly<Record<string, string>> = {
  capture: 'capture',
  authorization: 'authorization',
  'checkout-order': 'order',
  refund: 'refund',
  sale: 'sale',
}

function refineIds({ ids, text }: Reading) {
  const name = kinds[text('resource_type') ?? '']
  const own = ids['resource']
  return name === undefined || own === undefined ? ids : { ...ids, [name]: own }
}

export const paypal = defineSender({
  kind: 'paypal',
  title: 'PayPal',
  link: 'https://developer.paypal.com/api/rest/webhooks/rest',
  options,
  proof: (given, { keys }) => proof(given, keys),
  body: jsonObject,
  ids: rules,
  refineIds,
  moreIdNames: ['refund', 'sale'],
  event: {
    id: ({ delivery }) => headerId(delivery, 'paypal-transmission-id'),
    semanticKey: ({ ids }) => ids['event'],
    type: ({ text }) => text('event_type'),
    subject: ({ ids, text }) => ids['dispute'] ?? ids['payout_batch'] ?? text('resource.id'),
    time: ({ text }) => text('create_time'),
  },
  reply: () => ({ status: 200, body: '' }),
  samples: paypalSamples,
})
