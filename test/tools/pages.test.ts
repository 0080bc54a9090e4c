import { describe, expect, it } from 'vitest'
import { saysMore } from '../../src/tools/pages.js'
import type { JsonValue } from '../../src/util/json.js'

describe('saysMore', () => {
  it.each<[string, JsonValue | undefined, string | undefined]>([
    [
      'a Link to the next page',
      [],
      '<https://x.test/?page=2>; rel="next", <https://x.test/?page=9>; rel="last"',
    ],
    ['a Link without quotes', [], '<https://x.test/?page=2>; rel=next'],
    ['a Link of two relations', [], '<https://x.test/?page=2>; rel="last next"'],
    ['has_more', { data: [], has_more: true }, undefined],
    ['a flag in meta', { meta: { has_more: true }, links: { next: 'https://x.test' } }, undefined],
    ['a next address', { results: [], next: 'https://x.test/?page=2' }, undefined],
    ['the number of the next page', { next_page: 2 }, undefined],
    ['an address in links', { data: [], links: { next: { href: '/?page=2' } } }, undefined],
    ['a cursor', { items: [], nextPageToken: 'abc' }, undefined],
    ['a cursor in metadata', { ok: true, response_metadata: { next_cursor: 'abc' } }, undefined],
    ['a search that gave up', { total_count: 3, incomplete_results: true, items: [] }, undefined],
  ])('sees %s', (_what, body, link) => {
    expect(saysMore(body, link)).toBe(true)
  })

  it.each<[string, JsonValue | undefined, string | undefined]>([
    ['a list alone', [{ id: 1 }], undefined],
    ['a last page', { data: [], has_more: false }, undefined],
    [
      'a flag that says no beside an address',
      { meta: { has_more: false }, links: { next: 'https://x.test' } },
      undefined,
    ],
    ['empty cursors', { next: null, next_cursor: '', next_page: null, links: { next: null } }, undefined],
    ['a Link to the page before', [], '<https://x.test/?page=1>; rel="prev", <https://x.test/>; rel="first"'],
    ['a Link to something called next-ish', [], '<https://x.test/next>; rel="nextish"'],
    ['no JSON', undefined, undefined],
    ['a flag that is no flag', { has_more: 'maybe' }, undefined],
  ])('takes %s as whole', (_what, body, link) => {
    expect(saysMore(body, link)).toBe(false)
  })
})
