import { z } from 'zod'
import type { Path } from '../util/path.js'
import { durationField, headerField, later, pathField, webhookFields } from './engine/fields.js'
import { type Secret, type SecretEncoding, secretField, secretInput } from './engine/secret.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage, type MessageTemplate, uses } from './engine/template.js'
import { defaultToleranceMs } from './engine/timestamp.js'
import type { TokenScheme } from './engine/token-scheme.js'

/** What `verify:` of a described sender comes to. */
export type CustomScheme = { readonly secrets: readonly Secret[] } & (
  | { readonly kind: 'hmac'; readonly scheme: SignatureScheme }
  | { readonly kind: 'token'; readonly scheme: TokenScheme }
  | { readonly kind: 'basic'; readonly user: string }
)

const tolerance = durationField(1000, 86_400_000, 'from 1s to 1d')
const timestampField = z
  .strictObject({
    header: headerField.optional(),
    pair: z
      .string()
      .min(1)
      .optional()
      .describe('Key of the time in the signature’s own header: t in t=…,v1=….'),
    unit: z.enum(['s', 'ms', 'iso']).default('s'),
    tolerance: tolerance.optional().describe('How old it may be; 5m where it is left out.'),
    future: tolerance.optional().describe('How far ahead it may be; as tolerance where it is left out.'),
  })
  .refine(({ header, pair }) => (header === undefined) !== (pair === undefined), {
    error: 'needs exactly one of header and pair',
  })

const signatureField = z
  .strictObject({
    header: headerField,
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
  })
  .refine(({ pairs, list_separator }) => pairs === undefined || list_separator !== undefined, {
    path: ['pairs'],
    error: 'pairs need list_separator, as "," in t=1,v1=abc',
  })

const messageField = z
  .string()
  .default('{body}')
  .describe('What is signed: {body} {timestamp} {id} {header:x-name} and literal text.')
  .transform((text, context): MessageTemplate => {
    try {
      return compileMessage(text)
    } catch (cause) {
      context.addIssue({ code: 'custom', message: cause instanceof Error ? cause.message : String(cause) })
      return z.NEVER
    }
  })

const hmacField = z
  .strictObject({
    scheme: z.literal('hmac'),
    hash: z.enum(['sha1', 'sha256', 'sha512']).default('sha256'),
    secret: secretInput,
    secret_encoding: z.enum(['utf8', 'hex', 'base64']).default('utf8'),
    strip_prefix: z.string().min(1).max(64).optional().describe('Taken off the secret before it is decoded.'),
    signature: signatureField,
    message: messageField,
    timestamp: timestampField.optional(),
    id: z.strictObject({ header: headerField }).optional().describe('The header of {id}.'),
  })
  .transform((given, context): CustomScheme => {
    const { message, timestamp, id, signature } = given
    const wrong = (key: string, text: string) =>
      context.addIssue({ code: 'custom', path: [key], message: text })
    if (uses(message, 'timestamp') && !timestamp)
      wrong('message', 'has {timestamp}, but timestamp is not there')
    if (timestamp && !uses(message, 'timestamp')) {
      wrong('timestamp', 'is not in message as {timestamp}: a time that is not signed proves nothing')
    }
    if (uses(message, 'id') && !id) wrong('message', 'has {id}, but id is not there')
    if (id && !uses(message, 'id')) {
      wrong('id', 'is not in message as {id}: an id that is not signed proves nothing')
    }
    if (timestamp?.pair !== undefined && !signature.pairs) {
      wrong('signature', 'needs pairs: the time is one of them')
    }
    const pastMs = timestamp?.tolerance ?? defaultToleranceMs
    const limits = {
      unit: timestamp?.unit ?? 's',
      tolerance: { pastMs, futureMs: timestamp?.future ?? pastMs },
    }
    const place = timestamp?.header ?? timestamp?.pair ?? ''
    return {
      kind: 'hmac',
      secrets: secretsOf(given.secret, context, given.secret_encoding, given.strip_prefix),
      scheme: {
        hash: given.hash,
        signature: {
          header: signature.header,
          listSeparator: signature.list_separator,
          pairs: signature.pairs,
          prefix: signature.prefix,
          encoding: signature.encoding,
        },
        message,
        timestamp:
          timestamp && (timestamp.header ? { header: place, ...limits } : { pair: place, ...limits }),
        idHeader: id?.header,
      },
    }
  })

const tokenField = z
  .strictObject({
    scheme: z.literal('token'),
    header: headerField,
    prefix: z.string().max(64).default('').describe('Must stand before the token, exactly: "Bearer ".'),
    secret: secretInput,
  })
  .transform(({ header, prefix, secret }, context): CustomScheme => {
    return { kind: 'token', secrets: secretsOf(secret, context), scheme: { header, prefix } }
  })

const basicField = z
  .strictObject({
    scheme: z.literal('basic'),
    user: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[^:]+$/, 'a user name of basic credentials cannot have a colon'),
    secret: secretInput.describe('The password, or a list with the current one first. At least 16 bytes.'),
  })
  .transform(
    ({ user, secret }, context): CustomScheme => ({
      kind: 'basic',
      secrets: secretsOf(secret, context),
      user,
    }),
  )

/** Secrets by the rules of every kind; here their encoding is known only now. */
function secretsOf(
  given: z.output<typeof secretInput>,
  context: z.RefinementCtx,
  encoding: SecretEncoding = 'utf8',
  stripPrefix?: string,
): readonly Secret[] {
  const parsed = secretField({ encoding, stripPrefix }).safeParse(given)
  if (parsed.success) return parsed.data
  for (const { path, message } of parsed.error.issues) {
    context.addIssue({ code: 'custom', path: ['secret', ...path], message })
  }
  return []
}

/** Where a value stands: a path in the body (in the item, for a batch), a header, or a literal. */
export type Place =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'literal'; readonly text: string }

const placeField = z
  .union([
    pathField.transform((path): Place => ({ kind: 'path', path })),
    z
      .strictObject({ header: headerField })
      .transform(({ header }): Place => ({ kind: 'header', name: header })),
  ])
  .describe('A path in the body, or { header: x-name }.')

const typeField = z
  .union([
    placeField,
    z
      .strictObject({ literal: z.string().min(1).max(200) })
      .transform(({ literal }): Place => ({ kind: 'literal', text: literal })),
  ])
  .describe('A path in the body, { header: x-name } or { literal: text }.')

export const customOptions = z.strictObject({
  verify: z.discriminatedUnion('scheme', [hmacField, tokenField, basicField]),
  event: z
    .strictObject({
      id: placeField.optional(),
      type: typeField.optional(),
      subject: placeField.optional(),
      time: placeField.optional(),
    })
    .prefault({}),
  batch: pathField.optional().describe('Path of a list in the body, each item of which is an event.'),
  reply: z
    .strictObject({
      status: z.number().int().min(200).max(299).default(200),
      body: z.string().max(10_000).default(''),
      type: z
        .string()
        .regex(/^[a-z]+\/[a-z0-9.+-]+$/, 'is not a content type')
        .default('text/plain'),
    })
    .optional()
    .describe('What the sender is answered; 202 or 200 with JSON where it is left out.'),
  handshake: later('handshake (answering a challenge)'),
  form: later('form (form-encoded bodies)'),
  ...webhookFields('1MB'),
})

export type CustomOptions = z.output<typeof customOptions>
