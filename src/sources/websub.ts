import { z } from 'zod'
import type { Delivery, Reply, VerifiedDelivery } from '../domain/delivery.js'
import { VerificationError } from '../domain/errors.js'
import type { JsonValue } from '../util/json.js'
import type { HashName } from '../util/signature.js'
import { webhookFields } from './engine/fields.js'
import { requiredHeader } from './engine/headers.js'
import { type Proof, signatureProof } from './engine/proof.js'
import { queryValue } from './engine/query.js'
import { type Secret, secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { malformed } from './engine/verified.js'

/*
 * WebSub (PubSubHubbub), as a subscriber. https://www.w3.org/TR/websub/, read 2026-11-21. Signed: the raw body, with
 * `hub.secret`. The header names its own hash, which a forger could choose too: SHA-256, SHA-384 and SHA-512 are taken,
 * or only the one that `hash` says. SHA-1 is never taken unless `hash` says so. No time is signed.
 * Dedupe: there is no id, so the digest of the body stands for it.
 * Handshake: GET with hub.mode, hub.topic and hub.challenge, not signed. A subscription to the configured topic is
 * confirmed, everything else answered 404; a hub that somebody else asked cannot sign with our secret.
 * The subscription ends after hub.lease_seconds, and who made it has to make it again.
 */
const options = z.strictObject({
  topic: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .describe('The URL of the feed, exactly as it was given to the hub.'),
  secret: secretField(),
  hash: z
    .enum(['sha256', 'sha384', 'sha512', 'sha1'])
    .optional()
    .describe('The only hash that is taken. Hubs that know nothing better than SHA-1 need sha1.'),
  ...webhookFields('5MB'),
})

const signatureHeader = 'x-hub-signature'

function schemeOf(hash: HashName): SignatureScheme {
  return {
    hash,
    signature: { header: signatureHeader, prefix: `${hash}=`, encoding: 'hex' },
    message: compileMessage('{body}'),
  }
}

function proof(hashes: readonly HashName[], secrets: readonly Secret[]): Proof {
  const proofs = new Map(hashes.map((hash) => [hash as string, signatureProof(schemeOf(hash), secrets)]))
  return {
    prove(delivery, now, trace) {
      const [named = ''] = requiredHeader(delivery, signatureHeader).split('=', 1)
      const chosen = proofs.get(named)
      if (chosen) return chosen.prove(delivery, now, trace)
      const reason = `the signature is not made with ${hashes.join(', ')}`
      throw new VerificationError('verification.malformed_signature', reason)
    },
    sign: (request, now) => signatureProof(schemeOf(hashes[0] ?? 'sha256'), secrets).sign(request, now),
  }
}

/** Random text of the hub; nothing that a browser could take for markup. */
const challengePattern = /^[A-Za-z0-9._~+/=-]{1,256}$/

function confirm({ method, url }: Delivery, { topic }: z.output<typeof options>): Reply | undefined {
  const mode = method === 'GET' ? queryValue(url, 'hub.mode') : undefined
  if (mode === undefined) return undefined
  const challenge = queryValue(url, 'hub.challenge') ?? ''
  const isOurs = mode === 'subscribe' && queryValue(url, 'hub.topic') === topic
  if (!isOurs || !challengePattern.test(challenge)) return { status: 404, body: '' }
  return {
    status: 200,
    headers: { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' },
    body: challenge,
  }
}

/** A JSON feed as it is; any other, such as Atom, as text. */
function contentOf(verified: VerifiedDelivery): JsonValue {
  const { body } = verified.delivery
  if (body[0] === 0x7b || body[0] === 0x5b) return verified.json()
  if (body.length === 0) throw malformed('the delivery is empty')
  try {
    return { content: new TextDecoder('utf-8', { fatal: true }).decode(body) }
  } catch (cause) {
    throw malformed('the feed is not valid UTF-8', cause)
  }
}

export const websub = defineSender({
  kind: 'websub',
  title: 'WebSub',
  link: 'https://www.w3.org/TR/websub/',
  options,
  proof: ({ hash, secret }) => proof(hash ? [hash] : ['sha256', 'sha384', 'sha512'], secret),
  greetingMethods: ['GET'],
  greet: confirm,
  body: contentOf,
  ids: [],
  event: {
    type: () => 'content',
    subject: (_reading, { topic }) => topic,
  },
  samples: [
    {
      type: 'content',
      body: {
        version: 'https://jsonfeed.org/version/1.1',
        title: 'Example',
        feed_url: 'https://example.com/feed.json',
        items: [
          {
            id: 'https://example.com/posts/7',
            url: 'https://example.com/posts/7',
            title: 'Seven',
            date_published: '2026-01-01T00:00:00Z',
          },
        ],
      },
    },
  ],
})
