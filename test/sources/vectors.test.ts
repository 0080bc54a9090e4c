import { describe, expect, it } from 'vitest'
import { AppError, VerificationError } from '../../src/domain/errors.js'
import { custom } from '../../src/sources/custom.js'
import { type Secret, secretField } from '../../src/sources/engine/secret.js'
import { sourceKinds } from '../../src/sources/registry.js'
import type { SourceKind, WebhookSource } from '../../src/sources/source.js'
import { delivery, type Headers, openSource, openWithWeakSecrets, readFixtureText } from './setting.js'

/** Published and recomputed request vectors: exact headers, exact bytes, the receiver's clock. */
interface Vector {
  readonly id: string
  readonly provider: string
  readonly scheme: string
  readonly expect: 'valid' | 'invalid'
  /** Unix seconds of the receiver's clock. */
  readonly now?: number
  readonly secrets?: readonly string[]
  readonly request: { readonly headers: Headers; readonly body_b64: string }
  readonly expected_response?: { readonly status: number; readonly body?: string }
}

interface Sender {
  readonly provider: string
  readonly scheme: string
  /** Only vectors whose id begins with one of these. */
  readonly only?: readonly string[]
  readonly verify: {
    readonly scheme: 'hmac' | 'token' | 'basic'
    readonly user?: string
    readonly secret_encoding?: 'hex' | 'base64'
  }
}

const { vectors } = JSON.parse(readFixtureText('vectors.json')) as { vectors: readonly Vector[] }
const senders = JSON.parse(readFixtureText('sources/senders.json')) as readonly Sender[]

/** Vectors of the built-in kinds that this version answers otherwise, each with the reason. */
const exceptions: Readonly<Record<string, string>> = {
  'standard-webhooks/v1a-ed25519': 'v1a (ed25519) is not in this version; its key is refused at load',
  'standard-webhooks/v1+v1a-mixed': 'has a key of v1a alone; it is refused at load',
}

/** Vectors whose clock does not fit their own signed time; verified at the time that they were signed. */
const otherClocks: Readonly<Record<string, number>> = {
  'zendesk/basic': Date.parse('2026-01-01T00:00:00Z') / 1000,
}

/** Vectors of described senders that a description cannot decide, each with the reason. */
const undecided: Readonly<Record<string, string>> = {
  'linear/neg-stale': 'the signed time is in the body, and a description reads times from headers',
}

/** What published examples use as secrets, and the load refuses. */
const refusedSecrets = new Set([
  'mysecret',
  'development',
  'whsec_test_secret',
  'sampleToken!',
  's3cr3t',
  's3cr3tx',
  'secret',
  'another-secret',
  'hunter123',
  'VALID_SECRET',
  'VALID_SECRETx',
  'test_secret',
  'test_webhook_secret',
  'signature-key',
  'secret:pass',
  'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy',
])

const builtIn: Readonly<Record<string, { kind: SourceKind; key: 'secret' | 'token' }>> = {
  github: { kind: sourceKinds.github, key: 'secret' },
  gitlab: { kind: sourceKinds.gitlab, key: 'token' },
  stripe: { kind: sourceKinds.stripe, key: 'secret' },
  zendesk: { kind: sourceKinds.zendesk, key: 'secret' },
  slack: { kind: sourceKinds.slack, key: 'secret' },
  'standard-webhooks': { kind: sourceKinds['standard-webhooks'], key: 'secret' },
  svix: { kind: sourceKinds['standard-webhooks'], key: 'secret' },
}

const strong = 'k9vQ-2mXw-7bTz-4rNd'

/** Opens a source with the vector's secrets: through the schema, or past it where the schema refuses them. */
function openWith(
  kind: SourceKind,
  options: (secret: unknown) => Record<string, unknown>,
  key: 'secret' | 'token' | 'verify.secrets',
  secrets: readonly string[],
): WebhookSource {
  if (kind.options.safeParse(options(secrets)).success) return openSource(kind, options(secrets))
  expect(secrets.filter((secret) => !refusedSecrets.has(secret))).toEqual([])
  const weak: Secret[] = secrets.map((text) => ({ text, key: Buffer.from(text) }))
  return openWithWeakSecrets(kind, options(strong), key, weak)
}

function expectVerdict(source: WebhookSource, vector: Vector): void {
  const now = (otherClocks[vector.id] ?? vector.now ?? 1_700_000_000) * 1000
  const sent = delivery(vector.request.headers, Buffer.from(vector.request.body_b64, 'base64'), now)
  if (vector.expect === 'valid') {
    expect(source.verify(sent, now).secretIndex).toBeGreaterThanOrEqual(0)
  } else {
    expect(() => source.verify(sent, now)).toThrow(VerificationError)
  }
}

describe('the vectors of the built-in kinds', () => {
  const own = vectors.filter((vector) => vector.provider in builtIn && vector.scheme !== 'challenge-response')

  it('are all there', () => {
    const counts = Object.keys(builtIn).map((name) => own.filter(({ provider }) => provider === name).length)
    expect(Object.fromEntries(Object.keys(builtIn).map((name, at) => [name, counts[at]]))).toEqual({
      github: 11,
      gitlab: 3,
      stripe: 10,
      zendesk: 1,
      slack: 6,
      'standard-webhooks': 10,
      svix: 1,
    })
  })

  for (const vector of own) {
    const { kind, key } = builtIn[vector.provider] ?? { kind: custom, key: 'secret' }
    const reason = exceptions[vector.id]
    if (reason === undefined) {
      it(`${vector.id} is ${vector.expect}`, () => {
        expectVerdict(
          openWith(kind, (secret) => ({ [key]: secret }), key, vector.secrets ?? []),
          vector,
        )
      })
    } else {
      it(`${vector.id} cannot be configured: ${reason}`, () => {
        expect(kind.options.safeParse({ [key]: vector.secrets }).error?.issues[0]?.message).toContain('v1a')
      })
    }
  }

  it('answer Slack’s url_verification after the signature, with the challenge', () => {
    const handshake = vectors.find(
      ({ provider, scheme }) => provider === 'slack' && scheme === 'challenge-response',
    )
    const body = Buffer.from(handshake?.request.body_b64 ?? '', 'base64')
    const source = openSource(sourceKinds.slack, { secret: strong })
    const now = 1_700_000_000_000
    expect(() => source.verify(delivery([], body, now), now)).toThrow(VerificationError)
    const signed = source.sign({ body, type: 'url_verification', id: 'x' }, now).headers
    const reply = source.handshake(source.verify(delivery(Object.entries(signed), body, now), now))
    const challenge: unknown = JSON.parse(body.toString()).challenge
    expect(reply).toMatchObject({ status: handshake?.expected_response?.status ?? 200, body: challenge })
  })

  it('take a body that is not UTF-8 as signed, and then say that it cannot be read', () => {
    const vector = own.find(({ id }) => id === 'github/invalid-utf8-body')
    const weak = [{ text: 'mysecret', key: Buffer.from('mysecret') }]
    const source = openWithWeakSecrets(sourceKinds.github, { secret: strong }, 'secret', weak)
    const sent = delivery(
      vector?.request.headers ?? [],
      Buffer.from(vector?.request.body_b64 ?? '', 'base64'),
    )
    const verified = source.verify(sent, 0)
    expect(() => source.events(verified)).toThrow(AppError)
  })
})

describe('the vectors of senders that a description covers', () => {
  const covered = new Set<string>()

  for (const { provider, scheme, only, verify } of senders) {
    const fitting = vectors.filter(
      (vector) =>
        vector.provider === provider &&
        vector.scheme === scheme &&
        !(vector.id in undecided) &&
        (only === undefined || only.some((prefix) => vector.id.startsWith(prefix))),
    )
    for (const vector of fitting) {
      covered.add(vector.id)
      it(`${vector.id} is ${vector.expect}`, () => {
        const secrets = (vector.secrets ?? []).map((secret) =>
          verify.scheme === 'basic' ? secret.slice(`${verify.user}:`.length) : secret,
        )
        const options = (secret: unknown) => ({
          verify: { ...verify, secret: verify.secret_encoding && secret === strong ? secrets : secret },
        })
        expectVerdict(openWith(custom, options, 'verify.secrets', secrets), vector)
      })
    }
    it(`${provider} (${scheme}) has a vector`, () => expect(fitting).not.toEqual([]))
  }

  it('are most of the file; the rest needs a scheme that is not in this version', () => {
    const schemes = vectors
      .filter(({ id, provider }) => !covered.has(id) && !(id in undecided) && !(provider in builtIn))
      .map(({ scheme }) => scheme)
    expect([...new Set(schemes)].sort()).toEqual([
      'adyen-standard', // signed in the body
      'aws-sns', // RSA, signed in the body
      'braintree', // signed in the form
      'challenge-response', // handshakes
      'discord', // ed25519
      'hubspot-v1', // a plain hash
      'hubspot-v2', // a plain hash
      'jws-hs256-bodyhash', // JWT
      'mailgun-json', // signed in the body
      'mandrill', // signed over form fields
      'paypal', // RSA
      'sendgrid', // ECDSA
      'travis', // RSA
      'twilio-form', // signed over form fields
      'twilio-json', // signed over the URL
    ])
    expect(covered.size).toBeGreaterThan(90)
  })

  it('have secrets that a file may hold, but for those listed', () => {
    for (const text of refusedSecrets) expect(secretField().safeParse(text).success).toBe(false)
  })
})
