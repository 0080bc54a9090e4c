import { z } from 'zod'
import type { Path } from '../util/path.js'
import { handshakeField, isUnconditional, makesHmac } from './custom-handshake.js'
import { type CustomScheme, verifyField } from './custom-verify.js'
import { headerField, pathField, signedUrlField, webhookFields } from './engine/fields.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { type MessageTemplate, uses } from './engine/template.js'

/** Where a value stands: a path in the event, a path in the whole body, a header, or a literal. */
export type Place =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'body'; readonly path: Path }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'literal'; readonly text: string }

const placeField = z.union([
  pathField.transform((path): Place => ({ kind: 'path', path })),
  z
    .strictObject({ header: headerField })
    .transform(({ header }): Place => ({ kind: 'header', name: header })),
  z.strictObject({ body: pathField }).transform(({ body }): Place => ({ kind: 'body', path: body })),
])

const literalField = z
  .strictObject({ literal: z.string().min(1).max(200) })
  .transform(({ literal }): Place => ({ kind: 'literal', text: literal }))

/** One place, or several of which the values are joined. */
function placesField<Output>(place: z.ZodType<Output>) {
  return z
    .union([place, z.array(place).min(1).max(5)])
    .transform((given): readonly Output[] => (Array.isArray(given) ? given : [given]))
}

const anywhere = 'a path in the body, { header: x-name }, in a batch { body: path } of the whole body'

const eventField = z.strictObject({
  id: placesField(placeField)
    .optional()
    .describe(`The sender’s id of the event: ${anywhere}, or a list of them.`),
  type: placesField(z.union([placeField, literalField]))
    .optional()
    .describe(`Its type: ${anywhere}, { literal: text }, or a list of them, joined with a dot.`),
  subject: placesField(placeField).optional().describe(`What it is about: ${anywhere}, or a list of them.`),
  actor: z
    .union([
      pathField.transform((path): Place => ({ kind: 'path', path })),
      z.strictObject({ body: pathField }).transform(({ body }): Place => ({ kind: 'body', path: body })),
    ])
    .optional()
    .describe(
      'Who did it, by the name or id that the sender’s system gave them: a path in the body, in a batch { body: path } of the whole body.',
    ),
  time: placeField.optional().describe(`When it happened: ${anywhere}.`),
  semantic: placesField(placeField)
    .optional()
    .describe(
      'What names the occurrence whichever way it comes: a second id, as that of the subject and its version.',
    ),
})

const formField = z
  .union([
    z.literal('fields'),
    z.strictObject({ field: z.string().min(1).max(100).describe('The field that has the JSON.') }),
  ])
  .describe(
    'For bodies that are forms: which field has the JSON, or `fields` where they are the data themselves.',
  )

const replyField = z
  .strictObject({
    status: z.number().int().min(200).max(299).optional().describe('200 where it is left out.'),
    body: z.string().max(10_000).optional(),
    type: z
      .string()
      .regex(/^[a-z]+\/[a-z0-9.+-]+$/, 'is not a content type')
      .optional()
      .describe('text/plain where it is left out.'),
    refused: z
      .number()
      .int()
      .min(400)
      .max(499)
      .default(401)
      .describe('The status for what does not prove itself.'),
  })
  .prefault({})
  .describe('What the sender is answered; 202 or 200 with JSON where it is left out.')

export const customOptions = z
  .strictObject({
    verify: verifyField,
    event: eventField.prefault({}),
    batch: pathField.optional().describe('Path of a list in the body, each item of which is an event.'),
    form: formField.optional(),
    reply: replyField,
    handshake: handshakeField,
    methods: z
      .array(z.enum(['POST', 'PUT', 'PATCH']))
      .min(1)
      .default(['POST'])
      .describe('Methods of deliveries.'),
    url: signedUrlField,
    ...webhookFields('1MB'),
  })
  .superRefine((given, context) => {
    const wrong = (text: string, ...path: (string | number)[]) =>
      context.addIssue({ code: 'custom', path, message: text })
    if (given.verify.kind === 'signature') checkCoverage(given, given.verify.scheme, wrong)
    const isUrlSigned = given.verify.kind === 'signature' && uses(given.verify.scheme.message, 'url')
    if (given.url !== undefined && !isUrlSigned)
      wrong('is not in message as {url}: leave it out, or write {url} where it is signed', 'url')
    checkHandshakes(given, wrong)
  })

export type CustomOptions = z.output<typeof customOptions>

type Given = Pick<CustomOptions, 'event' | 'batch' | 'form' | 'methods' | 'handshake'> & {
  readonly verify: CustomScheme
}
type Wrong = (text: string, ...path: (string | number)[]) => void

/** Whether the signature covers all that the event is read from. */
export function coversBody({ message }: SignatureScheme, form: Given['form']): boolean {
  const data = typeof form === 'object' ? form.field : undefined
  return message.parts.some(
    (part) => part.kind === 'body' || part.kind === 'form' || (part.kind === 'field' && part.name === data),
  )
}

/** Whether the value at the place is one of the parts that are signed. */
export function isSigned(place: Place, { message, idHeader }: SignatureScheme, form: Given['form']): boolean {
  return message.parts.some((part) => {
    if (place.kind === 'literal') return true
    if (place.kind === 'header')
      return (
        (part.kind === 'header' && part.name === place.name) ||
        (part.kind === 'id' && idHeader === place.name)
      )
    return (
      (part.kind === 'json' && part.path.source === place.path.source) ||
      (part.kind === 'field' && form === 'fields' && part.name === place.path.source)
    )
  })
}

/**
 * A signature that does not cover the body says of the body nothing. Where a sender puts it into the body it can cover
 * parts of it only; such a delivery is bound by a signed time, and by a signed id under which no second body passes.
 */
function checkCoverage({ event, batch, form }: Given, scheme: SignatureScheme, wrong: Wrong): void {
  const { message, signature, timestamp } = scheme
  const needsForm =
    [signature, timestamp].some((place) => place && 'field' in place) ||
    uses(message, 'form') ||
    uses(message, 'field')
  if (needsForm && form === undefined)
    wrong(
      'is needed: verify names fields of a form; write form: fields, or form: { field: name } for one with JSON',
      'form',
    )
  const needsJson = [signature, timestamp].some((place) => place && 'path' in place) || uses(message, 'json')
  if (needsJson && form !== undefined)
    wrong('a form has no paths; name its fields, as field: name and {form:name}', 'verify')
  const isFree = event.id?.some((place) => place.kind === 'header' && !isSigned(place, scheme, form))
  if (form !== undefined && isFree && !uses(message, 'body'))
    wrong(
      'is a header that is not signed, under which a form could be sent again; take one of its fields',
      'event',
      'id',
    )
  if (coversBody(scheme, form)) return
  if (event.actor && !isSigned(event.actor, scheme, form))
    wrong('is not one of the parts that are signed, so anybody could say who did it', 'event', 'actor')
  const fault = `"${message.source}" must have {body} exactly once: what is not signed is not known`
  if (!('path' in signature || 'field' in signature)) {
    wrong(fault, 'verify', 'message')
    return
  }
  const isBound = timestamp !== undefined && event.id?.every((place) => isSigned(place, scheme, form))
  if (isBound && batch === undefined) return
  wrong(
    `${fault}. Where the signature stands in the body and covers only parts of it, a signed timestamp, an event.id that is one of these parts, and no batch`,
    'verify',
    'message',
  )
}

function checkHandshakes({ verify, methods, handshake }: Given, wrong: Wrong): void {
  for (const [at, rule] of handshake.entries()) {
    const { signed, when } = rule
    const isOfDeliveries = methods.some((method) => method === when.method)
    if (signed && !isOfDeliveries)
      wrong(
        `is no method of deliveries, so nothing signed comes by it; write signed: false, or add it to methods`,
        'handshake',
        at,
        'when',
        'method',
      )
    if (!signed && isOfDeliveries && isUnconditional(rule))
      wrong(
        'would answer every delivery, and record none; name what only the handshake has',
        'handshake',
        at,
        'when',
      )
    if (!makesHmac(rule)) continue
    const algorithm = verify.kind === 'signature' ? (verify.scheme.algorithm ?? 'hmac') : undefined
    if (verify.kind !== 'signature' || (algorithm !== 'hmac' && algorithm !== 'keyed-hash'))
      wrong('has an hmac, which needs the secret of scheme hmac or keyed-hash', 'handshake', at, 'reply')
    else if (!signed && !tellsTokensApart(verify.scheme.message))
      wrong(
        'gives the HMAC of what anybody asks for, and that could be a delivery’s; write signed: true',
        'handshake',
        at,
        'reply',
      )
  }
}

/** Whether no signed message can be a mere token, by a character that none has. */
function tellsTokensApart({ parts }: MessageTemplate): boolean {
  return parts.some((part) => part.kind === 'literal' && /[^A-Za-z0-9_-]/.test(part.text))
}
