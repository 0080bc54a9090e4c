import { describe, expect, it } from 'vitest'
import { documentLimits, placeKey, readDocument } from '../../src/config/document.js'

const read = (text: string) =>
  readDocument(text, { environment: {}, readFile: () => Promise.reject(new Error('no files here')) })

async function faultsOf(text: string): Promise<string[]> {
  const { faults, position } = await read(text)
  return faults.map(({ message, offset }) => `${position(offset).line}:${position(offset).column} ${message}`)
}

describe('readDocument', () => {
  it('knows the place of every key and value', async () => {
    const document = await read('a:\n  b: [x, "y"]\n')
    const place = document.places.get(placeKey(['a', 'b', 1]))
    expect(place && document.position(place.valueAt)).toEqual({ line: 2, column: 10 })
    const key = document.places.get(placeKey(['a', 'b']))?.keyAt
    expect(document.position(key ?? 0)).toEqual({ line: 2, column: 3 })
  })

  it('reads the core schema: no octal surprises, no dates, no yes and no', async () => {
    const { value } = await read('a: yes\nb: 2026-11-21\nc: 012\nd: 0x1F\ne: ~\nf: "1"\ng: 1.5\nh: on\n')
    expect(value).toEqual({ a: 'yes', b: '2026-11-21', c: 12, d: 31, e: null, f: '1', g: 1.5, h: 'on' })
  })

  it('keeps anchors and gives each place its own path', async () => {
    const { faults, value } = await read('a: &x { k: [1] }\nb: *x\n')
    expect(faults).toEqual([])
    expect(value).toEqual({ a: { k: [1] }, b: { k: [1] } })
  })

  it('drops an item that is one empty insertion alone, and no other', async () => {
    const empty = '$' + '{OLD:-}'
    const { value } = await read(`a: ["${empty}", "x", "", "y${empty}", "${empty}"]\n`)
    expect(value).toEqual({ a: ['x', '', 'y'] })
  })

  it('counts lines with carriage returns and wide characters', async () => {
    expect(await faultsOf('a: 1\r\nb: "…"\r\nb: 2\r\n')).toEqual([
      '3:1 the key stands here twice; the first is at offset:6',
    ])
  })
})

describe('hostile YAML', () => {
  it('stops at its limit of aliases where they would multiply', async () => {
    const levels = Array.from({ length: 12 }, (_, level) =>
      level === 0 ? 'a0: &a0 [x,x,x,x,x,x,x,x,x]' : `a${level}: &a${level} [${`*a${level - 1},`.repeat(9)}]`,
    )
    const faults = await faultsOf(`${levels.join('\n')}\n`)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(/more than 200 aliases|more than 20000 values/)
  })

  it('refuses an alias inside what it stands for', async () => {
    expect(await faultsOf('a: &a\n  b: [*a]\n')).toEqual(['2:7 "*a" stands inside what it stands for'])
  })

  it.each([
    ['open brackets', `a: ${'['.repeat(200_000)}`],
    ['closed brackets', `a: ${'['.repeat(5000)}${']'.repeat(5000)}`],
    ['braces', `a: ${'{a: '.repeat(5000)}`],
    ['dashes on one line', `${'- '.repeat(100_000)}x`],
    ['question marks', `${'? '.repeat(50_000)}x`],
    ['indentation', Array.from({ length: 700 }, (_, at) => `${' '.repeat(at)}a:`).join('\n')],
  ])('refuses deep nesting by %s', async (_, text) => {
    const { faults } = await read(text)
    expect(faults.map(({ message }) => message)).toEqual([
      `nested deeper than ${documentLimits.depth} levels`,
    ])
  })

  it('refuses more values than a configuration has', async () => {
    const text = Array.from({ length: documentLimits.nodes + 5 }, (_, at) => `a${at}: 1`).join('\n')
    expect(await faultsOf(text)).toHaveLength(1)
  })

  it('finds duplicate keys among many at once', async () => {
    const text = Array.from({ length: 15_000 }, (_, at) => `k${at % 14_999}: 1`).join('\n')
    expect(await faultsOf(text)).toEqual(['15000:1 the key stands here twice; the first is at offset:0'])
  })

  it.each(['__proto__: 1', '"__proto__": {a: 1}', 'a: { __proto__: { polluted: true } }'])(
    'refuses %s and changes no prototype',
    async (text) => {
      expect(await faultsOf(text)).toHaveLength(1)
      expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
      expect('polluted' in {}).toBe(false)
    },
  )

  it.each([
    ['a: !!binary aGVsbG8=', /tag/],
    ['a: !!set {x, y}', /tag/],
    ['a: !!js/function "x"', /tag/],
    ['a: *nobody', /no anchor/],
    ['a: 1\n---\nb: 2', /multiple documents/],
    ['%YAML 1.1\n---\na: yes', /YAML 1.2/],
    ['a:\n\tb: 1', /tabs/],
    ['a: "x', /quote/],
    ['? [a]\n: 1', /plain name/],
    ['"": 1', /plain name/],
    ['a: 12345678901234567890', /exactly/],
    ['a: .nan', /exactly/],
    ['\u0000', /./],
  ])('refuses %j', async (text, message) => {
    const faults = await faultsOf(text)
    if (text !== '\u0000') expect(faults.join('\n')).toMatch(message)
  })

  it('says once that the rest of a broken file makes no sense', async () => {
    const insertion = '$' + '{TOKEN}'
    const faults = await faultsOf(`a: { b: ${insertion}, c: d }\n${'e: 1\n'.repeat(50)}`)
    expect(faults.length).toBeLessThan(4)
    expect(faults[0]).toContain('in quotes')
  })
})
