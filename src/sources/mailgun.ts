import { z } from 'zod'
import type { Delivery, VerifiedDelivery } from '../domain/delivery.js'
import { AppError, VerificationError } from '../domain/errors.js'
import { JsonError, type JsonObject, type JsonValue, parseJson, stringifyJson } from '../util/json.js'
import { compilePath, scalarText, valueAt } from '../util/path.js'
import { sha256 } from '../util/signature.js'
import { durationField, webhookFields } from './engine/fields.js'
import { formPairs, formTexts } from './engine/form.js'
import { idRules } from './engine/ids.js'
import { type Proof, secretAt } from './engine/proof.js'
import type { Reading } from './engine/reading.js'
import { type Secret, secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { type SignatureScheme, signWith, verifySignature } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { defaultToleranceMs } from './engine/timestamp.js'
import { isObject, jsonObject, malformed } from './engine/verified.js'
import { mailgunSamples } from './samples/mailgun.js'

/*
 * Mailgun: webhooks (JSON) and routes for mail that comes in (form).
 * https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks, read 2026-11-21.
 * Signed: `{timestamp}{token}`, both in the body, and nothing else: who has one of them can put any event beside it. So
 * the token is the id of the event, and a second body under it is a duplicate; `id` of the event is a second key.
 * Webhooks are sent again for 8 hours, whether with a new token and time is not documented: the time may be 9 hours old.
 * Must be answered 200; 406 ends the retries. Events of a subaccount have a signature of the parent account as well.
 * A route's post with attachments is multipart, which is not read here.
 */
function scheme(toleranceMs: number): SignatureScheme {
  return {
    hash: 'sha256',
    signature: { header: 'signature', listSeparator: ',', encoding: 'hex' },
    message: compileMessage('{timestamp}{header:token}', { isBodyFree: true }),
    timestamp: {
      header: 'timestamp',
      unit: 's',
      tolerance: { pastMs: toleranceMs, futureMs: Math.min(toleranceMs, defaultToleranceMs) },
    },
  }
}

const options = z.strictObject({
  secret: secretField(),
  tolerance: durationField(1000, 86_400_000, 'from 1s to 1d').prefault('9h').transform(scheme),
  ...webhookFields('25MB'),
})

const proofNames = ['timestamp', 'token', 'signature', 'parent-signature'] as const
type Parts = ReadonlyMap<string, string>

function isForm(body: Uint8Array): boolean {
  return body[0] !== 0x7b
}

/** What of the body proves it. In a form each must come once: a mail's own headers stand among its fields. */
function partsOf(body: Uint8Array): Parts {
  if (!isForm(body)) {
    const parsed = parseJson(body)
    const found = proofNames.map((name) => [name, scalarText(valueAt(parsed, signaturePaths[name]))] as const)
    return new Map(found.flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const])))
  }
  const parts = new Map<string, string>()
  for (const [name, value] of formPairs(body)) {
    if (!isProofName(name)) continue
    if (parts.has(name)) throw malformed(`the form has "${name}" twice`)
    parts.set(name, value.toString('latin1'))
  }
  return parts
}

const signaturePaths = {
  timestamp: compilePath('signature.timestamp'),
  token: compilePath('signature.token'),
  signature: compilePath('signature.signature'),
  'parent-signature': compilePath('signature.parent-signature'),
}

function isProofName(name: string): boolean {
  return (proofNames as readonly string[]).includes(name)
}

function readableParts(body: Uint8Array): Parts {
  try {
    return partsOf(body)
  } catch (cause) {
    if (!(cause instanceof JsonError || cause instanceof AppError)) throw cause
    const message = `the proof stands in the body, which cannot be read: ${cause.message}`
    throw new VerificationError('verification.malformed_signature', message)
  }
}

const tokenPattern = /^[A-Za-z0-9]{16,100}$/

/** The delivery with its proof where other senders have it. */
function withHeaders(delivery: Delivery): Delivery {
  const parts = readableParts(delivery.body)
  const { 'parent-signature': parent, ...own } = Object.fromEntries(parts)
  const token = own['token']
  if (token !== undefined && !tokenPattern.test(token)) {
    throw new VerificationError('verification.malformed_signature', 'the token is not of its form')
  }
  const signatures = [own['signature'], parent].filter((text) => text !== undefined)
  const headers = { ...own, ...(signatures.length === 0 ? {} : { signature: signatures.join(',') }) }
  return { ...delivery, rawHeaders: Object.entries(headers).flat() }
}

function proof(signed: SignatureScheme, secrets: readonly Secret[]): Proof {
  return {
    prove: (delivery, now, trace) => verifySignature(signed, secrets, withHeaders(delivery), now, trace),
    sign({ body, id, secretIndex = 0 }, now) {
      const token = partsOf(body).get('token') ?? sha256(id).toString('hex').slice(0, 50)
      const headers = { token }
      const made = signWith(signed, secretAt(secrets, secretIndex), { body, id, headers }, now)
      return {
        headers: {},
        body: isForm(body) ? inForm(body, { token, ...made }) : inJson(body, { token, ...made }),
      }
    },
  }
}

function inForm(body: Uint8Array, parts: Readonly<Record<string, string>>): Buffer {
  const others = Buffer.from(body)
    .toString('latin1')
    .split('&')
    .filter((pair) => !isProofName(pair.split('=', 1)[0] ?? ''))
  const added = Object.entries(parts).map(([name, text]) => `${name}=${text}`)
  return Buffer.from([...others, ...added].join('&'), 'latin1')
}

function inJson(body: Uint8Array, parts: Readonly<Record<string, string>>): Buffer {
  const parsed = parseJson(body)
  return Buffer.from(stringifyJson({ ...(isObject(parsed) ? parsed : {}), signature: { ...parts } }))
}

/** `event-data`, or the fields of a form; without the proof. */
function contentOf(verified: VerifiedDelivery): JsonValue {
  const { body } = verified.delivery
  if (isForm(body)) return formTexts(formPairs(body).filter(([name]) => !isProofName(name)))
  const data: JsonObject[string] | undefined = jsonObject(verified)['event-data']
  if (isObject(data)) return data
  throw malformed('the body has no event-data')
}

/** A form's names may be headers of the mail, which its author chose; only a webhook's JSON is Mailgun's own. */
function isWebhook({ delivery }: Reading): boolean {
  return !isForm(delivery.body)
}

function typeOf(reading: Reading): string | undefined {
  if (!isWebhook(reading)) return 'inbound'
  const event = reading.text('event')
  const severity = reading.text('severity')
  return event === 'failed' && severity !== undefined ? `failed.${severity}` : event
}

export const mailgun = defineSender({
  kind: 'mailgun',
  title: 'Mailgun',
  link: 'https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks',
  options,
  proof: ({ secret, tolerance }) => proof(tolerance, secret),
  body: contentOf,
  ids: idRules({
    event: ['[A-Za-z0-9_-]{16,64}', 'id'],
    account: ['[0-9a-f]{24}', 'account.id'],
    storage: ['[A-Za-z0-9_=-]{16,256}', 'storage.key'],
  }),
  refineIds: (reading) => (isWebhook(reading) ? reading.ids : {}),
  event: {
    id: ({ delivery }) => partsOf(delivery.body).get('token'),
    semanticKey: ({ ids }) => ids['event'],
    type: typeOf,
    subject: (reading) => reading.text(isWebhook(reading) ? 'message.headers.message-id' : 'Message-Id'),
    time: (reading) => (isWebhook(reading) ? reading.text('timestamp') : undefined),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: ({ body }) => ({
    'content-type': isForm(body) ? 'application/x-www-form-urlencoded' : 'application/json',
    'user-agent': 'mailgun/treq-22.2.0',
  }),
  samples: mailgunSamples,
})
