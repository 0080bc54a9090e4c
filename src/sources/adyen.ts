import { z } from 'zod'
import type { VerifiedDelivery } from '../domain/delivery.js'
import { VerificationError } from '../domain/errors.js'
import { JsonError, type JsonObject, type JsonValue, parseJson, stringifyJson } from '../util/json.js'
import { compilePath, scalarText, valueAt } from '../util/path.js'
import { decodeDigest, digestsEqual, hmac } from '../util/signature.js'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { type Proof, secretAt } from './engine/proof.js'
import { joined } from './engine/reading.js'
import { type Secret, secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { isObject, malformed } from './engine/verified.js'
import { adyenSamples } from './samples/adyen.js'

/*
 * Adyen, standard webhooks of payments; `adyen-platform` is for those of Adyen for Platforms and of management.
 * https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures, read 2026-11-21.
 * Signed: eight fields of each item with a colon between them, the signature in the item, the key in hex; every item has
 * to have one. The rest of an item is not signed, so ids are made of the eight. A colon parts the fields and is not
 * escaped: only the merchant's own reference may have one, which leaves one way to read what is signed. No time is signed.
 * Dedupe: eventCode, pspReference and success, all signed; Adyen sends the same more than once on purpose.
 * Expects `[accepted]` within 10 s; tried again for 30 days, while the rest of the queue waits.
 */
const options = z.strictObject({ secret: secretField({ encoding: 'hex' }), ...webhookFields('1MB') })

const mostItems = 100
const signatureName = 'hmacSignature'

/** In their order. */
const signedFields = [
  'pspReference',
  'originalReference',
  'merchantAccountCode',
  'merchantReference',
  'amount.value',
  'amount.currency',
  'eventCode',
  'success',
].map((source) => ({
  path: compilePath(source),
  pattern:
    source === 'merchantReference' ? /^[^\0]*$/ : source === 'success' ? /^(true|false)$/ : /^[^:\0]*$/,
}))

interface Item {
  readonly signed: Buffer
  readonly signature: Buffer
}

/** The items, as they stand in the body. Throws VerificationError: what is not of the form proves nothing. */
function itemsIn(body: Uint8Array): JsonObject[] {
  try {
    const items = notificationsOf(parseJson(body))
    if (items && items.length > 0 && items.length <= mostItems) return items
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
  }
  throw malformedSignature(
    `the signatures stand in the body, which has no 1 to ${mostItems} items of Adyen’s`,
  )
}

function notificationsOf(body: JsonValue): JsonObject[] | undefined {
  const list = isObject(body) ? body['notificationItems'] : undefined
  if (!Array.isArray(list)) return undefined
  const items = list.map((each) => (isObject(each) ? each['NotificationRequestItem'] : undefined))
  return items.every(isObject) ? items : undefined
}

function readItem(item: JsonObject): Item {
  const given = scalarText(valueAt(item, compilePath(`additionalData.${signatureName}`))) ?? ''
  const signature = decodeDigest(given, 'base64', 'sha256')
  if (!signature) throw malformedSignature('an item has no signature of SHA-256 in base64')
  return { signed: signedText(item), signature }
}

function signedText(item: JsonObject): Buffer {
  const texts = signedFields.map(({ path, pattern }) => {
    const value = valueAt(item, path)
    const text = value === undefined || value === null ? '' : scalarText(value)
    if (text !== undefined && pattern.test(text)) return text
    throw malformedSignature(`"${path.source}" of an item is not of its form`)
  })
  return Buffer.from(texts.join(':'))
}

function malformedSignature(message: string): VerificationError {
  return new VerificationError('verification.malformed_signature', message)
}

function proof(secrets: readonly Secret[]): Proof {
  return {
    prove({ body }, _now, trace) {
      const items = itemsIn(body).map(readItem)
      let secretIndex = -1
      for (const [index, { key }] of secrets.entries()) {
        let isAll = true
        for (const { signed, signature } of items) {
          const expected = hmac('sha256', key, [signed])
          const matches = digestsEqual(expected, signature)
          trace?.signed([signed])
          trace?.tried({
            secretIndex: index,
            expected: expected.toString('base64'),
            given: [signature.toString('base64')],
            matches,
          })
          isAll = matches && isAll
        }
        if (isAll && secretIndex < 0) secretIndex = index
      }
      if (secretIndex >= 0) return { secretIndex }
      const whole =
        items.length === 1 ? 'the signature of the item' : `the signatures of all ${items.length} items`
      throw new VerificationError(
        'verification.signature_mismatch',
        secrets.length === 1
          ? `the secret does not give ${whole}`
          : `none of ${secrets.length} secrets gives ${whole}`,
      )
    },
    sign({ body, secretIndex = 0 }) {
      const { key } = secretAt(secrets, secretIndex)
      const items = itemsIn(body).map((item) => {
        const { additionalData, ...rest } = item
        const signature = hmac('sha256', key, [signedText(item)]).toString('base64')
        const kept = isObject(additionalData) ? additionalData : {}
        return {
          NotificationRequestItem: { ...rest, additionalData: { ...kept, [signatureName]: signature } },
        }
      })
      const whole = parseJson(body)
      const signed = { ...(isObject(whole) ? whole : {}), notificationItems: items }
      return { headers: {}, body: Buffer.from(stringifyJson(signed)) }
    },
  }
}

/** Without the signatures. */
function contentOf(verified: VerifiedDelivery): JsonValue {
  const items = notificationsOf(verified.json())
  if (!items) throw malformed('the body has no items')
  return items.map(({ additionalData, ...item }) => {
    if (!isObject(additionalData)) return item
    const { [signatureName]: _signature, ...rest } = additionalData
    return { ...item, additionalData: rest }
  })
}

const reference = '[A-Za-z0-9._-]{8,80}'
const rules = idRules({
  psp: [reference, 'pspReference'],
  payment: [reference, 'originalReference', 'pspReference'],
})

export const adyen = defineSender({
  kind: 'adyen',
  title: 'Adyen',
  link: 'https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures',
  options,
  proof: ({ secret }) => proof(secret),
  body: contentOf,
  items: (items) => (Array.isArray(items) ? items : undefined),
  ids: rules,
  event: {
    id: ({ text }) => joined(':', text('eventCode'), text('pspReference'), text('success')),
    type: ({ text }) => text('eventCode'),
    subject: ({ ids }) => ids['payment'],
    time: ({ text }) => text('eventDate'),
  },
  reply: () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: '[accepted]' }),
  headers: () => ({ 'user-agent': 'Adyen HttpClient 1.0' }),
  samples: adyenSamples,
})
