import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type AppError, VerificationError } from '../../src/domain/errors.js'
import { type SignatureScheme, signWith, verifySignature } from '../../src/sources/engine/signature-scheme.js'
import { compileMessage } from '../../src/sources/engine/template.js'
import { checkFresh, type TimestampUnit } from '../../src/sources/engine/timestamp.js'
import { delivery } from './setting.js'

const now = 1_767_225_600_000
const secrets = ['first-k9vQ-2mXw-7bTz', 'second-p4Lr-8cNd-1hYs'].map((text) => ({
  text,
  key: Buffer.from(text),
}))
const tolerance = { pastMs: 300_000, futureMs: 60_000 }

const list: SignatureScheme = {
  hash: 'sha256',
  signature: {
    header: 'x-signature',
    listSeparator: ',',
    pairs: { separator: '=', select: ['v1'] },
    prefix: '',
    encoding: 'hex',
  },
  message: compileMessage('{timestamp}.{body}'),
  timestamp: { pair: 't', unit: 's', tolerance },
  idHeader: undefined,
}

function digest(secret: string, message: string | Buffer): string {
  return createHmac('sha256', secret).update(message).digest('hex')
}

function codeOf(header: string, body = '{}', scheme = list): string {
  try {
    verifySignature(scheme, secrets, delivery([['x-signature', header]], body), now)
    return 'accepted'
  } catch (error) {
    expect(error).toBeInstanceOf(VerificationError)
    return (error as AppError).code
  }
}

describe('verifySignature', () => {
  const right = digest('second-p4Lr-8cNd-1hYs', '1767225600.{}')
  const wrong = '0'.repeat(64)

  it('takes any of the listed signatures and says which secret made it', () => {
    for (const header of [
      `t=1767225600,v1=${right}`,
      `t=1767225600,v1=${wrong},v1=${right}`,
      `v1=${right},v1=${wrong},t=1767225600`,
      `t=1767225600, v1=${wrong}, v0=${wrong}, v1=${right}`,
      `t=1767225600,v1=nonsense,v1=${right}`,
    ]) {
      const verified = verifySignature(list, secrets, delivery([['X-Signature', header]], '{}'), now)
      expect(verified).toEqual({ secretIndex: 1, timestamp: now, id: undefined })
    }
  })

  it('names the first secret when both fit', () => {
    const [first] = secrets
    const same = first ? [first, first] : []
    const header = `t=1767225600,v1=${digest('first-k9vQ-2mXw-7bTz', '1767225600.{}')}`
    expect(verifySignature(list, same, delivery([['x-signature', header]], '{}'), now).secretIndex).toBe(0)
  })

  it('looks at no more than sixteen signatures and sixty-four entries', () => {
    const signatures = (count: number) => Array.from({ length: count }, () => `v1=${wrong}`).join(',')
    expect(codeOf(`t=1767225600,${signatures(15)},v1=${right}`)).toBe('accepted')
    expect(codeOf(`t=1767225600,${signatures(16)},v1=${right}`)).toBe('verification.malformed_signature')
    expect(codeOf(`t=1767225600,${signatures(199)},v1=${right}`)).toBe('verification.malformed_signature')
    const others = Array.from({ length: 200 }, () => `v0=${wrong}`).join(',')
    expect(codeOf(`t=1767225600,${others},v1=${right}`)).toBe('verification.malformed_signature')
  })

  it('tells a malformed signature from one that does not match', () => {
    expect(codeOf(`t=1767225600,v1=${wrong}`)).toBe('verification.signature_mismatch')
    for (const header of [
      't=1767225600',
      `t=1767225600,v0=${right}`,
      `t=1767225600,v1=${right.toUpperCase()}`,
      `t=1767225600,v1=${right}zz`,
      `t=1767225600,v1=${right.slice(0, 62)}`,
      't=1767225600,v1=',
      `t=1767225600,v1:${right}`,
    ]) {
      expect(codeOf(header)).toBe('verification.malformed_signature')
    }
  })

  it('refuses a time that is not one, though it is rightly signed', () => {
    for (const time of [
      'NaN',
      '',
      ' ',
      '0',
      '-1767225600',
      '1767225600.5',
      '17672256000',
      '1e9',
      'Infinity',
    ]) {
      const header = `t=${time},v1=${digest('first-k9vQ-2mXw-7bTz', `${time}.{}`)}`
      expect(codeOf(header)).toBe('verification.malformed_timestamp')
    }
    const right = digest('first-k9vQ-2mXw-7bTz', '1767225600.{}')
    for (const times of ['t=1,t=1767225600', 't=1767225600,t=1', 't=1767225600,t=1767225600']) {
      expect(codeOf(`${times},v1=${right}`)).toBe('verification.malformed_timestamp')
    }
    expect(codeOf(`v1=${digest('first-k9vQ-2mXw-7bTz', '.{}')}`)).toBe('verification.malformed_timestamp')
  })

  it('judges the time after the signature, with a tolerance for each direction', () => {
    const at = (seconds: number) =>
      codeOf(`t=${seconds},v1=${digest('first-k9vQ-2mXw-7bTz', `${seconds}.{}`)}`)
    expect(at(1767225600 - 300)).toBe('accepted')
    expect(at(1767225600 - 301)).toBe('verification.stale_timestamp')
    expect(at(1767225600 + 60)).toBe('accepted')
    expect(at(1767225600 + 61)).toBe('verification.future_timestamp')
    expect(codeOf(`t=1000000000,v1=${wrong}`)).toBe('verification.signature_mismatch')
  })

  it('signs over bytes: body and headers go in as they came', () => {
    const scheme: SignatureScheme = {
      ...list,
      signature: { ...list.signature, listSeparator: undefined, pairs: undefined, prefix: 'sha256=' },
      message: compileMessage('ü|{header:X-Who}|{body}'),
      timestamp: undefined,
    }
    const body = Buffer.from([0xef, 0xbb, 0xbf, 0xff, 0x00, 0x24, 0x26, 0x24, 0x24])
    const message = Buffer.concat([Buffer.from('ü|'), Buffer.from([0xe9, 0x7c]), body])
    const headers = [
      ['x-who', '\u00e9'],
      ['x-signature', `sha256=${digest('first-k9vQ-2mXw-7bTz', message)}`],
    ] as const
    expect(verifySignature(scheme, secrets, delivery(headers, body), now).secretIndex).toBe(0)
  })

  it('never has a secret or a signature in what it says', () => {
    try {
      verifySignature(list, secrets, delivery([['x-signature', `t=1767225600,v1=${wrong}`]], '{}'), now)
    } catch (error) {
      const { message, details } = error as AppError
      expect(message + JSON.stringify(details)).not.toMatch(/k9vQ|p4Lr|0{8}/)
    }
  })
})

describe('signWith', () => {
  it('is undone by verifySignature in every unit and encoding', () => {
    for (const unit of ['s', 'ms', 'iso'] satisfies TimestampUnit[]) {
      for (const encoding of ['hex', 'base64'] as const) {
        for (const hash of ['sha1', 'sha256', 'sha512'] as const) {
          const scheme: SignatureScheme = {
            ...list,
            hash,
            signature: { header: 'x-s', listSeparator: undefined, pairs: undefined, prefix: 'v0=', encoding },
            message: compileMessage('v0:{id}:{timestamp}:{body}'),
            timestamp: { header: 'x-t', unit, tolerance },
            idHeader: 'x-id',
          }
          const body = Buffer.from('{"a":1}')
          for (const [index, secret] of secrets.entries()) {
            const signed = signWith(scheme, secret, { body, id: 'id-7' }, now)
            const verified = verifySignature(scheme, secrets, delivery(Object.entries(signed), body), now)
            expect(verified).toEqual({ secretIndex: index, timestamp: now, id: 'id-7' })
          }
        }
      }
    }
  })
})

describe('checkFresh', () => {
  it('fails for NaN, because it is written positively', () => {
    expect(() => checkFresh(Number.NaN, now, tolerance)).toThrow(VerificationError)
    expect(() => checkFresh(now, Number.NaN, tolerance)).toThrow(VerificationError)
  })
})
