import { z } from 'zod'
import type { Delivery, Reply, VerifiedDelivery } from '../domain/delivery.js'
import { AppError, VerificationError } from '../domain/errors.js'
import { JsonError, type JsonObject, type JsonValue, parseJson } from '../util/json.js'
import { decodeStrict, isSignedBy, readPublicKey } from '../util/signature.js'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { checkKeyUrl, type KeyRequest, type RemoteKeys } from './engine/keys.js'
import type { Proof } from './engine/proof.js'
import { defineSender } from './engine/sender.js'
import { cannotSign } from './engine/signature-scheme.js'
import type { Trace } from './engine/trace.js'
import { isObject } from './engine/verified.js'
import { awsSnsSamples } from './samples/aws-sns.js'
import type { SourceContext } from './source.js'

/*
 * Amazon SNS, HTTPS subscriptions without raw delivery.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html, read 2026-11-21.
 * Signed: names and values of some fields of the body, in order of their names, with RSA and SHA-1 (SignatureVersion 1) or
 * SHA-256 (2). Message attributes and headers are not signed, so nothing is made of them. The certificate is named in the
 * message; it is fetched only from the SNS of the topic's own region. Every AWS account can sign messages like that, so
 * it is the topic that makes one ours, and `topics` is required.
 * Handshake: a SubscriptionConfirmation that verifies, of one of the topics, is confirmed by fetching its SubscribeURL,
 * once, from the same host, and only if it does nothing but confirm this topic with this token.
 * Dedupe: MessageId, signed. 15 s to answer; 5xx and 429 are tried again, other 4xx are not.
 */
const arnPattern =
  /^arn:aws(-cn|-us-gov)?:sns:([a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}):[0-9]{12}:[A-Za-z0-9_-]{1,256}$/

const topicField = z.string().regex(arnPattern, 'is not the ARN of a topic')

const options = z.strictObject({
  topics: z
    .union([topicField, z.array(topicField).min(1).max(100)])
    .describe('The topics whose messages are accepted, and whose subscription is confirmed: their ARNs.'),
  ...webhookFields('1MB'),
})

const confirmationFields = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
const signedFields: Readonly<Record<string, readonly string[]>> = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: confirmationFields,
  UnsubscribeConfirmation: confirmationFields,
}
/** Left out of a message that has none. */
const optionalField = 'Subject'

interface Message {
  readonly type: string
  readonly text: (name: string) => string
  readonly signed: Buffer
  readonly signature: Buffer
  readonly hash: 'sha1' | 'sha256'
  readonly certificate: KeyRequest
}

/** What the message claims to be. Throws VerificationError for what is not of the form, or of no topic of ours. */
function readMessage({ body }: Delivery, topics: readonly string[]): Message {
  const fields = fieldsOf(body)
  const text = (name: string): string => {
    const value = fields[name]
    if (typeof value === 'string') return value
    throw malformed(`the message has no ${name}`)
  }
  const type = text('Type')
  const names = Object.hasOwn(signedFields, type) ? (signedFields[type] ?? []) : []
  if (names.length === 0) throw malformed('the message is of no type that SNS sends')
  const topic = text('TopicArn')
  if (!topics.includes(topic)) {
    throw new VerificationError('verification.bad_credentials', 'the topic is not one of `topics`')
  }
  const version = text('SignatureVersion')
  const signature = decodeStrict(text('Signature'), 'base64')
  if (!signature || (version !== '1' && version !== '2')) {
    throw malformed('the message has no signature of version 1 or 2 in base64')
  }
  const present = names.filter((name) => name !== optionalField || typeof fields[name] === 'string')
  return {
    type,
    text,
    signed: Buffer.from(present.map((name) => `${name}\n${text(name)}\n`).join('')),
    signature,
    hash: version === '1' ? 'sha1' : 'sha256',
    certificate: certificateOf(text('SigningCertURL'), topic),
  }
}

function fieldsOf(body: Uint8Array): JsonObject {
  try {
    const fields = parseJson(body)
    if (isObject(fields)) return fields
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
  }
  throw malformed('the signature stands in the body, which is no JSON object; is raw delivery on?')
}

function malformed(message: string): VerificationError {
  return new VerificationError('verification.malformed_signature', message)
}

/** The SNS of the topic's own region, and no other host. */
function hostOf(topic: string): string {
  const [, partition, region] = arnPattern.exec(topic) ?? []
  return `sns.${region}.amazonaws.com${partition === '-cn' ? '.cn' : ''}`
}

/** A new certificate has a new URL. */
const certificateAgeMs = 24 * 3_600_000

function certificateOf(url: string, topic: string): KeyRequest {
  const request = { url, hosts: [hostOf(topic)], maxAgeMs: certificateAgeMs }
  checkKeyUrl(request)
  if (/^\/[A-Za-z0-9_-]{1,200}\.pem$/.test(pathOf(url))) return request
  throw new VerificationError('verification.untrusted_key', 'the certificate’s URL is not one of SNS')
}

/** Path and query, exactly as they are requested. */
function pathOf(url: string): string {
  const { pathname, search, hash } = new URL(url)
  return pathname + search + hash
}

/** As long as AWS takes the token; asked for once in this time. */
const confirmationAgeMs = 3 * 24 * 3_600_000

/** Throws VerificationError unless the URL confirms this topic with this token, and nothing else. */
function confirmationOf({ text }: Message): KeyRequest {
  const request = {
    url: text('SubscribeURL'),
    hosts: [hostOf(text('TopicArn'))],
    maxAgeMs: confirmationAgeMs,
  }
  checkKeyUrl(request)
  const { pathname, searchParams } = new URL(request.url)
  const given = [...searchParams].map(([name, value]) => `${name}=${value}`).sort()
  const expected = ['Action=ConfirmSubscription', `Token=${text('Token')}`, `TopicArn=${text('TopicArn')}`]
  if (pathname === '/' && given.join('\n') === expected.join('\n')) return request
  throw new VerificationError(
    'verification.untrusted_key',
    'the SubscribeURL does something else than to confirm this subscription',
  )
}

/** Throws VerificationError unless the certificate's key signed the message. */
function checkSignature(message: Message, keys: RemoteKeys, trace?: Trace): void {
  const published = keys.get(message.certificate)
  if (published === undefined) {
    const reason = 'the certificate of the message is not there'
    throw new AppError('verification.key_unavailable', reason, { retry: 'later' })
  }
  trace?.signed([message.signed])
  const key = readPublicKey(published)
  if (!key) throw new VerificationError('verification.untrusted_key', 'what SNS published is no certificate')
  const matches = isSignedBy('rsa', message.hash, key, [message.signed], message.signature)
  const given = [message.signature.toString('base64')]
  trace?.tried({ secretIndex: 0, expected: undefined, given, matches })
  if (matches) return
  throw new VerificationError(
    'verification.signature_mismatch',
    'the certificate’s key did not sign the message',
  )
}

const subscription = 'SubscriptionConfirmation'

function proof({ topics: given }: z.output<typeof options>, { keys, isOnlyLooking }: SourceContext): Proof {
  const topics = typeof given === 'string' ? [given] : given
  return {
    async prepare(delivery) {
      const message = readMessage(delivery, topics)
      await keys.load(message.certificate)
      if (message.type !== subscription) return
      const confirmation = confirmationOf(message)
      checkSignature(message, keys)
      if (!isOnlyLooking) await keys.load(confirmation)
    },
    prove(delivery, _now, trace) {
      const message = readMessage(delivery, topics)
      if (message.type === subscription) confirmationOf(message)
      checkSignature(message, keys, trace)
      return { secretIndex: 0 }
    },
    sign() {
      throw cannotSign('SNS signs with a key that only it has')
    },
  }
}

/** What is signed and nothing else; the message as JSON where it is JSON. */
function contentOf({ delivery }: VerifiedDelivery): JsonObject {
  const fields = fieldsOf(delivery.body)
  const kept = ['Type', 'MessageId', 'TopicArn', 'Subject', 'Message', 'Timestamp']
  const content = Object.fromEntries(
    kept.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]] as const])),
  )
  return { ...content, Message: parsedMessage(content['Message'] ?? '') }
}

function parsedMessage(message: JsonValue): JsonValue {
  if (typeof message !== 'string') return message
  try {
    return parseJson(Buffer.from(message))
  } catch (cause) {
    if (cause instanceof JsonError) return message
    throw cause
  }
}

/** It was confirmed before it got here. */
function answerConfirmation({ delivery }: VerifiedDelivery): Reply | undefined {
  return fieldsOf(delivery.body)['Type'] === subscription ? { status: 200, body: '' } : undefined
}

export const awsSns = defineSender({
  kind: 'aws-sns',
  title: 'Amazon SNS',
  link: 'https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html',
  options,
  proof,
  handshake: answerConfirmation,
  body: contentOf,
  ids: idRules({
    message: ['[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'MessageId'],
    topic: ['arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}', 'TopicArn'],
  }),
  event: {
    id: ({ text }) => text('MessageId'),
    type: ({ text }) => text('Type'),
    subject: ({ text }) => text('TopicArn'),
    time: ({ text }) => text('Timestamp'),
  },
  samples: awsSnsSamples,
})
