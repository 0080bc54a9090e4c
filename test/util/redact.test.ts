import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../src/util/redact.js'

const secret = 'sk_test_CANARY/51+H8 x2?='
const redact = createRedactor([secret, 'ghp_CANARYtoken0001'])

describe('createRedactor', () => {
  it('leaves a text without secrets as it is', () => {
    const text = 'Straße, emoji 👩‍💻, `code`, sk_test_ and CANARY'
    expect(redact(text)).toBe(text)
  })

  it('replaces every occurrence and keeps what stands around it', () => {
    expect(redact(`a ${secret} b ${secret}${secret} c ghp_CANARYtoken0001.`)).toBe(
      'a [redacted] b [redacted][redacted] c [redacted].',
    )
  })

  it.each([
    ['hex', Buffer.from(secret).toString('hex')],
    ['upper-case hex', Buffer.from(secret).toString('hex').toUpperCase()],
    ['URL encoding', encodeURIComponent(secret)],
    ['lower-case URL encoding', encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase())],
    ['form encoding', new URLSearchParams({ s: secret }).toString().slice(2)],
    ['JSON', JSON.stringify({ s: secret })],
  ])('finds a secret in %s', (_name, text) => {
    expect(redact(`x${text}y`)).toContain('[redacted]')
    expect(redact(text)).not.toContain('CANARY')
  })

  it.each(['base64', 'base64url'] as const)(
    'finds a secret inside longer %s at every alignment',
    (encoding) => {
      for (let before = 0; before < 7; before++) {
        for (let after = 0; after < 4; after++) {
          const text = Buffer.from(`${'u'.repeat(before)}${secret}${'v'.repeat(after)}`).toString(encoding)
          const shown = redact(text)
          expect(shown).toContain('[redacted]')
          // At most the characters that the secret shares with its neighbours may be left of it.
          const left = Buffer.from(shown.replace('[redacted]', ' ').replaceAll(' ', ''), encoding).toString(
            'latin1',
          )
          expect(left).not.toContain('CANARY')
        }
      }
    },
  )

  it('finds the password of a basic credential', () => {
    const header = `Basic ${Buffer.from('agent@acme.com/token:ghp_CANARYtoken0001').toString('base64')}`
    expect(redact(header)).toContain('[redacted]')
  })

  it('takes the whole of a secret that begins with another', () => {
    expect(createRedactor(['abcdef', 'abcdefghij'])('x abcdefghij y')).toBe('x [redacted] y')
  })

  it('takes characters with a meaning in patterns as they are', () => {
    expect(createRedactor(['a.*b(c)[d]$'])('a.*b(c)[d]$ aXXb(c)[d]$')).toBe('[redacted] aXXb(c)[d]$')
  })

  it('leaves values alone that are too short to be secrets, and none at all', () => {
    expect(createRedactor(['', 'token', 'de'])('token de jour')).toBe('token de jour')
    expect(createRedactor([])('text')).toBe('text')
  })

  it('leaves no secret in any text that has it, raw or in JSON', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 6, unit: 'binary' }),
        fc.string(),
        fc.string(),
        (hidden, before, after) => {
          fc.pre(!before.includes(hidden) && !'[redacted]'.includes(hidden) && !/\p{Surrogate}/u.test(hidden))
          const check = createRedactor([hidden])
          expect(check(before + hidden + after)).not.toBe(before + hidden + after)
          expect(check(JSON.stringify(hidden))).toBe('"[redacted]"')
        },
      ),
    )
  })
})
