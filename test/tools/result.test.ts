import { describe, expect, it } from 'vitest'
import { parseBody, pickFrom, shownResult } from '../../src/tools/result.js'
import type { JsonValue } from '../../src/util/json.js'
import { compilePath } from '../../src/util/path.js'
import { aTool } from './tools.js'

const run: JsonValue = {
  total: 2,
  jobs: [
    { name: 'lint', conclusion: 'success', steps: [{ name: 'a', log: 'x' }] },
    {
      name: 'test',
      conclusion: 'failure',
      steps: [
        { name: 'b', log: 'y' },
        { name: 'c', log: 'z' },
      ],
    },
  ],
}

function pick(value: JsonValue, ...paths: string[]): JsonValue {
  return pickFrom(value, paths.map(compilePath))
}

describe('pickFrom', () => {
  it('keeps the shape, so that what belongs together stays together', () => {
    expect(pick(run, 'jobs[].name', 'jobs[].conclusion')).toEqual({
      jobs: [
        { name: 'lint', conclusion: 'success' },
        { name: 'test', conclusion: 'failure' },
      ],
    })
    expect(pick(run, 'total', 'jobs[].steps[].name')).toEqual({
      total: 2,
      jobs: [{ steps: [{ name: 'a' }] }, { steps: [{ name: 'b' }, { name: 'c' }] }],
    })
  })

  it('takes whole values, list items by number, and lists at the root', () => {
    expect(pick(run, 'jobs[1].steps')).toEqual({
      jobs: [
        {
          steps: [
            { name: 'b', log: 'y' },
            { name: 'c', log: 'z' },
          ],
        },
      ],
    })
    expect(pick([{ id: 1, x: 2 }, { id: 3 }], '[].id')).toEqual([{ id: 1 }, { id: 3 }])
    expect(pick(run, '')).toBe(run)
  })

  it('leaves out what is not there and what has another shape', () => {
    expect(pick(run, 'absent', 'total.inner', 'total[]', 'jobs.name')).toBeNull()
    expect(pick({ jobs: [] }, 'jobs[].name')).toEqual({ jobs: [] })
    expect(pick({ a: null, b: false, c: 0, d: '' }, 'a', 'b', 'c', 'd')).toEqual({
      a: null,
      b: false,
      c: 0,
      d: '',
    })
  })

  it('takes __proto__ and constructor as ordinary names', () => {
    const hostile = JSON.parse('{"__proto__": {"a": 1}, "b": 2}') as JsonValue
    expect(JSON.stringify(pick(hostile, '__proto__.a', 'constructor', 'b'))).toBe(
      '{"__proto__":{"a":1},"b":2}',
    )
    expect(pick({ b: 1 }, 'constructor.name')).toBeNull()
  })

  it('takes the whole where a longer path also names a part of it', () => {
    expect(pick({ a: { b: 1, c: 2 } }, 'a.b', 'a')).toEqual({ a: { b: 1, c: 2 } })
  })
})

describe('parseBody', () => {
  it.each([
    undefined,
    'application/json',
    'application/json; charset=utf-8',
    'application/vnd.github+json',
    'Application/JSON',
  ])('reads JSON of the type %s with every digit', (type) => {
    expect(parseBody(Buffer.from('{"id":9007199254740993}'), type)).toEqual({ id: 9007199254740993n })
  })

  it.each([
    ['nothing', '', 'application/json'],
    ['text', '{"a":1}', 'text/plain'],
    ['broken JSON', '{"a":', 'application/json'],
    ['a key twice', '{"a":1,"a":2}', 'application/json'],
    ['deep JSON', '['.repeat(10_000), 'application/json'],
  ])('reads no JSON from %s', (_name, text, type) => {
    expect(parseBody(Buffer.from(text), type)).toBeUndefined()
  })
})

describe('shownResult', () => {
  const tool = aTool({ result: { pick: [compilePath('a')], maxBytes: 100 } })
  const shown = (
    status: number,
    text: string | Buffer,
    contentType: string | undefined = 'application/json',
  ) => {
    const body = Buffer.from(text)
    return shownResult(tool, { status, body, json: parseBody(body, contentType), contentType })
  }

  it('picks from a success and shows an error whole', () => {
    expect(shown(200, '{"a":1,"b":2}')).toEqual({ a: 1 })
    expect(shown(422, '{"a":1,"error":"no"}')).toEqual({ a: 1, error: 'no' })
  })

  it('shows text as text, nothing as null, and says what bytes it does not show', () => {
    expect(shown(200, 'plain ü', 'text/plain')).toBe('plain ü')
    expect(shown(204, '')).toBeNull()
    expect(shown(200, Buffer.from([0xff, 0xfe, 0x00]), 'image/png')).toBe('[3 bytes of image/png, not shown]')
  })

  it('cuts what is too large and says so, never within a character', () => {
    const long = shown(200, JSON.stringify({ a: 'é'.repeat(200) }))
    expect(long).toMatch(/^\{"a":"é+\n\[cut here: \d+ of 408 bytes shown\]$/)
    expect(shown(200, 'x'.repeat(100), 'text/plain')).toBe('x'.repeat(100))
    expect(shown(200, '👍'.repeat(30), 'text/plain')).toBe(
      `${'👍'.repeat(25)}\n[cut here: 100 of 120 bytes shown]`,
    )
    expect(shown(200, `x${'👍'.repeat(30)}`, 'text/plain')).toBe(
      `x${'👍'.repeat(24)}\n[cut here: 97 of 121 bytes shown]`,
    )
  })
})
