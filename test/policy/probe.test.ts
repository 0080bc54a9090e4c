import { describe, expect, it } from 'vitest'
import { judgeLook, type Look } from '../../src/policy/probe.js'
import { compileExpression } from '../../src/util/cel.js'
import type { JsonValue } from '../../src/util/json.js'

const marker = 'rouse-0123456789abcdef0123456789abcdef'
const names = ['answer', 'marker', 'args', 'ids', 'event']

function judge(answer: JsonValue | undefined, found?: string, changes: Partial<Look> = {}): string {
  const probe = {
    tool: 'list',
    found: found === undefined ? undefined : compileExpression(found, names),
    settleMs: 1,
  }
  const look = { answer, hasMore: false, marker, args: { n: 1 }, ids: { issue: '7' }, event: {}, ...changes }
  const result = judgeLook(probe, look)
  return result.finding === 'unclear' ? `unclear: ${result.reason}` : result.finding
}

describe('judgeLook by the marker', () => {
  it.each<[string, JsonValue]>([
    ['a value', { items: [{ external_id: marker }] }],
    ['the middle of a text', [{ body: `Done.\n\n<!-- ${marker} -->` }]],
    ['a key', { [marker]: 1 }],
    ['the text itself', marker],
  ])('finds it as %s', (_where, answer) => {
    expect(judge(answer)).toBe('found')
  })

  it('does not find another one, a part of it, or nothing', () => {
    expect(judge([{ body: marker.slice(0, -1) }])).toBe('not_found')
    expect(judge({ items: [], total: 10n ** 20n })).toBe('not_found')
    expect(judge(null)).toBe('not_found')
  })

  it('says nothing of an answer that is not JSON', () => {
    expect(judge(undefined)).toMatch(/^unclear: .*not JSON/)
  })

  it('finds it on a first page, and says nothing where it could stand on the next', () => {
    expect(judge([marker], undefined, { hasMore: true })).toBe('found')
    expect(judge([], undefined, { hasMore: true })).toMatch(/^unclear: .*first page/)
  })
})

describe('judgeLook by found', () => {
  it.each<[string, JsonValue, string]>([
    ["answer.state == 'closed'", { state: 'closed' }, 'found'],
    ["answer.state == 'closed'", { state: 'open' }, 'not_found'],
    ['answer.exists(a, a.n == args.n && a.issue == ids.issue)', [{ n: 1, issue: '7' }], 'found'],
    ['answer.exists(a, a.id == marker)', [{ id: marker }], 'found'],
    ['answer.exists(a, a.id == marker)', [], 'not_found'],
  ])('%s', (found, answer, expected) => {
    expect(judge(answer, found)).toBe(expected)
  })

  it('says nothing where it fails or gives no boolean', () => {
    expect(judge({}, "answer.state == 'closed'")).toMatch(/^unclear: "found" could not be decided/)
    expect(judge('text', 'answer.exists(a, a == marker)')).toMatch(/^unclear/)
    expect(judge({ state: 'closed' }, 'answer.state')).toMatch(/^unclear: .*not a boolean/)
    expect(judge({ state: 'open' }, "answer.state == 'closed'", { hasMore: true })).toMatch(/^unclear/)
  })
})
