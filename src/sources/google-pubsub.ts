import { z } from 'zod'
import type { Delivery, VerifiedDelivery } from '../domain/delivery.js'
import { VerificationError } from '../domain/errors.js'
import { JsonError, type JsonObject, type JsonValue, parseJson } from '../util/json.js'
import { webhookFields } from './engine/fields.js'
import { requiredHeader } from './engine/headers.js'
import { idRules } from './engine/ids.js'
import { jwtHead } from './engine/jwt.js'
import type { KeyRequest, RemoteKeys } from './engine/keys.js'
import type { Proof } from './engine/proof.js'
import { publishedClaims, requireClaim } from './engine/published-token.js'
import { defineSender } from './engine/sender.js'
import { cannotSign } from './engine/signature-scheme.js'
import { isObject, jsonObject, malformed } from './engine/verified.js'
import { googlePubsubSamples } from './samples/google-pubsub.js'

/*
 * Google Cloud Pub/Sub, push subscriptions with authentication; Gmail and Cloud Storage notifications come this way.
 * https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions, read 2026-11-21.
 * `Authorization: Bearer` has an OpenID Connect token (RS256, keys of www.googleapis.com) of the subscription's service
 * account. It does not cover the body and is used for many messages until it expires: who reads one can send anything
 * for up to an hour.
 * Dedupe: `message.messageId`, not signed. 102, 200, 201, 202 and 204 acknowledge; everything else is tried again until
 * the message expires.
 */
const accountField = z
  .string()
  .regex(
    /^[a-z0-9.-]{1,100}@[a-z0-9.-]{1,150}\.gserviceaccount\.com$/,
    'is not the address of a service account',
  )

const options = z.strictObject({
  audience: z
    .string()
    .regex(/^[\x21-\x7e]{1,500}$/, 'is not the audience of a push subscription')
    .describe('The audience of the subscription; its push endpoint where none is set there.'),
  service_account: z
    .union([accountField, z.array(accountField).min(1).max(8)])
    .describe('The service account that the subscription authenticates as, or a list while it changes.'),
  ...webhookFields('20MB'),
})

type Options = z.output<typeof options>

const published: KeyRequest = {
  url: 'https://www.googleapis.com/oauth2/v3/certs',
  hosts: ['www.googleapis.com'],
}
const issuers = ['https://accounts.google.com', 'accounts.google.com']

function tokenOf(delivery: Delivery): string {
  const value = requiredHeader(delivery, 'authorization')
  const prefix = 'Bearer '
  const token = value.startsWith(prefix) ? value.slice(prefix.length) : ''
  const { algorithm } = jwtHead(token)
  if (algorithm === 'RS256') return token
  throw new VerificationError('verification.malformed_signature', 'the token is not signed with RS256')
}

function proof({ audience, service_account }: Options, keys: RemoteKeys): Proof {
  const accounts = typeof service_account === 'string' ? [service_account] : service_account
  return {
    async prepare(delivery) {
      tokenOf(delivery)
      await keys.load(published)
    },
    prove(delivery, now, trace) {
      const claims = publishedClaims(tokenOf(delivery), { keys, request: published, now, trace })
      requireClaim(claims, 'iss', issuers)
      requireClaim(claims, 'aud', [audience])
      requireClaim(claims, 'email', accounts)
      if (claims['email_verified'] === true) return { secretIndex: 0 }
      throw new VerificationError(
        'verification.bad_credentials',
        'the token’s e-mail address is not verified',
      )
    },
    sign() {
      throw cannotSign('Google signs these tokens with a key that only it has')
    },
  }
}

/** JSON where it is JSON, else text; base64 as it came where it is neither. */
function decoded(data: JsonValue | undefined): JsonValue {
  if (typeof data !== 'string') return null
  const bytes = Buffer.from(data, 'base64')
  if (bytes.toString('base64') !== data) throw malformed('message.data is not base64')
  try {
    return parseJson(bytes)
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    return cause.fault === 'encoding' ? data : bytes.toString('utf8')
  }
}

function contentOf(verified: VerifiedDelivery): JsonObject {
  const body = jsonObject(verified)
  const { message } = body
  if (!isObject(message)) throw malformed('the body has no message; is payload unwrapping on?')
  return { ...body, message: { ...message, data: decoded(message['data']) } }
}

const rules = idRules({
  message: ['[0-9]{1,30}', 'message.messageId'],
  subscription: [
    'projects/[a-z][a-z0-9.:-]{1,80}/subscriptions/[A-Za-z][A-Za-z0-9._~+%-]{2,254}',
    'subscription',
  ],
  // What Gmail says: everything after this has to be fetched.
  history: ['[1-9][0-9]{0,19}', 'message.data.historyId'],
})

export const googlePubsub = defineSender({
  kind: 'google-pubsub',
  title: 'Google Cloud Pub/Sub',
  link: 'https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions',
  options,
  proof: (given, { keys }) => proof(given, keys),
  body: contentOf,
  ids: rules,
  event: {
    id({ text }) {
      const id = text('message.messageId')
      if (id === undefined) throw malformed('the message has no messageId')
      return id
    },
    isIdAuthentic: true,
    type({ text }) {
      const type = text('message.attributes.eventType') ?? text('message.attributes.ce-type')
      return type !== undefined && /^[A-Za-z][A-Za-z0-9._-]{0,150}$/.test(type) ? type : 'message'
    },
    subject: ({ text }) => text('message.orderingKey') ?? text('subscription'),
    time: ({ text }) => text('message.publishTime'),
  },
  samples: googlePubsubSamples,
})
