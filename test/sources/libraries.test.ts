import https from 'node:https'
import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import { verify as verifyGithub } from '@octokit/webhooks-methods'
import { Paddle } from '@paddle/paddle-node-sdk'
import { EventWebhook } from '@sendgrid/eventwebhook'
import { verifyKey } from 'discord-interactions'
import { Webhook } from 'standardwebhooks'
import { Stripe } from 'stripe'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Delivery, headerValues } from '../../src/domain/delivery.js'
import { type OpenedFixture, openFixtures, verdictOf } from './opened.js'
import { delivery } from './setting.js'

/**
 * The senders' own libraries and we decide alike on requests that are right and on what becomes of them. Where they
 * decide otherwise it stands here, with the reason why we do not follow.
 */

const fixtures = new Map((await openFixtures()).map((opened) => [opened.name, opened]))

function opened(name: string): OpenedFixture {
  const found = fixtures.get(name)
  if (!found) throw new Error(`there is no fixture ${name}`)
  return found
}

function firstOption(name: string, option: string): string {
  const value = opened(name).fixture.options[option]
  return Array.isArray(value) ? String(value[0]) : String(value)
}

/** As Node gives it to a program: several of a name are joined. */
function joined({ rawHeaders }: Delivery, name: string): string {
  return headerValues(rawHeaders, name).join(', ')
}

const textOf = ({ body }: Delivery) => Buffer.from(body).toString('utf8')

interface Library {
  readonly name: string
  readonly fixture: string
  /** The header of the signature; none where it stands in the body. */
  readonly header?: string
  verifies(sent: Delivery): boolean | Promise<boolean>
  /** By the change of `changes`: what they do, and why we do not. */
  readonly deviations: Readonly<Record<string, readonly ['accept' | 'refuse', why: string]>>
}

const twice = 'Node joins two headers of a name into one; of two requests in one, one is not the sender’s'
const asText = 'it signs a text; what the sender signed are bytes'
const anyTime =
  'the sender names no age; a captured request would be good for ever, so five minutes are allowed'

const libraries: readonly Library[] = [
  {
    name: 'stripe',
    fixture: 'stripe',
    header: 'stripe-signature',
    verifies(sent) {
      const library = new Stripe('sk_test_not_used')
      const { now } = opened('stripe').fixture
      const secret = firstOption('stripe', 'secret')
      const header = joined(sent, 'stripe-signature')
      return isTaken(() =>
        library.webhooks.constructEvent(Buffer.from(sent.body), header, secret, 300, undefined, now),
      )
    },
    deviations: {
      'signed an hour ahead': ['accept', 'it only asks whether a time is too old; one ahead could be kept'],
      'the header twice, the good one first': ['accept', twice],
      'the header twice, the good one last': ['accept', twice],
      'signed, and not UTF-8': ['refuse', asText],
      'two times in the header': ['accept', 'it takes the last t=; which one was signed must not be a guess'],
    },
  },
  {
    name: 'standardwebhooks',
    fixture: 'standard-webhooks',
    header: 'webhook-signature',
    verifies(sent) {
      const library = new Webhook(firstOption('standard-webhooks', 'secret'))
      const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature']
      const headers = Object.fromEntries(names.map((name) => [name, joined(sent, name)]))
      return isTaken(() => library.verify(textOf(sent), headers))
    },
    deviations: {
      'the header twice, the good one first': ['accept', twice],
      'the header twice, the good one last': ['accept', twice],
      'letters behind the signed time': [
        'accept',
        'parseInt takes the beginning; what was signed is the whole',
      ],
      'signed, and not UTF-8': ['refuse', asText],
    },
  },
  {
    name: '@octokit/webhooks-methods',
    fixture: 'github',
    header: 'x-hub-signature-256',
    verifies: (sent) =>
      isTaken(() =>
        verifyGithub(firstOption('github', 'secret'), textOf(sent), joined(sent, 'x-hub-signature-256')),
      ),
    deviations: {
      'signed, and not UTF-8': ['refuse', asText],
    },
  },
  {
    name: 'discord-interactions',
    fixture: 'discord',
    header: 'x-signature-ed25519',
    verifies: (sent) =>
      verifyKey(
        Buffer.from(sent.body),
        joined(sent, 'x-signature-ed25519'),
        joined(sent, 'x-signature-timestamp'),
        firstOption('discord', 'public_key'),
      ),
    deviations: {
      'signed an hour ago': ['accept', anyTime],
      'signed an hour ahead': ['accept', anyTime],
      'the signature in capitals': [
        'accept',
        'Discord writes lower case; one spelling of a signature is enough',
      ],
    },
  },
  {
    name: '@sendgrid/eventwebhook',
    fixture: 'sendgrid',
    header: 'x-twilio-email-event-webhook-signature',
    verifies(sent) {
      const library = new EventWebhook()
      const key = library.convertPublicKeyToECDSA(firstOption('sendgrid', 'public_key'))
      const prefix = 'x-twilio-email-event-webhook'
      const [signature, timestamp] = [
        joined(sent, `${prefix}-signature`),
        joined(sent, `${prefix}-timestamp`),
      ]
      return isTaken(() => library.verifySignature(key, Buffer.from(sent.body), signature, timestamp))
    },
    deviations: {
      'letters behind the signature': [
        'accept',
        'its decoder stops where the signature ends; one spelling is enough',
      ],
      'the header twice, the good one first': ['accept', twice],
      'signed, and not UTF-8': ['refuse', asText],
      'signed an hour ago': ['accept', anyTime],
      'signed an hour ahead': ['accept', anyTime],
    },
  },
  {
    name: '@paddle/paddle-node-sdk',
    fixture: 'paddle',
    header: 'paddle-signature',
    verifies(sent) {
      const { webhooks } = new Paddle('not used')
      const secret = firstOption('paddle', 'secret')
      return isTaken(() => webhooks.isSignatureValid(textOf(sent), secret, joined(sent, 'paddle-signature')))
    },
    deviations: {
      'the header twice, the good one last': ['accept', twice],
      'signed an hour ahead': ['accept', 'it only asks whether a time is too old; one ahead could be kept'],
      'signed a minute ago': ['refuse', 'it allows 5 s; a queue or a retry of ours takes longer'],
      'two times in the header': [
        'accept',
        'it takes the last ts=; which one was signed must not be a guess',
      ],
      'two signatures, the good one first': [
        'refuse',
        'it keeps the last h1 only; while a secret is rotated both come',
      ],
      'signed, and not UTF-8': ['refuse', asText],
    },
  },
  {
    name: 'sns-validator',
    fixture: 'aws-sns',
    verifies: (sent) =>
      new Promise((resolve) => new SnsValidator().validate(textOf(sent), (error) => resolve(error === null))),
    deviations: {
      'of a topic that is not configured': [
        'accept',
        'AWS signs for everybody: only the topic says whose it is',
      ],
    },
  },
]

interface SnsMessageValidator {
  validate(message: string, done: (error: Error | null) => void): void
}
const SnsValidator = createRequire(import.meta.url)('sns-validator') as new () => SnsMessageValidator

async function isTaken(verify: () => unknown): Promise<boolean> {
  try {
    return (await verify()) !== false
  } catch {
    return false
  }
}

/** What becomes of a request; undefined where it cannot become of this one. */
type Change = (sent: Delivery, library: Library) => Delivery | undefined

const changes: Readonly<Record<string, Change>> = {
  'as it was sent': (sent) => sent,
  'one byte of the body changed': (sent) =>
    withText(sent, (text) => text.replace(/[a-z](?=[a-z]*"\s*:)/, 'X')),
  'a line break behind the body': (sent) => signedBody(sent, (text) => `${text}\n`),
  'the body cut': (sent) => withText(sent, (text) => text.slice(0, -1)),
  'no body': (sent) => withText(sent, () => ''),
  'no signature': (sent, { header }) => withHeader(header, sent, () => []),
  'an empty signature': (sent, { header }) => withHeader(header, sent, () => ['']),
  'the signature cut': (sent, { header }) => withHeader(header, sent, (value) => [value.slice(0, -4)]),
  'letters behind the signature': (sent, { header }) => withHeader(header, sent, (value) => [`${value}zz`]),
  'another signature': (sent, { header }) =>
    withHeader(header, sent, (value) => [
      value.replace(/[a-f](?=[^a-f]*$)/, (letter) => (letter === 'a' ? 'b' : 'a')),
    ]),
  'the signature in capitals': (sent, { header }) =>
    withHeader(header, sent, (value) => [value.replace(/[0-9a-f]{64,}/, (hex) => hex.toUpperCase())]),
  'the header twice, the good one first': (sent, { header }) =>
    withHeader(header, sent, (value) => [value, value.replace(/.{4}$/, '0000')]),
  'the header twice, the good one last': (sent, { header }) =>
    withHeader(header, sent, (value) => [value.replace(/.{4}$/, '0000'), value]),
  'two times in the header': (sent, { header }) =>
    withHeader(header, sent, (value) =>
      /\bts?=\d/.test(value) ? [value.replace(/(\bts?=)(\d+)(.)/, '$11$3$1$2$3')] : undefined,
    ),
  'two signatures, the good one first': (sent, { header }) =>
    withHeader(header, sent, (value) =>
      /[,;][hv]1=/.test(value)
        ? [`${value}${value.replace(/.*([,;][hv]1=).*/, '$1')}${'0'.repeat(64)}`]
        : undefined,
    ),
  'letters behind the signed time': (sent) => {
    const name = sent.rawHeaders.find((text, at) => at % 2 === 0 && /timestamp/i.test(text))
    return withHeader(name, sent, (value) => [`${value}abc`])
  },
  'of a topic that is not configured': (_sent, library) =>
    library.fixture === 'aws-sns'
      ? signedAgain(library, { topic: 'arn:aws:sns:us-east-2:1:other' })
      : undefined,
  'signed a minute ago': (_sent, library) => signedAgain(library, { ageMs: 60_000 }),
  'signed an hour ago': (_sent, library) => signedAgain(library, { ageMs: 3_600_000 }),
  'signed an hour ahead': (_sent, library) => signedAgain(library, { ageMs: -3_600_000 }),
  'signed, and not UTF-8': (_sent, library) =>
    library.header === undefined
      ? undefined
      : signedAgain(library, { body: Buffer.from('{"a":"\xff"}', 'latin1') }),
}

function withText(sent: Delivery, change: (text: string) => string): Delivery {
  return { ...sent, body: Buffer.from(change(textOf(sent))) }
}

/** A change of the body that means nothing where its fields are signed, and not its bytes. */
function signedBody(sent: Delivery, change: (text: string) => string): Delivery | undefined {
  return textOf(sent).includes('SigningCertURL') ? undefined : withText(sent, change)
}

function withHeader(
  name: string | undefined,
  sent: Delivery,
  change: (value: string) => readonly string[] | undefined,
): Delivery | undefined {
  if (name === undefined) return undefined
  const values = change(joined(sent, name))
  if (!values) return undefined
  const kept = sent.rawHeaders.filter(
    (_, at) => sent.rawHeaders[at - (at % 2)]?.toLowerCase() !== name.toLowerCase(),
  )
  return { ...sent, rawHeaders: [...kept, ...values.flatMap((value) => [name, value])] }
}

interface Again {
  readonly ageMs?: number
  readonly body?: Buffer
  readonly topic?: string
}

function signedAgain({ fixture: name }: Library, { ageMs = 0, body, topic }: Again): Delivery | undefined {
  const { fixture, sign, recorded } = opened(name)
  if (ageMs !== 0 && fixture.toleranceMs === undefined) return undefined
  const given = body ?? Buffer.from(recorded.body)
  const signed = sign({ body: given, type: 'event', id: 'event-1' }, fixture.now - ageMs)
  const made = delivery(Object.entries(signed.headers), signed.body ?? given, fixture.now)
  return topic === undefined ? made : ofTopic(topic)
}

/** Signed by the fixture's support for whichever topic, where that is exported. */
function ofTopic(topic: string): Delivery {
  const message = {
    Type: 'Notification',
    MessageId: '792cda85-518f-5dd3-9163-81d851212f3a',
    TopicArn: topic,
    Message: 'hello',
    Timestamp: new Date(opened('aws-sns').fixture.now).toISOString(),
  }
  return delivery([], snsSigned(message), opened('aws-sns').fixture.now)
}

const { signMessage: snsSigned, snsContext } = await import('./support/aws-sns.js')

beforeAll(() => {
  // AWS's validator fetches the certificate; ours is given the same.
  vi.spyOn(https, 'get').mockImplementation(((url: string, answer: (response: unknown) => void) => {
    const pem = snsContext().keys.get({ url, hosts: [] }) ?? ''
    const response = Object.assign(Readable.from([Buffer.from(pem)]), { statusCode: 200 })
    queueMicrotask(() => answer(response))
    return { on: () => undefined }
  }) as unknown as typeof https.get)
})
afterAll(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe.each(libraries.map((library) => [library.name, library] as const))('%s', (_name, library) => {
  const { source, recorded, fixture } = opened(library.fixture)
  const cases = Object.entries(changes).flatMap(([name, change]) => {
    const sent = change(recorded, library)
    return sent ? [[name, sent] as const] : []
  })

  it.each(cases)('and we on a request: %s', async (name, sent) => {
    vi.useFakeTimers({ toFake: ['Date'], now: fixture.now })
    const theirs = await library.verifies(sent)
    vi.useRealTimers()
    const verdict = await verdictOf(source, sent, fixture.now)
    const deviation = library.deviations[name]
    expect(['accepted', 'refused']).toContain(verdict)
    expect(theirs ? 'accept' : 'refuse').toBe(
      deviation?.[0] ?? (verdict === 'accepted' ? 'accept' : 'refuse'),
    )
    if (deviation) expect(verdict === 'accepted' ? 'accept' : 'refuse').not.toBe(deviation[0])
  })

  it('deviates in nothing but what is listed', () => {
    const known = cases.map(([name]) => name)
    expect(Object.keys(library.deviations).filter((name) => !known.includes(name))).toEqual([])
  })
})

const now = 1_767_225_600_000

describe('what their libraries sign', () => {
  it('verifies: Stripe’s, for every sample', () => {
    const { source } = opened('stripe')
    const secret = firstOption('stripe', 'secret')
    const { webhooks } = new Stripe('sk_test_not_used')
    for (const { type, body } of source.samples) {
      const payload = JSON.stringify(body, null, 2)
      const header = webhooks.generateTestHeaderString({ payload, secret, timestamp: now / 1000 })
      const verified = source.verify(delivery([['Stripe-Signature', header]], payload, now), now)
      expect(source.events(verified)[0]).toMatchObject({ type, time: now })
    }
  })

  it('verifies: that of Standard Webhooks, and ours is the same', () => {
    const { source } = opened('standard-webhooks')
    const library = new Webhook(firstOption('standard-webhooks', 'secret'))
    const payload =
      '{"type":"user.created","timestamp":"2026-01-01T00:00:00Z","data":{"id":"user_1","n":"ü"}}'
    const signature = library.sign('msg_1', new Date(now), payload)
    const headers = [
      ['webhook-id', 'msg_1'],
      ['webhook-timestamp', String(now / 1000)],
      ['webhook-signature', signature],
    ] as const
    const [draft] = source.events(source.verify(delivery(headers, payload, now), now))
    expect(draft).toMatchObject({
      sourceEventId: 'msg_1',
      type: 'user.created',
      subject: 'user_1',
      time: now,
    })
    const ours = source.sign({ body: Buffer.from(payload), type: 'user.created', id: 'msg_1' }, now).headers
    expect(ours['webhook-signature']).toBe(signature)
  })

  it('cannot be made of v1a by the library of Standard Webhooks, which we verify', () => {
    const { source, recorded, fixture } = opened('standard-webhooks-v1a')
    expect(source.verify(recorded, fixture.now).secretIndex).toBe(0)
    const [key = ''] = [fixture.options['secret'] ?? fixture.options['public_key']].flat().map(String)
    const headers = Object.fromEntries(
      ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, joined(recorded, name)]),
    )
    vi.useFakeTimers({ toFake: ['Date'], now: fixture.now })
    expect(() => new Webhook(key).verify(textOf(recorded), headers)).toThrow()
    vi.useRealTimers()
  })
})
