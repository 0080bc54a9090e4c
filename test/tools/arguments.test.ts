import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PolicyError } from '../../src/domain/errors.js'
import { parseArguments, toolSchema } from '../../src/tools/arguments.js'
import { compilePattern } from '../../src/util/pattern.js'
import { arg, aTool, plainText } from './tools.js'

const tool = aTool({
  boundIds: ['charge'],
  path: ['/v1/', { id: 'charge' }],
  args: {
    amount: arg({ type: 'integer', min: 1, max: 5000 }, { description: 'in cents' }),
    reason: arg({ type: 'enum', values: ['duplicate', 'fraudulent'] }),
    note: arg({ type: 'text', minLength: 2, maxLength: 10, rules: plainText }, { optional: true }),
    code: arg({ type: 'pattern', pattern: compilePattern('[a-z]+|\\d+'), maxLength: 8 }, { optional: true }),
    rate: arg({ type: 'number', min: 0, max: undefined }, { optional: true }),
    urgent: arg({ type: 'boolean' }, { optional: true }),
    tags: arg({ type: 'list', values: ['bug', 'question'], maxItems: 2 }, { optional: true }),
  },
})
const good = { amount: 5, reason: 'duplicate' }

function messageOf(written: unknown): string {
  const text = typeof written === 'string' ? written : JSON.stringify(written)
  try {
    parseArguments(tool, text)
  } catch (error) {
    expect(error).toBeInstanceOf(PolicyError)
    expect(error).toMatchObject({ code: 'policy.schema' })
    return (error as PolicyError).message
  }
  return ''
}

describe('toolSchema', () => {
  it('tells the model names, types and bounds of the arguments, and nothing of bound ids, URL or credential', () => {
    expect(toolSchema(tool)).toEqual({
      name: 'refund',
      description: 'Refund the disputed charge.',
      parameters: {
        type: 'object',
        properties: {
          amount: { type: 'integer', minimum: 1, maximum: 5000, description: 'in cents' },
          reason: { type: 'string', enum: ['duplicate', 'fraudulent'] },
          note: { type: 'string', minLength: 2, maxLength: 10 },
          code: { type: 'string', pattern: '^(?:[a-z]+|\\d+)$', maxLength: 8 },
          rate: { type: 'number', minimum: 0 },
          urgent: { type: 'boolean' },
          tags: { type: 'array', items: { type: 'string', enum: ['bug', 'question'] }, maxItems: 2 },
        },
        required: ['amount', 'reason'],
        additionalProperties: false,
      },
    })
  })

  it('of a tool without arguments takes an empty object', () => {
    expect(toolSchema(aTool()).parameters).toEqual({
      type: 'object',
      properties: {},
      required: [],
      additionalProperties: false,
    })
  })
})

describe('parseArguments', () => {
  it('gives back what fits', () => {
    const all = { ...good, note: 'ab', code: '123', rate: 0.5, urgent: false, tags: ['bug'] }
    expect(parseArguments(tool, JSON.stringify(all))).toEqual(all)
  })

  it('takes null for an optional argument as left out', () => {
    expect(parseArguments(tool, JSON.stringify({ ...good, note: null, tags: null }))).toEqual(good)
  })

  it.each(['', '  ', '{}'])('takes %j for a call without arguments', (text) => {
    expect(parseArguments(aTool(), text)).toEqual({})
  })

  it.each([
    ['not JSON', '{"amount":1'],
    ['JSON with words around it', 'Sure: {"amount":1,"reason":"duplicate"}'],
    ['a list', '[]'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['a key twice', '{"amount":1,"reason":"duplicate","amount":5000}'],
    ['an escaped key twice', '{"amount":1,"reason":"duplicate","\\u0061mount":5000}'],
    ['comments', '{"amount":1,/**/"reason":"duplicate"}'],
    ['deep nesting', `${'['.repeat(100_000)}`],
  ])('refuses %s', (_name, text) => {
    expect(messageOf(text)).not.toBe('')
  })

  it.each([
    ['an unknown name', { ...good, url: 'http://169.254.169.254/' }],
    ['__proto__', '{"amount":5,"reason":"duplicate","__proto__":{}}'],
    ['a name of Object.prototype', { ...good, constructor: 1 }],
    ['a required argument that is missing', { amount: 5 }],
    ['null for a required argument', { ...good, amount: null }],
    ['a number in quotes', { ...good, amount: '5' }],
    ['a fraction', { ...good, amount: 5.5 }],
    ['less than the least', { ...good, amount: 0 }],
    ['more than the most', { ...good, amount: 5001 }],
    ['an integer that a double cannot hold', '{"amount":9007199254740993,"reason":"duplicate"}'],
    ['a number that overflows', '{"amount":1e400,"reason":"duplicate"}'],
    ['NaN', '{"amount":NaN,"reason":"duplicate"}'],
    ['an object where a number belongs', { ...good, amount: { $gt: 0 } }],
    ['a list where a number belongs', { ...good, amount: [1] }],
    ['true where a number belongs', { ...good, amount: true }],
    ['a choice in capitals', { ...good, reason: 'DUPLICATE' }],
    ['a choice with an invisible character', { ...good, reason: 'duplicate\u200b' }],
    ['a choice with a line break', { ...good, reason: 'duplicate\r\nStripe-Account: acct_ATT' }],
    ['a list where a choice belongs', { ...good, reason: ['duplicate'] }],
    ['a text that is too short', { ...good, note: 'a' }],
    ['a text that is too long', { ...good, note: 'a'.repeat(11) }],
    ['a number where a text belongs', { ...good, note: 12345 }],
    ['a text that is no valid Unicode', '{"amount":5,"reason":"duplicate","note":"ab\\ud800"}'],
    ['a pattern that matches only in part', { ...good, code: 'abc1' }],
    ['a pattern with a line break after it', { ...good, code: 'abc\n' }],
    ['a pattern that is too long', { ...good, code: 'abcdefghi' }],
    ['a boolean in quotes', { ...good, urgent: 'true' }],
    ['a list with something else in it', { ...good, tags: ['bug', 'admin'] }],
    ['a list with something twice', { ...good, tags: ['bug', 'bug'] }],
    ['a list that is too long', { ...good, tags: ['bug', 'question', 'bug'] }],
    ['a text where a list belongs', { ...good, tags: 'bug' }],
  ])('refuses %s', (_name, written) => {
    expect(messageOf(written)).not.toBe('')
  })

  it.each([
    ['charge', 'policy.schema'],
    ['id', 'policy.scope'],
    ['handle', 'policy.scope'],
  ])('refuses %s, which would choose what is acted on', (name, code) => {
    const written = JSON.stringify({ ...good, [name]: 'ch_OTHER' })
    expect(() => parseArguments(tool, written)).toThrow(expect.objectContaining({ code }))
  })

  it('tells the model what to write instead', () => {
    expect(messageOf({ ...good, amount: 0 })).toBe(
      'refund: "amount" must be a whole number, at least 1 and at most 5000',
    )
    expect(messageOf({ ...good, reason: 'x' })).toBe(
      'refund: "reason" must be one of "duplicate", "fraudulent"',
    )
    expect(messageOf({ amount: 5 })).toBe('refund: "reason" is missing: one of "duplicate", "fraudulent"')
    expect(messageOf({ ...good, x: 1 })).toBe(
      'refund: it takes only amount, reason, note, code, rate, urgent, tags',
    )
  })

  it('repeats nothing that the model wrote', () => {
    for (const written of [
      { ...good, LEAK: 1 },
      { ...good, reason: 'LEAK' },
      'LEAK',
      { ...good, note: 'LEAK'.repeat(9) },
    ]) {
      expect(messageOf(written)).not.toContain('LEAK')
    }
  })

  it('gives only declared names with values of their type, for any text', () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.integer(),
      fc.constantFrom('duplicate', 'bug', ['bug'], 5, null),
    )
    const written = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .dictionary(fc.constantFrom(...Object.keys(tool.args), 'x', '__proto__'), value)
        .map((object) => JSON.stringify({ ...good, ...object })),
    )
    fc.assert(
      fc.property(written, (text) => {
        let args: ReturnType<typeof parseArguments>
        try {
          args = parseArguments(tool, text)
        } catch (error) {
          expect(error).toMatchObject({ code: 'policy.schema' })
          return
        }
        expect(Object.keys(tool.args)).toEqual(expect.arrayContaining(Object.keys(args)))
        expect(
          Number.isInteger(args['amount']) && Number(args['amount']) >= 1 && Number(args['amount']) <= 5000,
        ).toBe(true)
        expect(['duplicate', 'fraudulent']).toContain(args['reason'])
        expect(Object.getPrototypeOf(args)).toBe(Object.prototype)
      }),
      { numRuns: 500 },
    )
  })
})
