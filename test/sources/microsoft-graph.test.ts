import { createSign, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AppError } from '../../src/domain/errors.js'
import type { KeyRequest } from '../../src/sources/engine/keys.js'
import { microsoftGraph } from '../../src/sources/microsoft-graph.js'
import type { SourceContext } from '../../src/sources/source.js'
import { delivery, openSource, testContext } from './setting.js'

const secret = 'k9vQ-2mXw-7bTz-current'
const previous = 'p4Lr-8cNd-1hYs-previous'
const app_id = '8e460676-ae3f-4b1e-8790-ee0fb5d6148f'
const tenant = '84bd8158-6d4d-4958-8b9f-9d6445542f95'
const now = 1_767_225_600_000
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwks = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k' }] })

function contextOf(loaded: KeyRequest[] = []): SourceContext {
  const load = (request: KeyRequest) => {
    loaded.push(request)
    return Promise.resolve()
  }
  return { ...testContext, keys: { load, get: () => jwks, close: () => Promise.resolve() } }
}

const item = {
  subscriptionId: '7f105c7d-2dc5-4530-97cd-4e7ae6534c07',
  changeType: 'created',
  clientState: secret,
}
const rich = { ...item, id: 'lsgTZMr9KwAAA', encryptedContent: { data: 'AAAA' } }

const first = {
  aud: app_id,
  iss: `https://sts.windows.net/${tenant}/`,
  appid: '0bf30f3b-4a52-48df-9a82-234910c4a086',
  tid: tenant,
  ver: '1.0',
  exp: now / 1000 + 3600,
}
const { appid, ...rest } = first
const second = { ...rest, ver: '2.0', azp: appid, iss: `https://login.microsoftonline.com/${tenant}/v2.0` }

function token(claims: object): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${encode({ alg: 'RS256', kid: 'k' })}.${encode(claims)}`
  return `${signed}.${createSign('sha256').update(signed).sign(privateKey, 'base64url')}`
}

function verdict(body: object, options: object = { secret, app_id, tenant }): string {
  const source = openSource(microsoftGraph, options, contextOf())
  try {
    source.verify(delivery([], JSON.stringify(body), now), now)
    return 'accepted'
  } catch (error) {
    return (error as AppError).code
  }
}

describe('a notification of Microsoft Graph with resource data', () => {
  it('is accepted with tokens of both versions that Entra issues', () => {
    expect(verdict({ value: [rich], validationTokens: [token(first), token(second)] })).toBe('accepted')
  })

  it.each([
    ['no token', [], 'verification.missing_header'],
    [
      'a second token that has expired',
      [first, { ...first, exp: now / 1000 - 61 }],
      'verification.stale_timestamp',
    ],
    ['a token that never expires', [{ ...first, exp: undefined }], 'verification.malformed_timestamp'],
    ['another application', [{ ...first, aud: tenant }], 'verification.bad_credentials'],
    ['another publisher', [{ ...first, appid: app_id }], 'verification.bad_credentials'],
    [
      'a publisher of the other version',
      [{ ...first, appid: app_id, azp: appid }],
      'verification.bad_credentials',
    ],
    ['another tenant', [{ ...first, tid: app_id }], 'verification.bad_credentials'],
    ['another issuer', [{ ...first, iss: 'https://sts.windows.net/' }], 'verification.bad_credentials'],
  ])('is refused with %s', (_what, claims, code) => {
    expect(verdict({ value: [rich], validationTokens: claims.map(token) })).toBe(code)
  })

  it('needs the clientState beside the tokens', () => {
    const body = { value: [{ ...rich, clientState: 'another' }], validationTokens: [token(first)] }
    expect(verdict(body)).toBe('verification.bad_credentials')
  })

  it('is taken on its clientState where application and tenant are not configured', () => {
    expect(verdict({ value: [rich], validationTokens: ['x'] }, { secret })).toBe('accepted')
  })

  it('has keys fetched for it only after its clientState was right, and from the tenant', async () => {
    const loaded: KeyRequest[] = []
    const source = openSource(microsoftGraph, { secret, app_id, tenant }, contextOf(loaded))
    const prepare = (clientState: string) => {
      const body = { value: [{ ...rich, clientState }], validationTokens: [token(first)] }
      return source.prepare?.(delivery([], JSON.stringify(body), now), now)
    }
    await expect(prepare('another')).rejects.toThrow('clientState')
    expect(loaded).toEqual([])
    await prepare(secret)
    expect(loaded).toEqual([
      {
        url: `https://login.microsoftonline.com/${tenant}/discovery/v2.0/keys`,
        hosts: ['login.microsoftonline.com'],
      },
    ])
  })

  it('is not configured by half', () => {
    expect(microsoftGraph.options.safeParse({ secret, app_id }).success).toBe(false)
    expect(microsoftGraph.options.safeParse({ secret, tenant }).success).toBe(false)
  })
})

describe('a notification of Microsoft Graph', () => {
  const source = openSource(microsoftGraph, { secret: [secret, previous] })
  const eventsAt = (value: readonly object[], receivedAt: number) =>
    source.events(source.verify(delivery([], JSON.stringify({ value }), receivedAt), receivedAt))

  it('shows its clientState to no agent', () => {
    expect(JSON.stringify(eventsAt([item, item], now))).not.toContain(secret)
  })

  it('tells that an old clientState is still in use, wherever it stands', () => {
    const value = [item, { ...item, clientState: previous }, item]
    expect(source.verify(delivery([], JSON.stringify({ value })), now).secretIndex).toBe(1)
  })

  it('is a new event each time where nothing in it tells one change from the next', () => {
    const ids = [now, now + 1].map((at) => eventsAt([item], at)[0]?.sourceEventId)
    expect(new Set(ids).size).toBe(2)
  })

  it('is the same event where its etag is the same', () => {
    const tagged = { ...item, resource: 'me/messages/1', resourceData: { '@odata.etag': 'W/"1"' } }
    const [one, again] = [now, now + 1].map((at) => eventsAt([tagged], at)[0]?.sourceEventId)
    expect(again).toBe(one)
    const later = { ...tagged, resourceData: { '@odata.etag': 'W/"2"' } }
    expect(eventsAt([later], now)[0]?.sourceEventId).not.toBe(one)
  })
})
