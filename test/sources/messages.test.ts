import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { VerificationError } from '../../src/domain/errors.js'
import type { Secret } from '../../src/sources/engine/secret.js'
import { sourceKinds } from '../../src/sources/registry.js'
import type { WebhookSource } from '../../src/sources/source.js'
import type { JsonValue } from '../../src/util/json.js'
import { delivery, openSource, readFixture, readFixtureText, testContext } from './setting.js'
import { support as discordSupport } from './support/discord.js'

/** What the fixtures of chat, telephony and e-mail senders cannot say. */

const secret = 'k9vQ-2mXw-7bTz-4rNd'
const now = 1_767_225_600_000

function open(kind: keyof typeof sourceKinds, options: Record<string, unknown> = {}): WebhookSource {
  return openSource(sourceKinds[kind], { secret, ...options })
}

describe('discord', () => {
  const { public_key } = readFixture('discord').options
  const source = openSource(sourceKinds.discord, { public_key })
  const verified = (body: JsonValue) => {
    const bytes = Buffer.from(JSON.stringify(body))
    const request = { body: bytes, type: '', id: '' }
    const headers = discordSupport.sign?.(request, now, readFixture('discord')).headers ?? {}
    return source.verify(delivery(Object.entries(headers), bytes, now), now)
  }

  it('answers each sort of delivery as Discord wants it', () => {
    const answers = [2, 3, 5].map((type) => source.reply('recorded', verified({ type, id: '1' }))?.body)
    expect(answers).toEqual(['{"type":5}', '{"type":6}', '{"type":5}'])
    const event = verified({ type: 1, event: { type: 'ENTITLEMENT_CREATE' } })
    expect(source.reply('duplicate', event)).toMatchObject({ status: 204, body: '' })
  })

  it('does not take a webhook event for a PING, nor a PING for an event', () => {
    const event = verified({ type: 1, event: { type: 'APPLICATION_AUTHORIZED' } })
    expect(source.handshake(event)).toBeUndefined()
    expect(source.events(event)[0]?.type).toBe('APPLICATION_AUTHORIZED')
    expect(() => source.events(verified({ type: 9 }))).toThrow('neither')
  })

  it('refuses with 401, as Discord tests', () => {
    expect(source.refusalStatus).toBe(401)
  })
})

describe('mailgun', () => {
  const token = 'a'.repeat(20) + '0123456789'.repeat(3)
  const body = (data: JsonValue, at = now) => {
    const timestamp = String(at / 1000)
    const signature = createHmac('sha256', secret)
      .update(timestamp + token)
      .digest('hex')
    return JSON.stringify({ signature: { timestamp, token, signature }, 'event-data': data })
  }
  const source = open('mailgun')
  const event = (data: JsonValue, at = now) =>
    source.events(source.verify(delivery([], body(data, at), now), now))[0]

  it('takes a retry of the last hours, and nothing from the future', () => {
    const hour = 3_600_000
    expect(event({ event: 'opened' }, now - 9 * hour)?.type).toBe('opened')
    expect(() => event({ event: 'opened' }, now - 9 * hour - 1000)).toThrow(VerificationError)
    expect(() => event({ event: 'opened' }, now + 301_000)).toThrow(VerificationError)
  })

  it('gives another event that was put beside a used token the id of the first', () => {
    expect(event({ event: 'delivered', id: 'CPgfbmQMTCKtHW6uIWtuVe' })?.sourceEventId).toBe(token)
    expect(event({ event: 'complained' })?.sourceEventId).toBe(token)
  })
})

describe('zoom', () => {
  const source = open('zoom')
  const validated = (payload: JsonValue) => {
    const body = Buffer.from(JSON.stringify({ event: 'endpoint.url_validation', payload }))
    const { headers } = source.sign({ body, type: '', id: '' }, now)
    return source.handshake(source.verify(delivery(Object.entries(headers), body), now))
  }

  it('signs nothing that could be a delivery, and nothing long', () => {
    for (const plainToken of ['v0:1767225600:{}', 'a b', '', 'a'.repeat(65), '{"a":1}', 'a\n', 7, null])
      expect(validated({ plainToken })).toBeUndefined()
    expect(validated('v0')).toBeUndefined()
    expect(validated({ plainToken: 'a'.repeat(64) })?.status).toBe(200)
  })

  it('takes a retry of the last two hours', () => {
    const body = Buffer.from('{"event":"meeting.ended"}')
    const at = (ms: number) =>
      delivery(Object.entries(source.sign({ body, type: '', id: '' }, ms).headers), body)
    expect(source.verify(at(now - 7_200_000), now).secretIndex).toBe(0)
    expect(() => source.verify(at(now - 7_201_000), now)).toThrow(VerificationError)
    expect(() => source.verify(at(now + 301_000), now)).toThrow(VerificationError)
  })
})

describe('postmark and mailersend', () => {
  it('load with one way of proof and no other, and not with a secret that everybody knows', () => {
    const { postmark, mailersend } = sourceKinds
    for (const options of [{}, { user: 'a', header: 'x-a' }, { user: 'a:b' }, { user: '' }])
      expect(postmark.options.safeParse({ secret, ...options }).success).toBe(false)
    const published = 'test_Am3L1GuOIc4blLUuHqAPxxwkZaJyEk8G'
    expect(mailersend.options.safeParse({ secret: published }).success).toBe(false)
  })
})

describe('meta', () => {
  it('does not load without a verify token', () => {
    expect(sourceKinds.meta.options.safeParse({ secret }).success).toBe(false)
  })
})

interface Vector {
  readonly id: string
  readonly provider: keyof typeof sourceKinds
  readonly scheme: string
  readonly expect: 'valid' | 'invalid'
  readonly now?: number
  readonly secrets?: readonly string[]
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers: readonly (readonly [string, string])[]
    readonly body_b64: string
  }
}

describe('published vectors', () => {
  const providers = new Set(
    'discord line mailgun mandrill meta postmark sendgrid telegram twilio zoom'.split(' '),
  )
  const { vectors } = JSON.parse(readFixtureText('vectors.json')) as { vectors: readonly Vector[] }
  const own = vectors.filter(
    ({ provider, scheme }) => providers.has(provider) && scheme !== 'challenge-response',
  )

  it('are all there', () => {
    expect(new Set(own.map(({ provider }) => provider))).toEqual(providers)
    expect(own).toHaveLength(34)
  })

  for (const vector of own) {
    it(`${vector.id} is ${vector.expect}`, () => {
      const { method, url, headers, body_b64 } = vector.request
      const { pathname, search } = new URL(url)
      const body = Buffer.from(body_b64, 'base64')
      const sent = { ...delivery(headers, body), method, url: pathname + search }
      const at = (vector.now ?? Number(timestampOf(vector) ?? 0)) * 1000
      const verify = () => openPast(vector, url).verify(sent, at)
      if (vector.expect === 'valid') expect(verify().secretIndex).toBe(0)
      else expect(verify).toThrow(VerificationError)
    })
  }
})

function timestampOf({ request }: Vector): string | undefined {
  return request.headers.find(([name]) => /timestamp/i.test(name))?.[1]
}

/** With the vector's secrets, past the schema: published ones are too short for it. */
function openPast({ provider, secrets = [] }: Vector, url: string): WebhookSource {
  const kind = sourceKinds[provider]
  const more: Readonly<Record<string, Record<string, unknown>>> = {
    discord: { public_key: secrets },
    sendgrid: { public_key: secrets },
    meta: { secret, verify_token: secret },
    postmark: { secret, user: 'webhook_user' },
    twilio: { secret, url },
    mandrill: { secret, url },
  }
  const parsed: Record<string, unknown> = { ...kind.options.parse(more[provider] ?? { secret }) }
  const weak: Secret[] = secrets.map((given) => {
    const text = provider === 'postmark' ? given.slice('webhook_user:'.length) : given
    return { text, key: Buffer.from(text) }
  })
  if ('secret' in parsed) parsed['secret'] = weak
  const source = 'open' in kind ? kind.open?.(parsed, testContext) : undefined
  if (!source) throw new Error(`${provider} receives no deliveries`)
  return source
}
