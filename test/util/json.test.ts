import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  JsonError,
  type JsonFault,
  type JsonLimits,
  type JsonValue,
  parseJson,
  stringifyJson,
} from '../../src/util/json.js'

function parse(text: string | Uint8Array, limits?: JsonLimits): JsonValue {
  return parseJson(typeof text === 'string' ? Buffer.from(text) : text, limits)
}

function faultOf(text: string | Uint8Array, limits?: JsonLimits): JsonFault | undefined {
  try {
    parse(text, limits)
    return undefined
  } catch (error) {
    if (error instanceof JsonError) return error.fault
    throw error
  }
}

/** Numbers as the parser gives them: no -0, and integers beyond a double's exactness as bigint. */
const numbers = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => {
    if (Object.is(value, -0)) return 0
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value
  }),
  fc
    .bigInt({ min: -(10n ** 308n), max: 10n ** 308n })
    .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)),
)
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', '', '\ud800'),
)
const { value: values } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constant(null),
    fc.boolean(),
    numbers,
    texts,
    fc.array(tie('value'), { maxLength: 5 }),
    fc
      .uniqueArray(fc.tuple(texts, tie('value')), { maxLength: 5, selector: ([key]) => key })
      .map((entries) => Object.fromEntries(entries) as JsonValue),
  ),
}))

describe('parseJson', () => {
  it.each<[string, string | Uint8Array, JsonFault]>([
    ['a byte that no UTF-8 has', Uint8Array.of(0x22, 0xff, 0x22), 'encoding'],
    ['a truncated character', Uint8Array.of(0x22, 0xe2, 0x82, 0x22), 'encoding'],
    ['an overlong character', Uint8Array.of(0x22, 0xc0, 0xaf, 0x22), 'encoding'],
    ['half of a surrogate pair in UTF-8', Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), 'encoding'],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le'), 'syntax'],
    ['nothing', '', 'syntax'],
    ['white space', ' \n', 'syntax'],
    ['a byte order mark', '\ufeff{}', 'syntax'],
    ['two values', '{} {}', 'syntax'],
    ['a comma too many', '[1,]', 'syntax'],
    ['single quotes', "{'a':1}", 'syntax'],
    ['a comment', '{} // x', 'syntax'],
    ['NaN', '[NaN]', 'syntax'],
    ['a string that does not end', '"abc', 'syntax'],
    ['a string that ends in a backslash', '"abc\\', 'syntax'],
    ['a control character in a string', '"a\u0001b"', 'syntax'],
    ['a number with a leading zero', '[01]', 'syntax'],
    ['a long number with a leading zero', '[012345678901234567890]', 'syntax'],
    ['a long number with two signs', '[--12345678901234567890]', 'syntax'],
    ['a long number with a plus', '[+12345678901234567890]', 'syntax'],
    ['a long negative zero', '[-00000000000000000000]', 'syntax'],
    ['a long number where a key belongs', '{12345678901234567890:1}', 'syntax'],
    ['a long number beside a string', '["a"12345678901234567890]', 'syntax'],
    ['a long number behind a point', '[.12345678901234567890]', 'syntax'],
    ['a hexadecimal number', '[0x12345678901234567890]', 'syntax'],
    ['a number beyond a double', '[1e400]', 'number'],
    ['a negative number beyond a double', '{"a":{"b":-1e400}}', 'number'],
    ['an integer beyond a double', `[1${'0'.repeat(309)}]`, 'number'],
    ['the same key twice', '{"a":1,"a":2}', 'duplicate_key'],
    ['the same key twice, once escaped', '{"a":1,"\\u0061":2}', 'duplicate_key'],
    ['the same key twice, far inside', '[{"x":[{"k":1,"k":1}]}]', 'duplicate_key'],
    ['the same key twice, with long integers', '{"a":12345678901234567890,"a":1}', 'duplicate_key'],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}', 'duplicate_key'],
    ['the empty key twice', '{"":1,"":2}', 'duplicate_key'],
    ['the same number of a list index', '{"0":1,"\\u0030":2}', 'duplicate_key'],
  ])('refuses %s', (_what, text, fault) => {
    expect(faultOf(text)).toBe(fault)
  })

  it('takes nesting up to its limit and no deeper, and counts no bracket in a string', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
    expect(faultOf(nested(64))).toBeUndefined()
    expect(faultOf(nested(65))).toBe('depth')
    expect(faultOf(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`)).toBe('depth')
    expect(faultOf(JSON.stringify(nested(500)))).toBeUndefined()
    expect(faultOf('['.repeat(2_000_000))).toBe('depth')
    expect(faultOf(nested(3), { maxDepth: 2, maxNodes: 10 })).toBe('depth')
    expect(faultOf(`${']'.repeat(100)}${'['.repeat(100)}`)).toBe('syntax')
  })

  it('takes values up to its limit and no more, and counts no comma in a string', () => {
    const limits = { maxDepth: 5, maxNodes: 10 }
    expect(faultOf('[1,2,3,4,5,6,7,8]', limits)).toBeUndefined()
    expect(faultOf('[1,2,3,4,5,6,7,8,9,10]', limits)).toBe('nodes')
    expect(faultOf('[[],[],[],[],[],[]]', limits)).toBe('nodes')
    expect(faultOf(`"${','.repeat(1000)}"`, limits)).toBeUndefined()
    expect(faultOf(`[${'0,'.repeat(3_000_000)}0]`)).toBe('nodes')
  })

  it('keeps every digit of an integer, and gives a number wherever a number is exact', () => {
    expect(parse('[9007199254740991,9007199254740992,-9007199254740993]')).toEqual([
      9007199254740991,
      9007199254740992n,
      -9007199254740993n,
    ])
    expect(parse(`1${'0'.repeat(308)}`)).toBe(10n ** 308n)
    expect(parse('[1234567890123456, -123456789012345]')).toEqual([1234567890123456, -123456789012345])
    for (const text of ['12345678901234567890.5', '12345678901234567890e2', '-0.12345678901234567890']) {
      expect(parse(text)).toBe(Number(text))
    }
  })

  it('refuses five million digits before they cost anything', () => {
    expect(faultOf('9'.repeat(5_000_000))).toBe('number')
  })

  it('leaves digits in strings and keys what they are', () => {
    const text =
      '{"12345678901234567890":"12345678901234567890","b":12345678901234567890,"c":"\\"12345678901234567890"}'
    expect(parse(text)).toEqual({
      '12345678901234567890': '12345678901234567890',
      b: 12345678901234567890n,
      c: '"12345678901234567890',
    })
  })

  it('makes __proto__ an ordinary key, with and without long integers', () => {
    for (const text of ['{"__proto__":{"x":1}}', '{"__proto__":{"x":12345678901234567890}}']) {
      const value = parse(text)
      expect(Object.hasOwn(value as object, '__proto__')).toBe(true)
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
      expect((value as { x?: unknown }).x).toBeUndefined()
      expect(({} as { x?: unknown }).x).toBeUndefined()
    }
  })

  it('reads a view into a larger buffer, and nothing beside it', () => {
    const whole = Buffer.from('[1][12345678901234567890][2]')
    expect(parse(whole.subarray(3, 25))).toEqual([12345678901234567890n])
  })

  it('gives what JSON.parse gives, wherever both take the text', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        const expected: unknown = JSON.parse(text)
        expect(toNumbers(parse(text))).toEqual(expected)
      }),
    )
  })

  it('takes nothing that JSON.parse refuses', () => {
    const pieces = fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ':',
        ',',
        '"a"',
        '"b"',
        '-',
        '1',
        '12345678901234567890',
        '.5',
        'e9',
        'true',
        ' ',
        '\\',
      ],
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 9 }), (parts) => {
        const text = parts.join('')
        let isTaken = true
        try {
          JSON.parse(text)
        } catch {
          isTaken = false
        }
        if (!isTaken) expect(faultOf(text)).toBe('syntax')
      }),
      { numRuns: 5000 },
    )
  })
})

describe('stringifyJson', () => {
  it('is undone by parseJson, whatever the value', () => {
    fc.assert(
      fc.property(values, fc.constantFrom(undefined, 2), (value, indent) => {
        expect(parse(stringifyJson(value, indent))).toEqual(value)
      }),
      { numRuns: 500 },
    )
  })

  it('writes what JSON.stringify writes where there is no bigint', () => {
    const value = { a: [1, -0.5, 'x\u2028"', null, true], b: {} }
    expect(stringifyJson(value)).toBe(JSON.stringify(value))
    expect(stringifyJson(value, 1)).toBe(JSON.stringify(value, undefined, 1))
  })

  it('writes big integers in digits and strings that look like its mark as strings', () => {
    const marks = ['\u0000AAAAAAAAAAAA:12', '\\u0000AAAAAAAAAAAA:12"', '12345678901234567890']
    expect(stringifyJson([12345678901234567890n, -1n, ...marks])).toBe(
      `[12345678901234567890,-1,${marks.map((mark) => JSON.stringify(mark)).join(',')}]`,
    )
  })
})

/** What JSON.parse would have made of the digits. */
function toNumbers(value: JsonValue): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(toNumbers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toNumbers(item)]))
}
