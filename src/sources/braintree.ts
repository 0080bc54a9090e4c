import { z } from 'zod'
import type { Delivery, Reply, VerifiedDelivery } from '../domain/delivery.js'
import { VerificationError } from '../domain/errors.js'
import type { JsonObject } from '../util/json.js'
import { decodeDigest, digestsEqual, hmac, keyedHash, sha256 } from '../util/signature.js'
import { parseXml, XmlError } from '../util/xml.js'
import { webhookFields } from './engine/fields.js'
import { formBody } from './engine/form.js'
import { idRules } from './engine/ids.js'
import { proofText } from './engine/places.js'
import { type Proof, secretAt } from './engine/proof.js'
import { queryValue } from './engine/query.js'
import type { Reading } from './engine/reading.js'
import { type Secret, secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { sayUnmatched } from './engine/unmatched.js'
import { isObject, malformed } from './engine/verified.js'
import { braintreeSamples } from './samples/braintree.js'

/*
 * Braintree. https://developer.paypal.com/braintree/docs/guides/webhooks/parse/node, read 2026-11-21.
 * Signed: the form field `bt_payload` (base64 of XML), or the same with a line break, by HMAC-SHA1 whose key is the SHA-1
 * of the private key; `bt_signature` has `<public key>|<hex>`, for several keys. No time is signed.
 * Handshake: GET ?bt_challenge=…, not signed, answered with its HMAC by the same key. So that nobody can have a payload
 * signed by asking, only 20 to 32 hex digits are answered, and those are refused as a payload.
 * Dedupe: there is no id, so the digest of the payload stands for it; the form around it is not signed.
 * Any 2xx within 30 s; sent again each hour for 24 hours, in the sandbox for 3.
 */
const options = z.strictObject({
  public_key: z
    .string()
    .regex(/^[A-Za-z0-9_]{8,64}$/, 'is not a public key of Braintree’s API')
    .describe('The public key of the API keys; it names the signature that counts.'),
  secret: secretField().describe('The private key of the API keys, or a list with the current one first.'),
  ...webhookFields('1MB'),
})

const challengePattern = /^[0-9a-f]{20,32}$/
const payloadPattern = /^[A-Za-z0-9+/=\n]+$/
const mostSignatures = 16

function signatureOf(text: string, { key }: Secret): Buffer {
  return hmac('sha1', keyedHash('sha1', key, []), [text])
}

/** Throws VerificationError for what could be an answered challenge, or is no payload at all. */
function payloadOf(delivery: Pick<Delivery, 'url' | 'rawHeaders' | 'body'>): string {
  const payload = proofText(delivery, { field: 'bt_payload' })
  if (payloadPattern.test(payload) && !challengePattern.test(payload.trim().toLowerCase())) return payload
  throw new VerificationError('verification.malformed_signature', 'bt_payload is not base64 of an event')
}

function signaturesOf(delivery: Delivery, publicKey: string): Buffer[] {
  const pairs = proofText(delivery, { field: 'bt_signature' }).split('&', mostSignatures + 1)
  const own = pairs.filter((pair) => pair.startsWith(`${publicKey}|`))
  const digests = own.flatMap((pair) => decodeDigest(pair.slice(publicKey.length + 1), 'hex', 'sha1') ?? [])
  if (digests.length > 0 && pairs.length <= mostSignatures) return digests
  throw new VerificationError(
    'verification.malformed_signature',
    'bt_signature has no <public key>|<sha1 in hex> for the configured public key',
  )
}

function proof(publicKey: string, secrets: readonly Secret[]): Proof {
  return {
    prove(delivery, _now, trace) {
      const signatures = signaturesOf(delivery, publicKey)
      const payload = payloadOf(delivery)
      trace?.signed([Buffer.from(payload)])
      let secretIndex = -1
      for (const [index, secret] of secrets.entries()) {
        const expected = [signatureOf(payload, secret), signatureOf(`${payload}\n`, secret)]
        const matches = expected
          .flatMap((each) => signatures.map((given) => digestsEqual(each, given)))
          .includes(true)
        trace?.tried({
          secretIndex: index,
          expected: expected[0]?.toString('hex'),
          given: signatures.map((each) => each.toString('hex')),
          matches,
        })
        if (matches && secretIndex < 0) secretIndex = index
      }
      if (secretIndex >= 0) return { secretIndex }
      throw new VerificationError(
        'verification.signature_mismatch',
        sayUnmatched(secrets.length, signatures.length, 'private key'),
      )
    },
    sign({ body, secretIndex = 0 }) {
      const isForm = Buffer.from(body.subarray(0, 3)).toString('latin1') === 'bt_'
      const payload = isForm
        ? payloadOf({ url: '', rawHeaders: [], body })
        : Buffer.from(body).toString('base64')
      const signature = signatureOf(payload, secretAt(secrets, secretIndex)).toString('hex')
      const fields = [
        formBody('bt_signature', Buffer.from(`${publicKey}|${signature}`)),
        formBody('bt_payload', Buffer.from(payload)),
      ]
      return { headers: {}, body: Buffer.from(fields.map((field) => field.toString('latin1')).join('&')) }
    },
  }
}

function greet(
  { method, url }: Delivery,
  { public_key, secret }: z.output<typeof options>,
): Reply | undefined {
  const challenge = method === 'GET' ? queryValue(url, 'bt_challenge') : undefined
  const [current] = secret
  if (challenge === undefined || !challengePattern.test(challenge) || !current) return undefined
  return {
    status: 200,
    headers: { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' },
    body: `${public_key}|${signatureOf(challenge, current).toString('hex')}`,
  }
}

/** `{ kind, timestamp, subject, … }`, each a text. */
function notificationOf({ delivery }: VerifiedDelivery): JsonObject {
  try {
    const xml = Buffer.from(payloadOf(delivery), 'base64').toString('utf8')
    const { notification } = parseXml(xml)
    if (isObject(notification) && typeof notification['kind'] === 'string') return notification
  } catch (cause) {
    if (!(cause instanceof XmlError)) throw cause
    throw malformed(`the payload ${cause.message}`, cause)
  }
  throw malformed('the payload is no notification')
}

function payloadDigest({ delivery }: Reading): string {
  return `payload:${sha256(payloadOf(delivery).trimEnd()).toString('hex')}`
}

const id = '[a-z0-9]{4,36}'
const rules = idRules({
  merchant: [id, 'source-merchant-id'],
  transaction: [
    id,
    'subject.transaction.id',
    'subject.dispute.transaction.id',
    'subject.subscription.transactions[0].id',
  ],
  dispute: [id, 'subject.dispute.id'],
  disbursement: [id, 'subject.disbursement.id'],
})

export const braintree = defineSender({
  kind: 'braintree',
  title: 'Braintree',
  link: 'https://developer.paypal.com/braintree/docs/guides/webhooks/parse/node',
  options,
  proof: ({ public_key, secret }) => proof(public_key, secret),
  greetingMethods: ['GET'],
  greet,
  body: notificationOf,
  ids: rules,
  event: {
    id: payloadDigest,
    isIdAuthentic: true, // all that is signed; the form around it can be written in many ways
    type: ({ text }) => text('kind'),
    subject: ({ ids, text }) => ids['dispute'] ?? ids['transaction'] ?? text('subject.subscription.id'),
    time: ({ text }) => text('timestamp'),
  },
  headers: () => ({
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': 'Braintree Webhooks',
  }),
  samples: braintreeSamples,
})
