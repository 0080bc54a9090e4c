import { z } from 'zod'
import type { Delivery, Reply } from '../domain/delivery.js'
import { VerificationError } from '../domain/errors.js'
import { JsonError, type JsonObject, type JsonValue, parseJson, stringifyJson } from '../util/json.js'
import { secretsEqual, sha256 } from '../util/signature.js'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { jwtHead } from './engine/jwt.js'
import type { KeyRequest, RemoteKeys } from './engine/keys.js'
import { type Proof, secretAt } from './engine/proof.js'
import { publishedClaims, requireClaim } from './engine/published-token.js'
import { queryValue } from './engine/query.js'
import type { Reading } from './engine/reading.js'
import { type Secret, secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { Trace } from './engine/trace.js'
import { isObject, malformed } from './engine/verified.js'
import { microsoftGraphSamples } from './samples/microsoft-graph.js'

/*
 * Microsoft Graph, change notifications. https://learn.microsoft.com/graph/change-notifications-delivery-webhooks and
 * /graph/change-notifications-with-resource-data, read 2026-11-21.
 * Nothing is signed: `clientState`, which was given when the subscription was made, stands in every item of `value`, and
 * has to be right in every one. Notifications with resource data bring `validationTokens` beside it (RS256, keys of the
 * tenant at login.microsoftonline.com); they are checked where `app_id` and `tenant` are set. Their content stays
 * encrypted.
 * Handshake: a POST with `validationToken` in the URL, answered with its text.
 * Dedupe: subscription, resource, change and etag; else the notification's `id`. One that has neither looks like the
 * last one though something else changed: it is an event of its own each time, also when it is sent again.
 * Answer 202 within 3 s. Where more than 15% take longer than 10 s, they are dropped. Tried again for four hours.
 * Subscriptions expire and have to be renewed.
 */
const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const uuidField = z
  .string()
  .regex(new RegExp(`^${uuid}$`), 'is not an id of the form 8-4-4-4-12 in lower case')

const options = z
  .strictObject({
    secret: secretField({ isToken: true }),
    app_id: uuidField.optional().describe('The application that subscribed; needs tenant.'),
    tenant: uuidField.optional().describe('The tenant of the application; needs app_id.'),
    ...webhookFields('4MB'),
  })
  .refine(({ app_id, tenant }) => (app_id === undefined) === (tenant === undefined), {
    error: 'needs both app_id and tenant, or neither',
  })

type Options = z.output<typeof options>

/** What Graph sends: words, an id, a time. It is not signed, and says nothing about later requests. */
function greet({ method, url }: Delivery): Reply | undefined {
  const token = method === 'POST' ? queryValue(url, 'validationToken') : undefined
  if (token === undefined || !/^[A-Za-z0-9 .,:;_~+/=()-]{1,1024}$/.test(token)) return undefined
  return {
    status: 200,
    headers: { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' },
    body: token,
  }
}

interface Notifications {
  readonly items: readonly JsonObject[]
  readonly tokens: readonly string[]
}

/** What the body shows of its sender. Throws VerificationError where that cannot be read. */
function readNotifications({ body }: Delivery): Notifications {
  const { value, validationTokens = [] } = objectOf(body)
  const items = Array.isArray(value) ? value.filter(isObject) : []
  const tokens = Array.isArray(validationTokens)
    ? validationTokens.filter((token) => typeof token === 'string')
    : []
  const isWhole =
    Array.isArray(value) &&
    items.length === value.length &&
    Array.isArray(validationTokens) &&
    tokens.length === validationTokens.length
  if (!isWhole) throw unproved('verification.malformed_signature', 'has no list of notifications')
  if (items.length === 0) throw unproved('verification.missing_header', 'has no notification')
  if (tokens.length > mostTokens) throw unproved('verification.malformed_signature', 'has too many tokens')
  return { items, tokens }
}

/** One for each application and tenant that share the URL. */
const mostTokens = 16

function objectOf(body: Uint8Array): JsonObject {
  try {
    const value = parseJson(body)
    if (isObject(value)) return value
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
  }
  throw unproved('verification.malformed_signature', 'is no JSON object')
}

function unproved(
  code: 'verification.malformed_signature' | 'verification.missing_header' | 'verification.bad_credentials',
  what: string,
): VerificationError {
  return new VerificationError(code, `clientState stands in the body, and the body ${what}`)
}

/** Every item's, each with every secret. The index is the last that was needed, to see whether an old one is in use. */
function checkClientStates(items: readonly JsonObject[], secrets: readonly Secret[], trace?: Trace): number {
  let areAll = true
  let secretIndex = 0
  for (const { clientState } of items) {
    const sent = typeof clientState === 'string' ? clientState : ''
    let found = -1
    for (const [index, { text }] of secrets.entries()) {
      const matches = secretsEqual(sent, text)
      trace?.tried({ secretIndex: index, expected: text, given: [sent], matches, isClear: true })
      if (matches && found < 0) found = index
    }
    if (found < 0) areAll = false
    secretIndex = Math.max(secretIndex, found)
  }
  if (areAll) return secretIndex
  throw unproved('verification.bad_credentials', 'has a notification without the configured one')
}

/** The application by which Graph itself sends. */
const publisher = '0bf30f3b-4a52-48df-9a82-234910c4a086'

function keysOf(tenant: string): KeyRequest {
  const host = 'login.microsoftonline.com'
  return { url: `https://${host}/${tenant}/discovery/v2.0/keys`, hosts: [host] }
}

interface Application {
  readonly appId: string
  readonly tenant: string
}

function checkToken(token: string, { appId, tenant }: Application, keys: RemoteKeys, now: number): void {
  if (jwtHead(token).algorithm !== 'RS256') {
    throw unproved('verification.malformed_signature', 'has a token that is not signed with RS256')
  }
  const claims = publishedClaims(token, { keys, request: keysOf(tenant), now })
  requireClaim(claims, 'aud', [appId])
  requireClaim(claims, 'tid', [tenant])
  const issuers = [`https://sts.windows.net/${tenant}/`, `https://login.microsoftonline.com/${tenant}/v2.0`]
  requireClaim(claims, 'iss', issuers)
  requireClaim(claims, claims['ver'] === '2.0' ? 'azp' : 'appid', [publisher])
}

function proof({ secret, app_id, tenant }: Options, keys: RemoteKeys): Proof {
  const application =
    app_id === undefined || tenant === undefined ? undefined : { appId: app_id, tenant: tenant }
  return {
    async prepare(delivery) {
      if (!application) return
      const { items, tokens } = readNotifications(delivery)
      if (tokens.length === 0) return
      checkClientStates(items, secret)
      await keys.load(keysOf(application.tenant))
    },
    prove(delivery, now, trace) {
      const { items, tokens } = readNotifications(delivery)
      const secretIndex = checkClientStates(items, secret, trace)
      if (!application) return { secretIndex }
      if (tokens.length === 0 && items.some(({ encryptedContent }) => encryptedContent !== undefined)) {
        throw unproved('verification.missing_header', 'has resource data and no validationTokens')
      }
      for (const token of tokens) checkToken(token, application, keys, now)
      return { secretIndex }
    },
    sign: ({ body, secretIndex = 0 }) => ({
      headers: {},
      body: Buffer.from(withClientState(body, secretAt(secret, secretIndex))),
    }),
  }
}

function withClientState(body: Uint8Array, { text }: Secret): string {
  const whole = objectOf(body)
  const { value } = whole
  if (!Array.isArray(value)) throw malformed('the body has no list at value')
  const signed = value.map((item) => (isObject(item) ? { ...item, clientState: text } : item))
  return stringifyJson({ ...whole, value: signed })
}

/** Without `clientState`, a secret that no agent has to read. */
function notificationsOf(body: JsonValue): readonly JsonValue[] {
  const value = isObject(body) ? body['value'] : undefined
  if (!Array.isArray(value)) throw malformed('the body has no list at value')
  return value.map((item) => {
    if (!isObject(item)) throw malformed('a notification is not an object')
    const { clientState: _clientState, ...rest } = item
    return rest
  })
}

function idOf({ data, text, object, delivery }: Reading): string | undefined {
  const { resource = null, changeType = null } = object('') ?? {}
  const etag = object('resourceData')?.['@odata.etag']
  const subscription = text('subscriptionId') ?? ''
  if (typeof etag === 'string' && etag !== '') {
    return `${subscription}/${digestOf([resource, changeType, etag])}`
  }
  return `${subscription}/${text('id') ?? `${delivery.receivedAt}/${digestOf(data)}`}`
}

function digestOf(value: JsonValue): string {
  return sha256(stringifyJson(value)).toString('hex').slice(0, 32)
}

/** `message.created` of `#Microsoft.Graph.Message`, `lifecycle.missed`, or the change alone. */
function typeOf({ text, object }: Reading): string | undefined {
  const lifecycle = text('lifecycleEvent')
  if (lifecycle !== undefined) return `lifecycle.${lifecycle}`
  const change = text('changeType')
  const odataType = object('resourceData')?.['@odata.type']
  const name = typeof odataType === 'string' ? /\.([A-Za-z]{1,60})$/.exec(odataType)?.[1] : undefined
  if (name === undefined || change === undefined) return change
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}.${change}`
}

const rules = idRules({
  subscription: [uuid, 'subscriptionId'],
  tenant: [uuid, 'tenantId'],
  // As Graph makes them; addresses and names that stand for some resources have other characters.
  resource: ['[A-Za-z0-9_=-]{16,250}', 'resourceData.id'],
})

export const microsoftGraph = defineSender({
  kind: 'microsoft-graph',
  title: 'Microsoft Graph',
  link: 'https://learn.microsoft.com/graph/change-notifications-delivery-webhooks',
  options,
  proof: (given, { keys }) => proof(given, keys),
  greet,
  items: notificationsOf,
  ids: rules,
  event: {
    id: idOf,
    isIdAuthentic: true,
    type: typeOf,
    subject: ({ ids, text }) => ids['resource'] ?? text('resource') ?? ids['subscription'],
  },
  reply: () => ({ status: 202, body: '' }),
  samples: microsoftGraphSamples,
})
