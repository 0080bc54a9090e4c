import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/util/json.js'
import { createRedactor, createSecretFinder, redactJson } from '../../src/util/redact.js'

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
    expect(createRedactor(['a.*b(c)[d]$'])('a.*b(c)[d]$ aXX(c)[d]$')).toBe('[redacted] aXX(c)[d]$')
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

const key = 'sk_test_CANARY_51H8x2'
const parts = Array.from({ length: key.length - 7 }, (_, at) => key.slice(at, at + 8)).filter(
  (part) => part !== 'sk_test_',
)
const redactKey = createRedactor([key])

const escapedWays: readonly [string, (text: string) => string][] = [
  ['raw', (text) => text],
  ['hex', (text) => Buffer.from(text).toString('hex')],
  ['hex in capitals', (text) => Buffer.from(text).toString('hex').toUpperCase()],
  ['percent signs throughout', (text) => Buffer.from(text).toString('hex').replace(/../g, '%$&')],
  ['percent signs twice', (text) => Buffer.from(text).toString('hex').replace(/../g, '%25$&')],
  [
    'JSON escapes throughout',
    (text) => text.replace(/./g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`),
  ],
  ['a base64 text in a URL', (text) => encodeURIComponent(Buffer.from(text).toString('base64'))],
  ['a JSON text in a JSON text', (text) => JSON.stringify(JSON.stringify({ text }))],
]

describe('a part of a secret', () => {
  it.each(escapedWays)('is found from eight characters on: %s', (_name, write) => {
    for (const part of parts) expect(redactKey(`<${write(part)}>`), part).toContain('[redacted]')
    expect(redactKey(`<${write('CANARY_')}>`)).toBe(`<${write('CANARY_')}>`)
  })

  it.each(['base64', 'base64url'] as const)('is found in %s at every alignment', (encoding) => {
    for (const part of parts) {
      for (const before of ['', 'u', 'uu', '\u00ff\u00fe\u00fd']) {
        const text = Buffer.from(`${before}${part}\u00ff?`, 'latin1').toString(encoding)
        expect(redactKey(text), `${before}${part}`).toContain('[redacted]')
      }
    }
  })

  it('is found in base64 also where all that tells is its first or its last character', () => {
    const check = createRedactor(['x9_abcdefg_hijklmn', 'a_bcdefgh9'])
    for (const before of ['', 'u', 'uu']) {
      for (const part of ['9_abcdef', '_bcdefgh9'.slice(1)]) {
        expect(check(Buffer.from(`${before}${part}?`).toString('base64')), before + part).toContain(
          '[redacted]',
        )
      }
    }
  })

  it('is replaced as far as it goes, with overlapping ones together', () => {
    expect(redactKey('its end is ANARY_51H8x2, its middle _test_CANARY_5xx')).toBe(
      'its end is [redacted], its middle [redacted]xx',
    )
    const overlapping = createRedactor(['0123456789abcdefX', '89abcdefXYZ-tail9'])
    expect(overlapping('<0123456789abcdefXYZ-tail9>')).toBe('<[redacted]>')
  })

  it('stays where it may be prose, and goes with what makes it a secret', () => {
    const check = createRedactor([
      'my-password-123',
      key,
      'Bearer of_tokens.51H8',
      'https://x.example/T0B1/Zq8',
    ])
    for (const text of [
      'password',
      'the password is wrong',
      'my-password-',
      'sk_test_',
      'Bearer of_tokens.',
      'https://x.example/',
      Buffer.from('a my-password- b').toString('base64'),
      Buffer.from('sk_test_').toString('hex'),
    ]) {
      expect(check(`${text} stays`)).toBe(`${text} stays`)
    }
    expect(check('a password-1 b my-password-123 c')).toBe('a [redacted] b [redacted] c')
  })

  it('of a secret that is prose throughout counts from twenty characters on, and the whole always', () => {
    const check = createRedactor(['correct-horse-battery-staple', 'short.prose'])
    for (const [, write] of escapedWays) {
      expect(check(`<${write('short.prose')}>`)).toContain('[redacted]')
      expect(check(`<${write('correct-horse-battery')}>`)).toContain('[redacted]')
      expect(check(`<${write('horse-battery')}>`)).not.toContain('[redacted]')
    }
    for (const before of ['', 'u', 'uu']) {
      expect(check(Buffer.from(`${before}short.prose?`).toString('base64'))).toContain('[redacted]')
    }
  })

  it('is found in base64 that is broken into lines, wherever the break is, also an escaped one', () => {
    const check = createRedactor(['aB3$xY9!'])
    for (let before = 40; before < 60; before++) {
      const all = Buffer.from(`${'u'.repeat(before)}aB3$xY9!${'v'.repeat(90)}`).toString('base64')
      const lines = all.replace(/.{76}/g, '$&\r\n')
      const indented = all.replace(/.{76}/g, '$&\n    ')
      for (const text of [lines, indented, JSON.stringify(lines)]) {
        expect(check(text), `${before} before it`).toContain('[redacted]')
      }
    }
  })

  it('halves no character', () => {
    const check = createRedactor(['\u{1f511}abcdefgh9\u{1f512}'])
    // The second half of another one is the same.
    expect(check('\u{1f911}abcdefgh9!')).not.toMatch(/\p{Surrogate}/u)
    expect(check('x \u{1f511}abcdefgh9\u{1f512} y')).toBe('x [redacted] y')
    expect(check(encodeURIComponent('x \u{1f511}abcdefgh9\u{1f512} y'))).toBe('x%20[redacted]%20y')
  })

  it('is found wherever it stands: cuts of secrets in any encoding, in any text', () => {
    const letters = fc.constantFrom(...'ABCXYZ0189+/-_%=. ')
    fc.assert(
      fc.property(
        fc.array(letters, { minLength: 16, maxLength: 40 }).map((chars) => `q7${chars.join('')}`),
        fc.nat(),
        fc.nat({ max: 20 }),
        fc.constantFrom(...escapedWays.map(([, write]) => write)),
        fc.string(),
        (hidden, from, more, write, around) => {
          const start = from % (hidden.length - 8)
          const part = hidden.slice(start, start + 8 + more)
          fc.pre(/[A-Z0-9+%=]/.test(part.slice(1)))
          const finds = createSecretFinder([hidden])
          expect(finds(`${around}\u0000${write(part)}\u0000${around}`)).toBe(true)
        },
      ),
    )
  })
})

describe('createSecretFinder', () => {
  it('says of exactly what a redactor changes that it holds a secret', () => {
    const finds = createSecretFinder([key])
    expect(finds(`x ${key}`)).toBe(true)
    expect(finds(Buffer.from(`x ${key.slice(9)}`).toString('base64'))).toBe(true)
    expect(finds('x sk_test_ CANARY_')).toBe(false)
    expect(createSecretFinder([])('x')).toBe(false)
  })
})

describe('redactJson', () => {
  const redactAll = createRedactor([key, '987654321098765', '12345678901234567890'])

  it('redacts texts, keys and numbers at every depth, and leaves the rest', () => {
    const value = parseJson(
      Buffer.from(
        `{"a":[1,null,{"${key}":"x ${key}","n":987654321098765,"m":12345678901234567890,"__proto__":"${key}"}],"b":true}`,
      ),
    )
    expect(redactJson(value, redactAll)).toEqual(
      parseJson(
        Buffer.from(
          '{"a":[1,null,{"[redacted]":"x [redacted]","n":"[redacted]","m":"[redacted]","__proto__":"[redacted]"}],"b":true}',
        ),
      ),
    )
  })

  it('loses no entry where two keys become the same', () => {
    expect(redactJson({ [key]: 1, [key.slice(2)]: 2, '[redacted]': 3 }, redactAll)).toEqual({
      '[redacted]': 1,
      '[redacted] 2': 2,
      '[redacted] 3': 3,
    })
  })

  it('gives the value itself where nothing was found', () => {
    const value = { a: ['sk_test_', 1n, { b: null }], c: 0.5 }
    expect(redactJson(value, redactAll)).toBe(value)
  })
})

it('takes time in proportion to the text, whatever it is made of', () => {
  const secrets = Array.from({ length: 200 }, (_, at) => `sk_live_${at}_${'aB3'.repeat(8)}${at * 7919}`)
  const check = createRedactor(secrets)
  const texts = [
    'The password is wrong. ',
    '%41',
    '\\u0041',
    '\\\\',
    'sk_live_',
    'aB3',
    'YUIz',
    '\r\n',
    `${secrets[0]} `,
  ]
  for (const unit of texts) {
    const text = unit.repeat(1_000_000 / unit.length)
    const started = performance.now()
    check(text)
    expect(performance.now() - started, unit).toBeLessThan(5000)
  }
})
