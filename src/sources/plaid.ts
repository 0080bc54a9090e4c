import { z } from 'zod'
import type { Delivery } from '../domain/delivery.js'
import { AppError, VerificationError } from '../domain/errors.js'
import { JsonError, type JsonObject, parseJson, stringifyJson } from '../util/json.js'
import { secretsEqual, sha256 } from '../util/signature.js'
import { toleranceField, webhookFields } from './engine/fields.js'
import { plainHeader, requiredHeader } from './engine/headers.js'
import { idRules } from './engine/ids.js'
import { jwkOf, jwtHead, timeOf, verifyJwt } from './engine/jwt.js'
import type { KeyRequest, RemoteKeys } from './engine/keys.js'
import { type Proof, secretAt } from './engine/proof.js'
import { joined } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { cannotSign } from './engine/signature-scheme.js'
import { checkFresh, defaultToleranceMs } from './engine/timestamp.js'
import { isObject, jsonObject } from './engine/verified.js'
import { plaidSamples } from './samples/plaid.js'

/*
 * Plaid. https://plaid.com/docs/api/webhooks/webhook-verification/, read 2026-11-21.
 * Signed: a token (ES256) with the time and the digest of the body. Its key is asked for at Plaid's own API with the
 * client's credentials, by the id that the token names; one that Plaid has ended is refused.
 * Dedupe: there is no id of the event, and two events of an item may be the same byte for byte. So what the token says,
 * time and digest, is the id: a captured delivery counts once, one that Plaid sends again is one too many.
 * Must be answered 200 within 10 s; sent again for up to 24 hours.
 */
const hosts = { production: 'production.plaid.com', sandbox: 'sandbox.plaid.com' } as const

const options = z.strictObject({
  client_id: z
    .string()
    .regex(/^[0-9a-f]{24}$/, 'is not a client_id of Plaid’s: 24 characters, 0-9 and a-f')
    .describe('Of the dashboard, under Keys.'),
  secret: secretField({ isToken: true }),
  environment: z.enum(['production', 'sandbox']).prefault('production').describe('Where the keys are had.'),
  tolerance: toleranceField,
  ...webhookFields('1MB'),
})

const header = 'plaid-verification'
const keyIdPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

interface Named {
  readonly token: string
  readonly keyId: string
}

/** The token and its key's id. Throws VerificationError for a token that is of no use anyway. */
function namedBy(delivery: Delivery): Named {
  const token = requiredHeader(delivery, header)
  const { algorithm, keyId } = jwtHead(token)
  if (algorithm !== 'ES256') throw mismatch('the token is not signed with ES256')
  if (keyId !== undefined && keyIdPattern.test(keyId)) return { token, keyId }
  throw new VerificationError('verification.untrusted_key', 'the token names no key of Plaid’s')
}

function requestOf({ client_id, secret, environment }: z.output<typeof options>, keyId: string): KeyRequest {
  const host = hosts[environment]
  return {
    url: `https://${host}/webhook_verification_key/get`,
    hosts: [host],
    ask: {
      headers: {
        'content-type': 'application/json',
        'plaid-client-id': client_id,
        'plaid-secret': secretAt(secret, 0).text,
      },
      body: JSON.stringify({ key_id: keyId }),
    },
  }
}

/** The key of Plaid's answer, which must be of this id and in use. */
function keyOf(answer: string | undefined, keyId: string, now: number) {
  if (answer === undefined) {
    const reason = 'the key of the token is not there'
    throw new AppError('verification.key_unavailable', reason, { retry: 'later' })
  }
  const { key: jwk } = objectOf(answer)
  const ended = isObject(jwk) ? jwk['expired_at'] : undefined
  const key = isObject(jwk) ? jwkOf(stringifyJson(jwk), keyId, 'EC') : undefined
  const isInUse = ended === undefined || ended === null || (typeof ended === 'number' && ended * 1000 > now)
  if (key && isInUse) return key
  throw new VerificationError('verification.untrusted_key', 'the key of the token is none that Plaid uses')
}

function objectOf(text: string): JsonObject {
  try {
    const value = parseJson(Buffer.from(text))
    return isObject(value) ? value : {}
  } catch (cause) {
    if (cause instanceof JsonError) return {}
    throw cause
  }
}

function proof(given: z.output<typeof options>, keys: RemoteKeys): Proof {
  const tolerance = { pastMs: given.tolerance, futureMs: Math.min(given.tolerance, defaultToleranceMs) }
  return {
    prepare: async (delivery) => keys.load(requestOf(given, namedBy(delivery).keyId)),
    prove(delivery, now, trace) {
      const { token, keyId } = namedBy(delivery)
      trace?.found(`token (${header})`, token)
      const key = keyOf(keys.get(requestOf(given, keyId)), keyId, now)
      const { claims } = verifyJwt(token, [{ algorithm: 'ES256', key }], now, trace)
      const digest = claims['request_body_sha256']
      if (typeof digest !== 'string' || !secretsEqual(digest, sha256(delivery.body).toString('hex'))) {
        throw mismatch('the token is of another body')
      }
      const issuedAt = timeOf(claims, 'iat')
      if (issuedAt === undefined) {
        throw new VerificationError(
          'verification.malformed_timestamp',
          'the token does not say when it was made',
        )
      }
      trace?.clock(issuedAt, now, tolerance)
      checkFresh(issuedAt, now, tolerance)
      return { secretIndex: 0, timestamp: issuedAt }
    },
    sign() {
      throw cannotSign('Plaid signs with a key that only it has')
    },
  }
}

function mismatch(reason: string): VerificationError {
  return new VerificationError('verification.signature_mismatch', reason)
}

/** Of what is signed: the signature itself could be written in another way. */
function tokenDigest(delivery: Delivery): string {
  const token = plainHeader(delivery, header) ?? ''
  return `token:${sha256(token.slice(0, token.lastIndexOf('.'))).toString('hex')}`
}

const id = '[A-Za-z0-9_-]{16,64}'
const rules = idRules({
  item: [id, 'item_id'],
  account: [id, 'account_id'],
  user: [id, 'user_id'],
  link_session: [id, 'link_session_id'],
  asset_report: [id, 'asset_report_id'],
  identity_verification: [id, 'identity_verification_id'],
  screening: [id, 'screening_id'],
  transfer: [id, 'transfer_id'],
  payment: [id, 'payment_id'],
})

export const plaid = defineSender({
  kind: 'plaid',
  title: 'Plaid',
  link: 'https://plaid.com/docs/api/webhooks/webhook-verification/',
  options,
  proof: (given, { keys }) => proof(given, keys),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ delivery }) => tokenDigest(delivery),
    isIdAuthentic: true, // made of what is signed; equal bodies are different events
    type: ({ text }) => joined('.', text('webhook_type'), text('webhook_code')),
    subject: ({ ids }) =>
      ids['item'] ?? ids['transfer'] ?? ids['payment'] ?? ids['identity_verification'] ?? ids['user'],
    time: ({ text }) => text('timestamp'),
  },
  reply: () => ({ status: 200, body: '' }),
  samples: plaidSamples,
})
