import { describe, expect, it } from 'vitest'
import { type AppError, VerificationError } from '../../src/domain/errors.js'
import type { EventDraft } from '../../src/domain/event.js'
import { adyen } from '../../src/sources/adyen.js'
import { braintree } from '../../src/sources/braintree.js'
import type { KeyRequest } from '../../src/sources/engine/keys.js'
import { paypal } from '../../src/sources/paypal.js'
import { plaid } from '../../src/sources/plaid.js'
import { shopify } from '../../src/sources/shopify.js'
import type { WebhookSource } from '../../src/sources/source.js'
import { parseXml, XmlError } from '../../src/util/xml.js'
import { readVectors } from '../support/vectors/format.js'
import { delivery, type Headers, openSource, readFixture, testContext } from './setting.js'
import { paypalContext, support as paypalSupport } from './support/paypal.js'
import { plaidContext, support as plaidSupport } from './support/plaid.js'

const now = 1_767_225_600_000
const secret = 'k9vQ-2mXw-7bTz-4rNd'

function eventsOf(source: WebhookSource, headers: Headers, body: Uint8Array | string): EventDraft[] {
  return source.events(source.verify(delivery(headers, body, now), now))
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return (error as AppError).code
  }
}

describe('paypal', () => {
  const fixture = readFixture('paypal')
  const [first] = fixture.deliveries
  const { headers = [], body = '' } = first ?? {}

  it('knows a forged body under PayPal’s own signature for the delivery that it was taken from', () => {
    const vectors = readVectors(new URL('../fixtures/vectors.json', import.meta.url).pathname)
    const [real, forged] = [
      'paypal/real-billing-plan-created',
      'paypal/gotcha-crc32-collision-forged-body',
    ].map((id) => vectors.find((vector) => vector.id === id))
    const keys = { ...testContext.keys, get: () => real?.secrets[0] }
    const source = openSource(paypal, { webhook_id: '96605875FF6516633' }, { ...testContext, keys })
    const at = Date.parse('2017-03-30T20:04:05Z')
    const [one, other] = [real, forged].map((vector) => {
      const sent = delivery(vector?.headers ?? [], vector?.body ?? '', at)
      return source.events(source.verify(sent, at))[0]
    })
    expect(forged?.body).not.toEqual(real?.body)
    expect(other?.sourceEventId).toBe(one?.sourceEventId)
    expect(one?.isIdAuthentic).toBeUndefined()
  })

  it('fetches a certificate from PayPal’s hosts and from nowhere else', async () => {
    const loaded: KeyRequest[] = []
    const source = openSource(paypal, fixture.options, paypalContext(loaded))
    await source.prepare?.(delivery(headers, body), now)
    expect(loaded.map(({ url }) => new URL(url).host)).toEqual(['api.paypal.com'])
    for (const host of ['evil.example', 'api.paypal.com.evil.example', 'paypal.com', 'api-paypal.com']) {
      const url = `https://${host}/v1/notifications/certs/CERT-1`
      const changed = headers.map(
        ([name, value]) => [name, name === 'paypal-cert-url' ? url : value] as const,
      )
      await expect(source.prepare?.(delivery(changed, body), now)).rejects.toThrow(VerificationError)
    }
    expect(loaded).toHaveLength(1)
  })

  it('says that the certificate could not be had where it could not', () => {
    const source = openSource(paypal, fixture.options)
    expect(codeOf(() => source.verify(delivery(headers, body), now))).toBe('verification.key_unavailable')
  })

  it('lets a delivery be three days old, as the attempts go on for as long', () => {
    const { webhook_id } = fixture.options
    const source = openSource(paypal, { webhook_id }, paypalSupport.context)
    const later = now + 3 * 86_400_000
    source.verify(delivery(headers, body, later), later)
    const sent = delivery(headers, body, later + 1000)
    expect(codeOf(() => source.verify(sent, later + 1000))).toBe('verification.stale_timestamp')
  })
})

describe('plaid', () => {
  const fixture = readFixture('plaid')
  const source = openSource(plaid, fixture.options, plaidSupport.context)
  const [first] = fixture.deliveries
  const { headers = [], body = '' } = first ?? {}

  it('asks for a key at Plaid’s own API, with the credentials in headers', async () => {
    const asked: KeyRequest[] = []
    const asking = openSource(plaid, { ...fixture.options, environment: 'sandbox' }, plaidContext(asked))
    await asking.prepare?.(delivery(headers, body), now)
    expect(asked).toMatchObject([
      {
        url: 'https://sandbox.plaid.com/webhook_verification_key/get',
        hosts: ['sandbox.plaid.com'],
        ask: {
          headers: { 'plaid-client-id': '5f3c2b1a0d9e8f7a6b5c4d3e', 'plaid-secret': 'k9vQ-2mXw-7bTz-4rNd' },
          body: '{"key_id":"bfbd5111-8e33-4643-8ced-b2e642a72f3c"}',
        },
      },
    ])
  })

  it('asks for no key that a token cannot name', async () => {
    const asked: KeyRequest[] = []
    const asking = openSource(plaid, fixture.options, plaidContext(asked))
    const odd = fixture.refused?.filter(({ code }) => code === 'verification.untrusted_key') ?? []
    for (const each of odd)
      await asking.prepare?.(delivery(each.headers ?? [], body), now).catch(() => undefined)
    expect(odd).toHaveLength(3)
    expect(asked).toHaveLength(1) // the one that has ended
  })

  it('takes equal bodies for different events, and one token for one event', () => {
    const again = plaidSupport.sign?.({ body: Buffer.from(body), type: '', id: '' }, now + 1000, fixture)
    const [one] = eventsOf(source, headers, body)
    const [same] = eventsOf(source, headers, body)
    const [other] = eventsOf(source, Object.entries(again?.headers ?? {}), body)
    expect(same?.sourceEventId).toBe(one?.sourceEventId)
    expect(other?.sourceEventId).not.toBe(one?.sourceEventId)
    expect([one?.isIdAuthentic, other?.isIdAuthentic]).toEqual([true, true])
  })
})

describe('adyen', () => {
  const key = '3B7A0F5C9D1E48A2B6C4D8E0F19A2B3C4D5E6F708192A3B4C5D6E7F8091A2B3C'
  const source = openSource(adyen, { secret: key })
  const sample = JSON.stringify(source.samples[0]?.body)

  it('keeps no signature in an event', () => {
    const signed = source.sign({ body: Buffer.from(sample), type: '', id: '' }, now).body ?? Buffer.alloc(0)
    expect(signed.toString()).toContain('hmacSignature')
    expect(JSON.stringify(eventsOf(source, [], signed))).not.toContain('hmacSignature')
  })

  it('gives nothing for an id that is not signed', () => {
    const signed = source.sign({ body: Buffer.from(sample), type: '', id: '' }, now).body ?? Buffer.alloc(0)
    const text = Buffer.from(signed).toString().replace('"visa"', '"mc"').replace('033899', '000000')
    const [draft] = eventsOf(source, [], text)
    expect(draft).toMatchObject({ sourceEventId: 'AUTHORISATION:QFQTPCQ8HXSKGK82:true' })
    expect(draft?.ids).toEqual({ psp: 'QFQTPCQ8HXSKGK82', payment: 'QFQTPCQ8HXSKGK82' })
  })

  it('answers [accepted]', () => {
    for (const state of ['recorded', 'duplicate'] as const) {
      expect(source.reply(state)).toMatchObject({ status: 200, body: '[accepted]' })
    }
  })

  it('refuses more items than one delivery has', () => {
    const { notificationItems, ...rest } = JSON.parse(sample) as { notificationItems: unknown[] }
    const many = JSON.stringify({ ...rest, notificationItems: Array(101).fill(notificationItems[0]) })
    expect(codeOf(() => source.verify(delivery([], many), now))).toBe('verification.malformed_signature')
  })

  it('takes no key that is not hex', () => {
    expect(adyen.options.safeParse({ secret }).error?.issues[0]?.message).toContain('is not hex')
  })
})

describe('braintree', () => {
  const source = openSource(braintree, { public_key: 'k3y8w2m6q9x4z7t5', secret })

  it('signs no challenge that could be the payload of an event', () => {
    const challenge = Buffer.from('<notification>').toString('base64')
    for (const text of [challenge, Buffer.from(challenge).toString('hex'), 'a'.repeat(19), 'a'.repeat(33)]) {
      const sent = {
        ...delivery([], ''),
        method: 'GET',
        url: `/hooks/x?bt_challenge=${encodeURIComponent(text)}`,
      }
      expect(source.greet(sent, now)).toBeUndefined()
    }
  })

  it('knows a payload again, however the form around it is written', () => {
    const body = Buffer.from(String(source.samples[0]?.body))
    const form = Buffer.from(source.sign({ body, type: '', id: '' }, now).body ?? '').toString()
    const [signature, payload] = form.split('&')
    const [one] = eventsOf(source, [], form)
    const [other] = eventsOf(source, [], `${payload?.replaceAll('%3D', '%3d')}&x=1&${signature}`)
    expect(other).toMatchObject({ sourceEventId: one?.sourceEventId, isIdAuthentic: true })
  })

  it('refuses XML that is more than data', () => {
    const made = (xml: string) => {
      const signed = source.sign({ body: Buffer.from(xml), type: '', id: '' }, now)
      return codeOf(() => eventsOf(source, [], signed.body ?? ''))
    }
    const doctype = '<!DOCTYPE n [<!ENTITY a "b">]><notification><kind>&a;</kind></notification>'
    for (const xml of [doctype, '<notification/>', '<other><kind>check</kind></other>', 'text']) {
      expect(made(xml)).toBe('delivery.malformed')
    }
  })
})

describe('shopify', () => {
  const source = openSource(shopify, { secret })
  const draftOf = (body: object, rename = (name: string) => name) => {
    const bytes = Buffer.from(JSON.stringify(body))
    const { headers } = source.sign({ body: bytes, type: 'orders/create', id: 'id-1' }, now)
    return eventsOf(
      source,
      Object.entries(headers).map(([name, value]) => [rename(name), value] as const),
      bytes,
    )[0]
  }

  it('lets no other names of the headers make an id of a captured delivery count for itself', () => {
    expect(draftOf({ id: 1 }, (name) => name.replace(/^x-/, ''))?.isIdAuthentic).toBeUndefined()
  })

  it('takes equal bodies of Events for different events', () => {
    const body = {
      topic: 'Product',
      action: 'update',
      query_variables: { productId: 'gid://shopify/Product/1' },
    }
    const draft = draftOf(body, (name) => name.replace(/^x-/, ''))
    expect(draft).toMatchObject({ isIdAuthentic: true, type: 'Product/update' })
  })
})

describe('XML of services', () => {
  it('is read as data', () => {
    const xml =
      '<?xml version="1.0"?>\n<a>\n<b type="array"><c>1</c><c/></b><d>x</d><d>y</d><e nil="true"/>&#10;</a>\n'
    expect(parseXml(xml)).toEqual({ a: { b: ['1', ''], d: ['x', 'y'], e: null } })
    expect(parseXml('<a>&lt;&amp;&#x41;</a>')).toEqual({ a: '<&A' })
  })

  it('cannot set a prototype', () => {
    const { a } = parseXml('<a><__proto__><x>1</x></__proto__></a>') as { a: object }
    expect(Object.keys(a)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  it('is refused where it is anything else', () => {
    const deep = `${'<a>'.repeat(70)}${'</a>'.repeat(70)}`
    const odd = [
      '',
      'x',
      '<a>',
      '</a>',
      '<a></b>',
      '<a/><b/>',
      '<a>x<b/></a>',
      '<a>&x;</a>',
      '<a>&#0;</a>',
      '<a>&</a>',
    ]
    const odder = [
      '<!DOCTYPE a><a/>',
      '<a><![CDATA[x]]></a>',
      '<a><!-- x --></a>',
      '<a b=c/>',
      '<?x?><a/>',
      deep,
    ]
    for (const xml of [...odd, ...odder]) expect(() => parseXml(xml)).toThrow(XmlError)
  })
})
