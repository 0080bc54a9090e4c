import { z } from 'zod'
import type { Reply, VerifiedDelivery } from '../domain/delivery.js'
import type { Ids } from '../domain/event.js'
import { hmac } from '../util/signature.js'
import { durationField, webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { secretAt, signatureProof } from './engine/proof.js'
import { firstText, type Reading } from './engine/reading.js'
import { type Secret, secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { defaultToleranceMs } from './engine/timestamp.js'
import { isObject, jsonObject, readableObject } from './engine/verified.js'
import { zoomSamples } from './samples/zoom.js'

/*
 * Zoom. https://developers.zoom.us/docs/api/webhooks/, read 2026-11-21. Signed: `v0:{timestamp}:{body}`.
 * Dedupe: Zoom gives no id of an event, so the digest of the signed body stands for it.
 * Handshake: `endpoint.url_validation`, signed, when the URL is saved and every 72 hours. The answer is an HMAC of what
 * was asked, under the key that signs deliveries: only a token that cannot be a delivery's `v0:…` is answered.
 * Must be answered 200 or 204 within 3 s; sent again after 5, 25 and 85 minutes. Whether those are signed anew is not
 * said, so two hours are allowed; the digest keeps an old one from being a second event.
 */
function scheme(toleranceMs: number): SignatureScheme {
  return {
    hash: 'sha256',
    signature: { header: 'x-zm-signature', prefix: 'v0=', encoding: 'hex' },
    message: compileMessage('v0:{timestamp}:{body}'),
    timestamp: {
      header: 'x-zm-request-timestamp',
      unit: 's',
      tolerance: { pastMs: toleranceMs, futureMs: Math.min(toleranceMs, defaultToleranceMs) },
    },
  }
}

const options = z.strictObject({
  secret: secretField(),
  tolerance: durationField(1000, 86_400_000, 'from 1s to 1d').prefault('2h').transform(scheme),
  ...webhookFields('1MB'),
})

const rules = idRules({
  account: ['[A-Za-z0-9_-]{16,32}', 'payload.account_id'],
  host: ['[A-Za-z0-9_-]{16,32}', 'payload.object.host_id'],
  occurrence: ['[A-Za-z0-9+/]{22}==', 'payload.object.uuid'],
})

/** `payload.object` is what the event's name begins with: a meeting's number, or a user's id. */
const objectIds: Readonly<Record<string, readonly [name: string, pattern: RegExp]>> = {
  meeting: ['meeting', /^[0-9]{9,12}$/],
  recording: ['meeting', /^[0-9]{9,12}$/],
  webinar: ['webinar', /^[0-9]{9,12}$/],
  user: ['user', /^[A-Za-z0-9_-]{16,32}$/],
}

function refineIds({ ids, text }: Reading): Ids {
  const about = text('event')?.split('.')[0] ?? ''
  const id = text('payload.object.id')
  const known = Object.hasOwn(objectIds, about) ? objectIds[about] : undefined
  return known && id !== undefined && known[1].test(id) ? { ...ids, [known[0]]: id } : ids
}

/** `plainToken` and its HMAC, if it is nothing but a token. */
function validation(verified: VerifiedDelivery, secrets: readonly Secret[]): Reply | undefined {
  const data = readableObject(verified)
  if (data?.['event'] !== 'endpoint.url_validation' || !isObject(data['payload'])) return undefined
  const { plainToken } = data['payload']
  if (typeof plainToken !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(plainToken)) return undefined
  const { key } = secretAt(secrets, verified.secretIndex)
  const encryptedToken = hmac('sha256', key, [plainToken]).toString('hex')
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' },
    body: JSON.stringify({ plainToken, encryptedToken }),
  }
}

export const zoom = defineSender({
  kind: 'zoom',
  title: 'Zoom',
  link: 'https://developers.zoom.us/docs/api/webhooks/',
  options,
  proof: ({ secret, tolerance }) => signatureProof(tolerance, secret),
  handshake: (verified, { secret }) => validation(verified, secret),
  body: jsonObject,
  ids: rules,
  refineIds,
  moreIdNames: ['meeting', 'webinar', 'user'],
  event: {
    type: ({ text }) => text('event'),
    subject: ({ text }) => text('payload.object.uuid') ?? text('payload.object.id'),
    actor: firstText('payload.operator_id'),
    time: ({ text }) => text('event_ts'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'Zoom Marketplace/1.0a',
  }),
  samples: zoomSamples,
})
