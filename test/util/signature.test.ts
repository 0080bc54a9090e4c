import { describe, expect, it } from 'vitest'
import {
  checksum,
  decodeDigest,
  digestsEqual,
  type HashName,
  hmac,
  isKeyFor,
  publicKeyOfJwk,
  secretsEqual,
  sha256,
} from '../../src/util/signature.js'

const digest = hmac('sha256', Buffer.from('key'), ['The quick brown fox jumps over the lazy dog'])
const hex = 'f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8'
const base64 = digest.toString('base64')

describe('hmac', () => {
  it('is over the parts as one, bytes untouched', () => {
    expect(digest.toString('hex')).toBe(hex)
    const parts = hmac('sha256', Buffer.from('key'), [
      'The quick brown fox ',
      Buffer.from('jumps over the lazy dog'),
    ])
    expect(parts.toString('hex')).toBe(hex)
    const raw = Buffer.from([0xff, 0x00, 0xfe])
    expect(hmac('sha256', raw, [raw])).not.toEqual(hmac('sha256', raw, [raw.toString('utf8')]))
  })

  it.each<[HashName, number]>([
    ['sha1', 20],
    ['sha256', 32],
    ['sha512', 64],
  ])('of %s has %d bytes', (name, size) => {
    expect(hmac(name, Buffer.from('k'), [])).toHaveLength(size)
  })
})

describe('sha256', () => {
  it('is over the concatenation, however it is cut', () => {
    const whole = sha256('abc').toString('hex')
    expect(whole).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(sha256('a', Buffer.from('b'), 'c').toString('hex')).toBe(whole)
    expect(sha256().toString('hex')).toBe(sha256('').toString('hex'))
  })
})

describe('checksum', () => {
  it('is CRC-32 as a number without a sign', () => {
    expect(checksum(Buffer.from('123456789'))).toBe(0xcbf43926)
    expect(checksum(Buffer.alloc(0))).toBe(0)
  })
})

describe('publicKeyOfJwk', () => {
  // The point of RFC 7515, A.3.
  const point = {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  }

  it('reads the public part and nothing else', () => {
    const key = publicKeyOfJwk({ ...point, kid: 'one', d: 'AAAA' })
    expect(key?.type).toBe('public')
    expect(key && isKeyFor('ecdsa-p256', key)).toBe(true)
  })

  it.each([
    ['a secret', { kty: 'oct', k: 'c2VjcmV0' }],
    ['half a point', { ...point, y: undefined }],
    ['a point off the curve', { ...point, y: point.x }],
    ['a number for a text', { ...point, x: 1 }],
    ['nothing', {}],
  ])('gives no key for %s', (_what, jwk) => {
    expect(publicKeyOfJwk(jwk)).toBeUndefined()
  })
})

describe('decodeDigest', () => {
  it('takes the one canonical form of each encoding', () => {
    expect(decodeDigest(hex, 'hex', 'sha256')).toEqual(digest)
    expect(decodeDigest(base64, 'base64', 'sha256')).toEqual(digest)
    const sha512 = hmac('sha512', Buffer.from('k'), ['x'])
    expect(decodeDigest(sha512.toString('base64'), 'base64', 'sha512')).toEqual(sha512)
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['a byte too few', hex.slice(2)],
    ['a digit too few', hex.slice(1)],
    ['a byte too many', `${hex}00`],
    ['upper case', hex.toUpperCase()],
    ['a digit that is none', `g${hex.slice(1)}`],
    ['a line end', `${hex.slice(1)}\n`],
    ['a line end behind it', `${hex}\n`],
    ['a space before it', ` ${hex}`],
    ['a full-width digit', `０${hex.slice(1)}`],
    ['the prefix 0x', `0x${hex.slice(2)}`],
    ['another encoding', base64],
  ])('refuses hex with %s', (_what, text) => {
    expect(decodeDigest(text, 'hex', 'sha256')).toBeUndefined()
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['no padding', base64.replace('=', '')],
    ['padding too many', `${base64}=`],
    ['bits set that mean nothing', base64.replace(/.=$/, (end) => `${next(end.charAt(0))}=`)],
    ['the alphabet of URLs', `-_${base64.slice(2)}`],
    ['a line end', `${base64.slice(0, -1)}\n`],
    ['a space in it', ` ${base64.slice(1)}`],
    ['padding in the middle', `${base64.slice(0, 20)}=${base64.slice(21)}`],
    ['a digest of another size', hmac('sha1', Buffer.from('k'), []).toString('base64')],
    ['33 bytes', Buffer.alloc(33, 7).toString('base64')],
    ['31 bytes', Buffer.alloc(31, 7).toString('base64')],
    ['another encoding', hex],
  ])('refuses base64 with %s', (_what, text) => {
    expect(decodeDigest(text, 'base64', 'sha256')).toBeUndefined()
  })
})

describe('digestsEqual', () => {
  it('is true of the same bytes only', () => {
    expect(digestsEqual(digest, Buffer.from(hex, 'hex'))).toBe(true)
    for (let at = 0; at < digest.length; at++) {
      const changed = Buffer.from(digest)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(digestsEqual(digest, changed)).toBe(false)
    }
  })

  it('never throws on another length, and is never true of nothing', () => {
    expect(digestsEqual(digest, digest.subarray(1))).toBe(false)
    expect(digestsEqual(digest, Buffer.concat([digest, digest]))).toBe(false)
    expect(digestsEqual(Buffer.alloc(0), digest)).toBe(false)
    expect(digestsEqual(Buffer.alloc(0), Buffer.alloc(0))).toBe(false)
  })
})

describe('secretsEqual', () => {
  it('compares texts of any length', () => {
    expect(secretsEqual('k7Gq2nV9', 'k7Gq2nV9')).toBe(true)
    expect(secretsEqual('k7Gq2nV9', 'k7Gq2nV8')).toBe(false)
    expect(secretsEqual('k7Gq2nV9', 'k7Gq2nV')).toBe(false)
    expect(secretsEqual('k7Gq2nV9', 'k7Gq2nV9\u0000')).toBe(false)
    expect(secretsEqual('é', 'e\u0301')).toBe(false)
  })

  it('never finds an empty text equal', () => {
    expect([secretsEqual('', ''), secretsEqual('', 'x'), secretsEqual('x', '')]).toEqual([
      false,
      false,
      false,
    ])
  })
})

/** The next letter of the alphabet of base64, whose lowest bit is one that the padding leaves without meaning. */
function next(letter: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  return alphabet.charAt(alphabet.indexOf(letter) + 1)
}
