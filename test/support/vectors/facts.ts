import { createPublicKey } from 'node:crypto'
import type { Vector } from './format.js'

/** What a vector says of its sender beside the secrets, and what can be read from its request alone. */

const unsaid = 1_700_000_000_000

export interface VectorClock {
  readonly now: number
  /** Why it is not the vector's own. */
  readonly because?: string
}

const dayMs = 86_400_000

/** The receiver's clock. Where the file has none, or one that cannot be meant, it is the time that the request names. */
export function clockOf(vector: Vector): VectorClock {
  const signedAt = signedTime(vector)
  const { now } = vector
  if (now === undefined) return { now: signedAt ?? unsaid }
  if (vector.isValid && signedAt !== undefined && Math.abs(signedAt - now) > dayMs) {
    const days = Math.round(Math.abs(signedAt - now) / dayMs)
    return { now: signedAt, because: `its clock is ${days} days off its own signed time; run at that time` }
  }
  return { now }
}

function signedTime({ headers, body }: Vector): number | undefined {
  for (const [name, value] of headers) {
    if (/timestamp|transmission-time/i.test(name)) return timeOf(value)
    const pair = /(?:^|[,; ])(?:t|ts|timestamp)=(\d{10,13})(?:[,; ]|$)/.exec(value)?.[1]
    if (pair !== undefined) return timeOf(pair)
    const issued = claimsOf(value)?.['iat']
    if (typeof issued === 'number') return issued * 1000
  }
  const text = body.toString('utf8')
  const named = /"(?:timestamp|webhookTimestamp)"\s*:\s*"?([0-9T:.Z-]{10,30})"?/i.exec(text)?.[1]
  return named === undefined ? undefined : timeOf(named)
}

function timeOf(text: string): number | undefined {
  if (/^\d{10}$/.test(text)) return Number(text) * 1000
  if (/^\d{13}$/.test(text)) return Number(text)
  const at = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

function claimsOf(value: string): Record<string, unknown> | undefined {
  const payload = /(?:^|\s)eyJ[\w-]*\.([\w-]+)\.[\w-]*$/.exec(value)?.[1]
  return payload === undefined ? undefined : objectOf(Buffer.from(payload, 'base64url').toString('utf8'))
}

export function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** A text of the entry under the first of these names. */
export function said({ more }: Vector, ...names: readonly string[]): string | undefined {
  const value = names.map((name) => more[name]).find((each) => each !== undefined)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

/** Options that a kind may have, by the name of the option; the secrets are not among them. */
export function optionFacts(vector: Vector): Record<string, unknown> {
  const query = new URL(vector.url).searchParams
  const body = objectOf(vector.body.toString('utf8'))
  const topic = text(body?.['TopicArn']) ?? said(vector, 'topic_arn', 'topic')
  const hubTopic = query.get('hub.topic') ?? said(vector, 'hub_topic')
  const tolerance = said(vector, 'tolerance', 'tolerance_seconds')
  const header = said(vector, 'token_header', 'jws_header', 'signature_header', 'header')
  const claims = vector.headers.map(([, value]) => claimsOf(value)).find(Boolean)
  const issuer = said(vector, 'expect_iss', 'issuer', 'iss')
  const email = said(vector, 'expect_email', 'service_account', 'email') ?? text(claims?.['email'])
  const given: Record<string, unknown> = {
    url: vector.url,
    webhook_id: said(vector, 'webhook_id'),
    public_key: said(vector, 'public_key'),
    tolerance: tolerance === undefined ? documentedTolerance[vector.provider] : `${tolerance}s`,
    version: /-(v\d)$/.exec(vector.scheme)?.[1],
    timestamp_header: vector.scheme.endsWith('-ts') ? timestampHeader(vector) : undefined,
    repositories: repositoriesOf(vector),
    header,
    issuer,
    topic: topic ?? hubTopic,
    topics: topic === undefined ? (hubTopic === null ? undefined : hubTopic) : topic,
    topic_arn: topic,
    audience: said(vector, 'expect_aud', 'audience', 'aud') ?? text(claims?.['aud']),
    hash: hashOf(vector),
    prefix: said(vector, 'token_prefix', 'prefix') ?? bearerOf(vector),
    email,
    service_account: email,
    verify_token: query.get('hub.verify_token') ?? said(vector, 'verify_token'),
    origin: vector.headers.find(([name]) => name.toLowerCase() === 'webhook-request-origin')?.[1],
    user: userOf(vector),
    username: userOf(vector),
  }
  for (const [name, value] of Object.entries(vector.more)) given[name] ??= value
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined && value !== null),
  )
}

/** Where a sender names a shorter time than the five minutes that are the default here. */
const documentedTolerance: Readonly<Record<string, string>> = { linear: '60s', calendly: '3m', workos: '3m' }

function timestampHeader({ headers, provider }: Vector): string {
  return headers.find(([name]) => /timestamp/i.test(name))?.[0] ?? `x-${provider}-alerting-timestamp`
}

/** Of a build in a form, as Travis CI sends it. */
function repositoriesOf({ body }: Vector): string[] | undefined {
  const payload = new URLSearchParams(body.toString('latin1')).get('payload')
  const { repository } = (payload === null ? undefined : objectOf(payload)) ?? {}
  const { owner_name, name } = (repository ?? {}) as Record<string, unknown>
  return typeof owner_name === 'string' && typeof name === 'string' ? [`${owner_name}/${name}`] : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function isBasic({ scheme }: Vector): boolean {
  return /^(http-)?basic(-auth)?$/.test(scheme)
}

export function isToken({ scheme }: Vector): boolean {
  return /^(token|bearer|api-key|secret|shared-secret|static)(-(header|token|auth))?$/.test(scheme)
}

/** Of a scheme that several hashes have. */
function hashOf(vector: Vector): string | undefined {
  const named = said(vector, 'hash', 'algorithm') ?? /-(sha\d+)$/.exec(vector.scheme)?.[1]
  return named?.replace(/^hmac-?/, '')
}

/** What stands before a token that is sent as a bearer's. */
function bearerOf(vector: Vector): string | undefined {
  const [secret = ''] = vector.secrets
  const isBearer = isToken(vector) && !secret.startsWith('Bearer ')
  const value = vector.headers.find(([name]) => name.toLowerCase() === 'authorization')?.[1]
  return isBearer && value?.startsWith('Bearer ') ? 'Bearer ' : undefined
}

function userOf(vector: Vector): string | undefined {
  if (!isBasic(vector)) return said(vector, 'user', 'username')
  const [secret = ''] = vector.secrets
  return said(vector, 'user', 'username') ?? secret.slice(0, Math.max(0, secret.indexOf(':')))
}

/** The secrets as a kind has them: of basic credentials the passwords. */
export function secretsOf(vector: Vector): readonly string[] {
  if (!isBasic(vector) || said(vector, 'user', 'username') !== undefined) return vector.secrets
  return vector.secrets.map((secret) => secret.slice(secret.indexOf(':') + 1))
}

/** A key that a sender shows or publishes, and no secret: PEM, or a JWK. */
export function isPublicKey(text: string): boolean {
  return text.includes('-----BEGIN') || objectOf(text)?.['kty'] !== undefined
}

/** What a sender’s published keys would be at `url`: the vector has them in place of a secret. */
export function publishedText(vector: Vector, url: string): string {
  const { secrets, more } = vector
  const { pathname } = new URL(url)
  if (more['jwks'] !== undefined) return JSON.stringify(more['jwks'])
  const [key = ''] = secrets
  if (pathname.endsWith('/config')) {
    return JSON.stringify({ config: { notifications: { webhook: { public_key: key } } } })
  }
  const isOne = pathname.includes('webhook_verification_key')
  if (!isOne && !/certs$|jwks|keys$|discovery/.test(pathname)) return key
  const jwk = { ...jwkOf(key), kid: tokenKeyId(vector) }
  return JSON.stringify(isOne ? { key: jwk } : { keys: [jwk] })
}

function jwkOf(key: string): object {
  const given = objectOf(key)
  if (given) return given
  return key.includes('-----BEGIN') ? createPublicKey(key).export({ format: 'jwk' }) : {}
}

/** The id of the key that the request’s token names. */
function tokenKeyId({ headers }: Vector): unknown {
  const heads = headers.map(([, value]) => /(?:^|\s)(eyJ[\w-]*)\.[\w-]+\.[\w-]*$/.exec(value)?.[1])
  const [head] = heads.filter((each) => each !== undefined)
  return head && objectOf(Buffer.from(head, 'base64url').toString('utf8'))?.['kid']
}
