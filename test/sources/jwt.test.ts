import { createHmac, createSign, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { AppError } from '../../src/domain/errors.js'
import { type JwtKey, jwkOf, jwtHead, verifyJwt } from '../../src/sources/engine/jwt.js'

const now = 1_767_225_600_000
const seconds = now / 1000
const secret = Buffer.from('k9vQ-2mXw-7bTz-4rNd')
const hs: JwtKey = { algorithm: 'HS256', secret }
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function hsToken(claims: unknown, head: unknown = { alg: 'HS256' }): string {
  const signed = `${encode(head)}.${encode(claims)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

function codeOf(token: string, keys: readonly JwtKey[] = [hs]): string {
  try {
    verifyJwt(token, keys, now)
    return 'accepted'
  } catch (error) {
    return (error as AppError).code
  }
}

describe('a token', () => {
  it('gives its claims, and says which key signed it', () => {
    const other: JwtKey = { algorithm: 'HS256', secret: Buffer.from('another-key-of-theirs') }
    expect(verifyJwt(hsToken({ iss: 'x', iat: seconds }), [other, hs], now)).toEqual({
      claims: { iss: 'x', iat: seconds },
      keyIndex: 1,
    })
  })

  it('cannot choose its algorithm: not none, not a public key as the secret of an HMAC', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const rs: JwtKey = { algorithm: 'RS256', key: publicKey }
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
    const signed = `${encode({ alg: 'HS256' })}.${encode({})}`
    const confused = `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`
    expect(codeOf(confused, [rs])).toBe('verification.signature_mismatch')
    expect(codeOf(`${encode({ alg: 'none' })}.${encode({})}.`, [hs])).toBe('verification.malformed_signature')
    expect(codeOf(hsToken({}, { alg: 'HS512' }))).toBe('verification.signature_mismatch')
    const good = `${encode({ alg: 'RS256', kid: 'a' })}.${encode({})}`
    const token = `${good}.${createSign('sha256').update(good).sign(privateKey, 'base64url')}`
    expect([codeOf(token, [rs]), codeOf(token, [hs])]).toEqual([
      'accepted',
      'verification.signature_mismatch',
    ])
    expect(jwtHead(token)).toEqual({ algorithm: 'RS256', keyId: 'a' })
  })

  it('of ES256 has both numbers side by side, and no other form passes', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const es: JwtKey = { algorithm: 'ES256', key: publicKey }
    for (let again = 0; again < 20; again++) {
      const signed = `${encode({ alg: 'ES256' })}.${encode({ again })}`
      const sign = (dsaEncoding: 'ieee-p1363' | 'der') =>
        createSign('sha256').update(signed).sign({ key: privateKey, dsaEncoding }, 'base64url')
      expect(codeOf(`${signed}.${sign('ieee-p1363')}`, [es])).toBe('accepted')
      expect(codeOf(`${signed}.${sign('der')}`, [es])).toBe('verification.signature_mismatch')
    }
  })

  it('is refused outside of its time, and where a time is none', () => {
    expect(codeOf(hsToken({ exp: seconds - 61 }))).toBe('verification.stale_timestamp')
    expect(codeOf(hsToken({ exp: seconds - 59 }))).toBe('accepted')
    expect(codeOf(hsToken({ nbf: seconds + 61 }))).toBe('verification.future_timestamp')
    expect(codeOf(hsToken({ iat: seconds + 61 }))).toBe('verification.future_timestamp')
    for (const exp of ['x', null, -1, `${seconds}`]) {
      expect(codeOf(hsToken({ exp }))).toBe('verification.malformed_timestamp')
    }
  })

  it('of another form is refused: parts, padding, extensions, doubled keys', () => {
    const [head = '', claims = '', signature = ''] = hsToken({}).split('.')
    const odd = [
      '',
      'a.b',
      `${head}.${claims}.${signature}.x`,
      `${head}.${claims}.${signature}=`,
      `${head}..${signature}`,
    ]
    for (const token of odd) expect(codeOf(token)).toBe('verification.malformed_signature')
    expect(codeOf(hsToken({}, { alg: 'HS256', crit: ['b64'] }))).toBe('verification.malformed_signature')
    const doubled = Buffer.from('{"alg":"HS256","alg":"none"}').toString('base64url')
    expect(codeOf(`${doubled}.${claims}.${signature}`)).toBe('verification.malformed_signature')
  })
})

it('finds a published key by its id and sort', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwks = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one' }] })
  expect(jwkOf(jwks, 'one', 'EC')?.asymmetricKeyType).toBe('ec')
  expect(jwkOf(jwks, 'two', 'EC')).toBeUndefined()
  expect(jwkOf(jwks, 'one', 'RSA')).toBeUndefined()
  expect(jwkOf('not json', 'one', 'EC')).toBeUndefined()
})
