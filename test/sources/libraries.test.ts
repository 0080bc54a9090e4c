import { Webhook } from 'standardwebhooks'
import { Stripe } from 'stripe'
import { describe, expect, it } from 'vitest'
import { VerificationError } from '../../src/domain/errors.js'
import { standardWebhooks } from '../../src/sources/standard-webhooks.js'
import { stripe } from '../../src/sources/stripe.js'
import { delivery, openSource } from './setting.js'

/** The senders' own libraries sign, and verify what we sign. Where they are looser than we are, that is said. */

const now = 1_767_225_600_000
const seconds = now / 1000

describe('Stripe’s own library', () => {
  const secret = 'whsec_k9vQ2mXw7bTz4rNd8cNd1hYs'
  const source = openSource(stripe, { secret })
  const library = new Stripe('sk_test_not_used')

  it('signs what we verify, for every sample', () => {
    for (const { type, body } of source.samples) {
      const payload = JSON.stringify(body, null, 2)
      const header = library.webhooks.generateTestHeaderString({ payload, secret, timestamp: seconds })
      const verified = source.verify(delivery([['Stripe-Signature', header]], payload, now), now)
      expect(source.events(verified)[0]).toMatchObject({ type, time: now })
    }
  })

  it('verifies what we sign', () => {
    const payload = JSON.stringify(source.samples[0]?.body)
    const signed = source.sign({ body: Buffer.from(payload), type: 'x', id: 'x' }, now).headers
    const header = signed['stripe-signature'] ?? ''
    const event = library.webhooks.constructEvent(payload, header, secret, 300, undefined, now)
    expect(event.type).toBe('charge.dispute.created')
  })

  it('makes the second of two v1 signatures while a secret is rolled, and we take it', () => {
    const payload = '{"id":"evt_1","type":"ping"}'
    const header = library.webhooks.generateTestHeaderString({ payload, secret, timestamp: seconds })
    const [time = '', ours = ''] = header.split(',')
    const rolled = `${time},v1=${'0'.repeat(64)},${ours},v0=${'1'.repeat(64)}`
    expect(source.verify(delivery([['Stripe-Signature', rolled]], payload), now).secretIndex).toBe(0)
  })

  it('is looser than we are: it takes any future time, and two times', () => {
    const payload = '{"id":"evt_1","type":"ping"}'
    const future = library.webhooks.generateTestHeaderString({ payload, secret, timestamp: seconds + 3600 })
    expect(library.webhooks.constructEvent(payload, future, secret, 300, undefined, now)).toBeTruthy()
    expect(() => source.verify(delivery([['Stripe-Signature', future]], payload), now)).toThrow(
      VerificationError,
    )
    const twice = `t=1,${library.webhooks.generateTestHeaderString({ payload, secret, timestamp: seconds })}`
    expect(() => source.verify(delivery([['Stripe-Signature', twice]], payload), now)).toThrow(
      VerificationError,
    )
  })
})

describe('the library of Standard Webhooks', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const source = openSource(standardWebhooks, { secret })
  const library = new Webhook(secret)
  const payload = '{"type":"user.created","timestamp":"2026-01-01T00:00:00Z","data":{"id":"user_1","n":"ü"}}'

  it('signs what we verify', () => {
    const headers = [
      ['webhook-id', 'msg_1'],
      ['webhook-timestamp', String(seconds)],
      ['webhook-signature', library.sign('msg_1', new Date(now), payload)],
    ] as const
    const [draft] = source.events(source.verify(delivery(headers, payload, now), now))
    expect(draft).toMatchObject({
      sourceEventId: 'msg_1',
      type: 'user.created',
      subject: 'user_1',
      time: now,
    })
  })

  it('verifies what we sign', () => {
    const signed = source.sign({ body: Buffer.from(payload), type: 'user.created', id: 'msg_2' }, now).headers
    const theirs = library.sign('msg_2', new Date(now), payload)
    expect(signed['webhook-signature']).toBe(theirs)
  })
})
