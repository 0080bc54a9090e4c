import { z } from 'zod'
import type { Delivery, Reply, VerifiedDelivery } from '../domain/delivery.js'
import { AppError } from '../domain/errors.js'
import { JsonError, type JsonObject, type JsonValue, parseJson, stringifyJson } from '../util/json.js'
import { compilePath, type Path, scalarText, valueAt } from '../util/path.js'
import { compilePattern, type Pattern } from '../util/pattern.js'
import { type HashName, hmac, type SignatureEncoding, secretsEqual } from '../util/signature.js'
import { challengePattern } from './engine/echo.js'
import { headerField, pathField } from './engine/fields.js'
import { plainHeader } from './engine/headers.js'
import { queryValue } from './engine/query.js'
import { type Secret, secretField } from './engine/secret.js'

/*
 * Handshakes of a described sender: which requests are one, and what is answered. What is given back of a request is
 * never more than a token, as text that no browser takes for a page.
 */

const nameField = z.string().min(1).max(100)

const patternField = z
  .string()
  .min(1)
  .max(500)
  .transform((text, context): Pattern => {
    try {
      return compilePattern(text)
    } catch (cause) {
      context.addIssue({ code: 'custom', message: cause instanceof Error ? cause.message : String(cause) })
      return z.NEVER
    }
  })

/** What a value must be. */
type Condition =
  | { readonly text: string }
  | { readonly secret: readonly Secret[] }
  | { readonly pattern: Pattern }
  | { readonly empty: true }

const conditionField = z
  .union([
    z
      .string()
      .max(500)
      .transform((text): Condition => ({ text })),
    z
      .strictObject({
        secret: secretField({ isToken: true }).optional(),
        pattern: patternField.optional().describe('RE2, matched whole.'),
        empty: z.literal(true).optional().describe('A list or an object with nothing in it.'),
      })
      .transform(({ secret, pattern, empty }, context): Condition => {
        const [condition, second] = [
          ...(secret ? [{ secret }] : []),
          ...(pattern ? [{ pattern }] : []),
          ...(empty ? [{ empty }] : []),
        ]
        if (condition && !second) return condition
        context.addIssue({ code: 'custom', message: 'needs exactly one of secret, pattern and empty' })
        return z.NEVER
      }),
  ])
  .describe('The text that it must be, { secret }, { pattern } or { empty: true }.')

const placeKeys = {
  query: nameField.optional(),
  header: headerField.optional(),
  path: pathField.optional(),
}

type Echoed = { readonly query: string } | { readonly header: string } | { readonly path: Path }

function echoedOf(
  { query, header, path }: { [Key in keyof typeof placeKeys]?: z.output<(typeof placeKeys)[Key]> },
  context: z.RefinementCtx,
): Echoed {
  const [place, second] = [
    ...(query === undefined ? [] : [{ query }]),
    ...(header === undefined ? [] : [{ header }]),
    ...(path === undefined ? [] : [{ path }]),
  ]
  if (place && !second) return place
  context.addIssue({ code: 'custom', message: 'needs exactly one of query, header and path' })
  return z.NEVER
}

interface Echo {
  readonly place: Echoed
  readonly pattern?: Pattern | undefined
}

const echoField = z
  .strictObject({
    ...placeKeys,
    pattern: patternField.optional().describe('What it must look like; RE2, matched whole.'),
  })
  .transform((given, context): Echo => ({ place: echoedOf(given, context), pattern: given.pattern }))
  .describe('What of the request is given back: letters, digits and ._~+/=- only, 256 at most.')

interface Mac {
  readonly place: Echoed
  readonly hash: HashName
  readonly encoding: SignatureEncoding
}

const hmacField = z
  .strictObject({
    ...placeKeys,
    hash: z.enum(['sha1', 'sha256', 'sha384', 'sha512']).default('sha256'),
    encoding: z.enum(['hex', 'base64']).default('hex'),
  })
  .transform(
    (given, context): Mac => ({
      place: echoedOf(given, context),
      hash: given.hash,
      encoding: given.encoding,
    }),
  )
  .describe('The HMAC of a part of the request: letters, digits, _ and - only, 64 at most.')

const jsonField = z
  .record(
    nameField,
    z.union([
      z.string().max(1000),
      z.number(),
      z.boolean(),
      z
        .strictObject({ echo: echoField.optional(), hmac: hmacField.optional() })
        .refine((given) => (given.echo === undefined) !== (given.hmac === undefined), {
          error: 'needs exactly one of echo and hmac',
        }),
    ]),
  )
  .describe('A JSON object: texts, numbers, { echo } and { hmac }.')

const connectionHeaders =
  /^(connection|content-length|content-type|date|keep-alive|set-cookie|trailer|transfer-encoding|upgrade|x-content-type-options)$/

const replyHeaderField = headerField.refine((name) => !connectionHeaders.test(name), {
  error: 'is a header that is not yours to set; the content type is type',
})

const replyField = z
  .strictObject({
    status: z.number().int().min(200).max(299).default(200),
    headers: z
      .record(
        replyHeaderField,
        z.union([
          z.string().regex(/^[\x20-\x7e]{0,500}$/, 'has characters that a header cannot carry'),
          z.strictObject({ echo: echoField }),
        ]),
      )
      .default({}),
    body: z.string().max(10_000).optional(),
    type: z
      .string()
      .regex(/^[a-z]+\/[a-z0-9.+-]+$/, 'is not a content type')
      .optional()
      .describe('Of `body`; text/plain where it is left out.'),
    echo: echoField.optional(),
    json: jsonField.optional(),
  })
  .superRefine(({ body, type, echo, json }, context) => {
    if ([body, echo, json].filter((each) => each !== undefined).length > 1)
      context.addIssue({ code: 'custom', message: 'needs one of body, echo and json' })
    if (type !== undefined && body === undefined) {
      const message = 'is for body: an echo is text/plain and json is application/json'
      context.addIssue({ code: 'custom', path: ['type'], message })
    }
  })

type Conditions = Readonly<Record<string, Condition>>

const whenField = z.strictObject({
  method: z.enum(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH']).default('POST'),
  query: z.record(nameField, conditionField).default({}),
  header: z.record(headerField, conditionField).default({}),
  body: z
    .record(z.string().min(1), conditionField)
    .default({})
    .transform((table, context) =>
      Object.entries(table).flatMap(([source, condition]) => {
        try {
          return [{ path: compilePath(source), condition }]
        } catch (cause) {
          const message = cause instanceof Error ? cause.message : String(cause)
          context.addIssue({ code: 'custom', path: [source], message })
          return []
        }
      }),
    )
    .describe('Paths in the JSON body, each with what must stand there.'),
})

const ruleField = z.strictObject({
  when: whenField.describe('Which requests it is; everything that is named must be so.'),
  signed: z.boolean().default(true).describe('Whether it must prove itself as a delivery does.'),
  reply: replyField,
})

export const handshakeField = z
  .array(ruleField)
  .max(8)
  .default([])
  .describe('Requests that are no deliveries, and what they are answered.')

export type HandshakeRule = z.output<typeof ruleField>

/** Whether a rule gives away HMACs. */
export function makesHmac({ reply: { json = {} } }: HandshakeRule): boolean {
  return Object.values(json).some((value) => typeof value === 'object' && value.hmac !== undefined)
}

/** Whether nothing but the method tells the rule's requests from others. */
export function isUnconditional({ when: { query, header, body } }: HandshakeRule): boolean {
  return Object.keys(query).length + Object.keys(header).length + body.length === 0
}

/** Nobody asks whether we are there with more than that. */
const mostGreetingBytes = 16 * 1024

/** The answer to a request that proves nothing, by the unsigned rules; undefined where it is none of theirs. */
export function greetBy(
  rules: readonly HandshakeRule[],
  delivery: Delivery,
  key: Uint8Array | undefined,
): Reply | undefined {
  const ofMethod = rules.filter(({ signed, when }) => !signed && when.method === delivery.method)
  if (ofMethod.length === 0) return undefined
  const isSmall = delivery.body.length <= mostGreetingBytes
  return firstReply(
    ofMethod,
    { delivery, body: () => (isSmall ? greetingJson(delivery.body) : undefined) },
    key,
  )
}

/** The answer to a signed handshake. */
export function answerBy(
  rules: readonly HandshakeRule[],
  verified: VerifiedDelivery,
  key: Uint8Array | undefined,
): Reply | undefined {
  const ofMethod = rules.filter(({ signed, when }) => signed && when.method === verified.delivery.method)
  return firstReply(ofMethod, { delivery: verified.delivery, body: () => readableJson(verified) }, key)
}

interface Request {
  readonly delivery: Delivery
  /** Undefined where the body is not JSON, or too long to be looked into. */
  body(): JsonValue | undefined
}

function firstReply(
  rules: readonly HandshakeRule[],
  request: Request,
  key: Uint8Array | undefined,
): Reply | undefined {
  for (const rule of rules) {
    if (!isMet(rule, request)) continue
    const reply = replyTo(rule, request, key)
    if (reply) return reply
  }
  return undefined
}

function greetingJson(body: Uint8Array): JsonValue | undefined {
  try {
    return parseJson(body)
  } catch (cause) {
    if (cause instanceof JsonError) return undefined
    throw cause
  }
}

function readableJson(verified: VerifiedDelivery): JsonValue | undefined {
  try {
    return verified.json()
  } catch (cause) {
    if (cause instanceof AppError) return undefined
    throw cause
  }
}

function isMet({ when }: HandshakeRule, request: Request): boolean {
  const { delivery } = request
  const areMet = (conditions: Conditions, read: (name: string) => string | undefined) =>
    Object.entries(conditions).every(([name, condition]) => fits(condition, read(name)))
  return (
    areMet(when.query, (name) => queryValue(delivery.url, name)) &&
    areMet(when.header, (name) => plainHeader(delivery, name)) &&
    when.body.every(({ path, condition }) => fits(condition, valueAt(request.body(), path)))
  )
}

/** Texts are compared in constant time, every secret of a list. */
function fits(condition: Condition, value: JsonValue | undefined): boolean {
  if ('empty' in condition) return isEmpty(value)
  const text = scalarText(value)
  if (text === undefined) return false
  if ('text' in condition) return text === '' ? condition.text === '' : secretsEqual(text, condition.text)
  if ('pattern' in condition) return condition.pattern.matches(text)
  return condition.secret.map((secret) => secretsEqual(text, secret.text)).includes(true)
}

function isEmpty(value: JsonValue | undefined): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === ''
}

function textAt(place: Echoed, { delivery, body }: Request): string | undefined {
  if ('query' in place) return queryValue(delivery.url, place.query)
  return 'header' in place ? plainHeader(delivery, place.header) : scalarText(valueAt(body(), place.path))
}

function echoed({ place, pattern }: Echo, request: Request): string | undefined {
  const text = textAt(place, request)
  if (text === undefined || !challengePattern.test(text)) return undefined
  return pattern && !pattern.matches(text) ? undefined : text
}

/** Who is given the HMAC of what it likes can sign what it likes: so of a token only, which no delivery is. */
const signedTokenPattern = /^[A-Za-z0-9_-]{1,64}$/

function macOf({ place, hash, encoding }: Mac, request: Request, key: Uint8Array | undefined) {
  const text = textAt(place, request)
  if (key === undefined || text === undefined || !signedTokenPattern.test(text)) return undefined
  return hmac(hash, key, [text]).toString(encoding)
}

/** Undefined where something is to be given back that is not there, or is no token. */
function replyTo(
  { reply: { status, headers, body, type, echo, json } }: HandshakeRule,
  request: Request,
  key: Uint8Array | undefined,
): Reply | undefined {
  const own: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    const text = typeof value === 'string' ? value : echoed(value.echo, request)
    if (text === undefined) return undefined
    own[name] = text
  }
  const written = json ? jsonText(json, request, key) : echo ? echoed(echo, request) : (body ?? '')
  if (written === undefined) return undefined
  const contentType = json ? 'application/json' : (type ?? 'text/plain')
  return {
    status,
    headers: { ...own, 'content-type': contentType, 'x-content-type-options': 'nosniff' },
    body: written,
  }
}

function jsonText(
  template: z.output<typeof jsonField>,
  request: Request,
  key: Uint8Array | undefined,
): string | undefined {
  const filled: JsonObject = Object.create(null)
  for (const [name, value] of Object.entries(template)) {
    if (typeof value !== 'object') {
      filled[name] = value
      continue
    }
    const text = value.echo ? echoed(value.echo, request) : value.hmac && macOf(value.hmac, request, key)
    if (text === undefined) return undefined
    filled[name] = text
  }
  return stringifyJson(filled)
}
