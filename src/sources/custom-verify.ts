import { z } from 'zod'
import { userField } from './engine/credentials.js'
import { durationField, headerField, pathField } from './engine/fields.js'
import type { ProofPlace } from './engine/places.js'
import { publicKeyField, type Secret, type SecretRule, secretField, secretInput } from './engine/secret.js'
import type { SignatureScheme, TimestampPlace } from './engine/signature-scheme.js'
import { compileMessage, type MessageTemplate, messageParts, uses } from './engine/template.js'
import { defaultToleranceMs } from './engine/timestamp.js'
import type { TokenScheme } from './engine/token-scheme.js'

/** What `verify:` of a described sender comes to. */
export type CustomScheme = { readonly secrets: readonly Secret[] } & (
  | { readonly kind: 'signature'; readonly scheme: SignatureScheme }
  | { readonly kind: 'token'; readonly scheme: TokenScheme }
  | { readonly kind: 'basic'; readonly user: string }
)

const nameField = z.string().min(1).max(100)
const placeKeys = {
  header: headerField.optional(),
  query: nameField.optional().describe('Its name in the query of the URL.'),
  path: pathField.optional().describe('Its path in the JSON body.'),
  field: nameField.optional().describe('Its field in a form.'),
}

type Places = { [Key in keyof typeof placeKeys]?: z.output<(typeof placeKeys)[Key]> }

function placesOf({ header, query, path, field }: Places): ProofPlace[] {
  return [
    ...(header === undefined ? [] : [{ header }]),
    ...(query === undefined ? [] : [{ query }]),
    ...(path === undefined ? [] : [{ path }]),
    ...(field === undefined ? [] : [{ field }]),
  ]
}

const tolerance = durationField(1000, 86_400_000, 'from 1s to 1d')
const timestampField = z
  .strictObject({
    ...placeKeys,
    pair: z
      .string()
      .min(1)
      .optional()
      .describe('Key of the time in the signature’s own header: t in t=…,v1=….'),
    unit: z.enum(['s', 'ms', 'iso']).default('s'),
    tolerance: tolerance.optional().describe('How old it may be; 5m where it is left out.'),
    future: tolerance.optional().describe('How far ahead it may be; as tolerance where it is left out.'),
  })
  .transform((given, context): TimestampPlace => {
    const { pair, unit } = given
    const pastMs = given.tolerance ?? defaultToleranceMs
    const limits = { unit, tolerance: { pastMs, futureMs: given.future ?? pastMs } }
    const [place, second] = placesOf(given)
    if (pair !== undefined && !place) return { pair, ...limits }
    if (pair === undefined && place && !second) return { ...place, ...limits }
    context.addIssue({ code: 'custom', message: 'needs exactly one of header, pair, query, path and field' })
    return z.NEVER
  })

const signatureField = z
  .strictObject({
    ...placeKeys,
    list_separator: z
      .string()
      .min(1)
      .max(8)
      .optional()
      .describe('Parts a list of signatures; any may match.'),
    pairs: z
      .strictObject({
        separator: z.string().min(1).max(8),
        select: z
          .union([z.string().min(1), z.array(z.string().min(1)).min(1).max(8)])
          .transform((names) => (typeof names === 'string' ? [names] : names)),
      })
      .optional()
      .describe('Entries of the list are key and value; those of these keys are signatures.'),
    prefix: z.string().max(64).default('').describe('Must stand before the signature, exactly.'),
    encoding: z.enum(['hex', 'base64']).default('hex'),
    several: z
      .enum(['repeated', 'numbered'])
      .optional()
      .describe('The header comes once for each key, or as <header>-1, <header>-2, …; any may match.'),
  })
  .transform((given, context) => {
    const { list_separator, pairs, prefix, encoding, several } = given
    const wrong = (message: string, ...path: string[]) => context.addIssue({ code: 'custom', path, message })
    const [place, second] = placesOf(given)
    if (!place || second) {
      wrong('needs exactly one of header, query, path and field')
      return z.NEVER
    }
    if (pairs && list_separator === undefined)
      wrong('pairs need list_separator, as "," in t=1,v1=abc', 'pairs')
    if (several && !('header' in place)) wrong('is for signatures in a header', 'several')
    return { ...place, listSeparator: list_separator, pairs, prefix, encoding, ...(several && { several }) }
  })

const messageField = z
  .string()
  .default('{body}')
  .describe(`What is signed: ${messageParts} and literal text.`)
  .transform((text, context): MessageTemplate => {
    try {
      return compileMessage(text, { isBodyFree: true })
    } catch (cause) {
      context.addIssue({ code: 'custom', message: cause instanceof Error ? cause.message : String(cause) })
      return z.NEVER
    }
  })

const signedKeys = {
  signature: signatureField,
  message: messageField,
  timestamp: timestampField.optional(),
  id: z.strictObject({ header: headerField }).optional().describe('The header of {id}.'),
}

type Signed = z.output<z.ZodObject<typeof signedKeys>>

const hashField = z.enum(['sha1', 'sha256', 'sha384', 'sha512']).default('sha256')

const sharedField = z
  .strictObject({
    scheme: z.enum(['hmac', 'keyed-hash']),
    hash: hashField,
    secret: secretInput.describe('The secret, or a list with the current one first. At least 16 bytes.'),
    secret_encoding: z.enum(['utf8', 'hex', 'base64']).default('utf8'),
    strip_prefix: z.string().min(1).max(64).optional().describe('Taken off the secret before it is decoded.'),
    ...signedKeys,
  })
  .transform((given, context): CustomScheme => {
    const { scheme: algorithm, hash, secret, secret_encoding: encoding, strip_prefix } = given
    checkSigned(given, context)
    const rule = { encoding, ...(strip_prefix !== undefined && { stripPrefix: strip_prefix }) }
    return {
      kind: 'signature',
      secrets: secretsOf(secret, context, rule),
      scheme: { algorithm, hash, ...schemeOf(given) },
    }
  })

function publicScheme(
  algorithm: 'ecdsa-p256' | 'rsa',
  { hash, public_key, ...given }: Signed & Pick<SignatureScheme, 'hash'> & { public_key: readonly Secret[] },
  context: z.RefinementCtx,
): CustomScheme {
  checkSigned(given, context)
  return { kind: 'signature', secrets: public_key, scheme: { algorithm, hash, ...schemeOf(given) } }
}

const ed25519Field = z
  .strictObject({
    scheme: z.literal('ed25519'),
    public_key: publicKeyField('ed25519'),
    ...signedKeys,
  })
  .transform((given, context): CustomScheme => {
    checkSigned(given, context)
    const scheme = { algorithm: 'ed25519', hash: 'sha512', ...schemeOf(given) } as const
    return { kind: 'signature', secrets: given.public_key, scheme }
  })

const ecdsaField = z
  .strictObject({
    scheme: z.literal('ecdsa-p256'),
    hash: hashField,
    public_key: publicKeyField('ecdsa-p256'),
    ...signedKeys,
  })
  .transform((given, context) => publicScheme('ecdsa-p256', given, context))

const rsaField = z
  .strictObject({
    scheme: z.literal('rsa'),
    hash: hashField,
    public_key: publicKeyField('rsa'),
    ...signedKeys,
  })
  .transform((given, context) => publicScheme('rsa', given, context))

function schemeOf({ signature, message, timestamp, id }: Signed) {
  return { signature, message, timestamp, idHeader: id?.header }
}

/** What would be relied on and is not signed. Whether the whole body is, is known only with `form` and `event`. */
function checkSigned({ message, timestamp, id, signature }: Signed, context: z.RefinementCtx): void {
  const wrong = (key: string, text: string) =>
    context.addIssue({ code: 'custom', path: [key], message: text })
  if (uses(message, 'timestamp') && !timestamp)
    wrong('message', 'has {timestamp}, but timestamp is not there')
  if (timestamp && !isTimeSigned(timestamp, message)) {
    wrong('timestamp', 'is not in message as {timestamp}: a time that is not signed proves nothing')
  }
  if (uses(message, 'id') && !id) wrong('message', 'has {id}, but id is not there')
  if (id && !uses(message, 'id')) {
    wrong('id', 'is not in message as {id}: an id that is not signed proves nothing')
  }
  if (timestamp && 'pair' in timestamp && !signature.pairs) {
    wrong('signature', 'needs pairs: the time is one of them')
  }
  const wholes = message.parts.filter(({ kind }) => kind === 'body' || kind === 'form').length
  if (wholes > 1)
    wrong('message', `"${message.source}" must have {body} exactly once: what is not signed is not known`)
  if (wholes > 0 && ('path' in signature || 'field' in signature)) {
    wrong(
      'message',
      'has the whole body, in which the signature itself stands; name the parts that are signed, with {json:path} or {form:field}',
    )
  }
}

function isTimeSigned(place: TimestampPlace, { parts }: MessageTemplate): boolean {
  return parts.some((part) => {
    switch (part.kind) {
      case 'timestamp':
        return true
      case 'body':
      case 'form':
        return 'path' in place || 'field' in place
      case 'header':
        return 'header' in place && part.name === place.header
      case 'json':
        return 'path' in place && part.path.source === place.path.source
      case 'field':
        return 'field' in place && part.name === place.field
      default:
        return false
    }
  })
}

const tokenField = z
  .strictObject({
    scheme: z.literal('token'),
    header: headerField.optional(),
    query: nameField.optional().describe('Its name in the query of the URL.'),
    prefix: z.string().max(64).default('').describe('Must stand before the token, exactly: "Bearer ".'),
    secret: secretInput.describe('The token, or a list with the current one first. At least 16 bytes.'),
  })
  .transform(({ header, query, prefix, secret }, context): CustomScheme => {
    const secrets = secretsOf(secret, context, { isToken: true })
    if (header !== undefined && query === undefined)
      return { kind: 'token', secrets, scheme: { header, prefix } }
    if (query !== undefined && header === undefined)
      return { kind: 'token', secrets, scheme: { query, prefix } }
    context.addIssue({ code: 'custom', message: 'needs exactly one of header and query' })
    return z.NEVER
  })

const basicField = z
  .strictObject({
    scheme: z.literal('basic'),
    user: userField.describe('The user of basic credentials.'),
    secret: secretInput.describe('The password, or a list with the current one first. At least 16 bytes.'),
  })
  .transform(
    ({ user, secret }, context): CustomScheme => ({
      kind: 'basic',
      secrets: secretsOf(secret, context, {}),
      user,
    }),
  )

/** Secrets by the rules of every kind; here their encoding is known only now. */
function secretsOf(
  given: z.output<typeof secretInput>,
  context: z.RefinementCtx,
  rule: SecretRule,
): readonly Secret[] {
  const parsed = secretField(rule).safeParse(given)
  if (parsed.success) return parsed.data
  for (const { path, message } of parsed.error.issues) {
    context.addIssue({ code: 'custom', path: ['secret', ...path], message })
  }
  return []
}

export const verifyField = z.discriminatedUnion('scheme', [
  sharedField,
  ed25519Field,
  ecdsaField,
  rsaField,
  tokenField,
  basicField,
])
