import { describe, expect, it } from 'vitest'
import type { AppError } from '../../src/domain/errors.js'
import { type PollOptions, pollOptions } from '../../src/sources/poll.js'
import { nextLink, type PollPage, readPage } from '../../src/sources/poll-page.js'
import { firstPosition, type PollPosition, walkFrom } from '../../src/sources/poll-position.js'
import { readRecord } from '../../src/sources/poll-record.js'
import { pollFingerprint, pollRequest } from '../../src/sources/poll-request.js'
import type { JsonValue } from '../../src/util/json.js'

const now = Date.parse('2026-01-01T12:00:00Z')
const base = {
  every: '1m',
  request: { get: 'https://crm.example.com/api/deals', query: { updated_since: '{since}' } },
  records: 'data',
  event: { id: 'id', version: 'updated_at', type: 'deal.updated', subject: 'id', time: 'updated_at' },
  cursor: { kind: 'time', from: 'updated_at' },
  pages: { kind: 'next_url', next: 'links.next' },
}

function options(changes: object = {}): PollOptions {
  return pollOptions.parse({ ...base, ...changes })
}

function messages(changes: object): string[] {
  const parsed = pollOptions.safeParse({ ...base, ...changes })
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

/** After a first walk that saw nothing newer than `time`. */
function settled(time: number): PollPosition {
  return { ...firstPosition(now), isPrimed: true, time }
}

function urlOf(poll: PollOptions, position: PollPosition): string {
  return pollRequest(poll, position, walkFrom(poll, position), now).url
}

function page(json: JsonValue, more: Partial<PollPage> = {}): PollPage {
  return { url: 'https://crm.example.com/api/deals', json, link: undefined, date: now, ...more }
}

describe('the poll description', () => {
  it('refuses what is not built with a sentence', () => {
    for (const key of ['interval', 'deletes', 'each', 'reconciles', 'dedupe']) {
      expect(messages({ [key]: {} })[0]).toMatch(new RegExp(`^${key}: .*is not in this version`))
    }
    for (const key of ['settle', 'retention', 'expired']) {
      expect(messages({ cursor: { ...base.cursor, [key]: '60s' } })[0]).toContain('is not in this version')
    }
  })

  it('says what a cursor or a kind of pages needs', () => {
    expect(messages({ cursor: { kind: 'time' } })).toEqual(['cursor: a time cursor needs from'])
    expect(messages({ pages: { kind: 'next_url' } })).toEqual(['pages: pages of kind next_url need next'])
    expect(messages({ pages: { kind: 'page' } })[0]).toContain('pages: pages of kind page need param')
    expect(messages({ cursor: { kind: 'token', from: 'next' } })[0]).toContain('needs {token} in the request')
    expect(messages({ first_run: 'never' })[0]).toContain('is not one of: now, backfill 24h, all')
  })

  it('has a literal address without secrets, and substitutions that exist', () => {
    expect(messages({ request: { get: 'https://{since}.example.com/' } })[0]).toContain('substitution')
    expect(messages({ request: { get: 'https://u:p@crm.example.com/' } })[0]).toContain('credential')
    expect(messages({ request: { get: 'ftp://crm.example.com/' } })[0]).toContain('http')
    expect(messages({ request: { post: 'https://a.example/', get: 'https://a.example/' } })[0]).toContain(
      'exactly one',
    )
    expect(messages({ request: { ...base.request, query: { q: '{sinse}' } } })[0]).toContain(
      'is not a substitution',
    )
    expect(messages({ request: { ...base.request, query: { q: '{since|unix}' } } })[0]).toContain(
      'no known format',
    )
  })
})

describe('the request', () => {
  it('asks from the cursor less the overlap, by the precision of the API', () => {
    const position = settled(Date.parse('2026-01-01T11:59:30.700Z'))
    expect(urlOf(options(), position)).toBe(
      'https://crm.example.com/api/deals?updated_since=2026-01-01T11%3A57%3A30Z',
    )
    const minute = options({ cursor: { ...base.cursor, precision: '1m' } })
    expect(urlOf(minute, position)).toContain('T11%3A57%3A00Z')
    const wide = options({ cursor: { ...base.cursor, overlap: '1h' } })
    expect(urlOf(wide, position)).toContain('T10%3A59%3A30Z')
  })

  it('writes times as the description says', () => {
    const query = { a: '{since|epoch}', b: '{since|epoch_ms}', c: '{since|date}', d: 'x{until}y' }
    const url = new URL(urlOf(options({ request: { ...base.request, query } }), settled(now)))
    expect(Object.fromEntries(url.searchParams)).toEqual({
      a: '1767268680',
      b: '1767268680000',
      c: '2026-01-01',
      d: 'x2026-01-01T12:00:00Zy',
    })
  })

  it('leaves out what has no value yet', () => {
    const poll = options({ first_run: 'all' })
    expect(urlOf(poll, firstPosition(now))).toBe('https://crm.example.com/api/deals')
  })

  it('fills a body, and leaves braces alone that are no substitution', () => {
    const body = { query: 'query { deals { id } }', variables: { after: '{token}', since: '{since}', n: 5 } }
    const poll = options({ request: { post: 'https://a.example/graphql', body } })
    const position = settled(now)
    const request = pollRequest(poll, position, walkFrom(poll, position), now)
    expect(request).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } })
    expect(JSON.parse(request.body ?? '')).toEqual({
      query: 'query { deals { id } }',
      variables: { since: '2026-01-01T11:58:00Z', n: 5 },
    })
  })

  it('has a fingerprint of what the cursor belongs to', () => {
    const own = pollFingerprint(options())
    expect(pollFingerprint(options({ every: '5m', first_run: 'all' }))).toBe(own)
    expect(pollFingerprint(options({ request: { ...base.request, query: { f: 1 } } }))).not.toBe(own)
    expect(pollFingerprint(options({ event: { ...base.event, version: 'rev' } }))).not.toBe(own)
  })
})

describe('a record', () => {
  const record = { id: 7, updated_at: '2026-01-01T11:00:00Z', name: 'x' }

  it('is an event for each version', () => {
    expect(readRecord(options(), record, now)).toMatchObject({
      draft: {
        sourceEventId: '7@2026-01-01T11:00:00Z',
        type: 'deal.updated',
        subject: '7',
        time: Date.parse('2026-01-01T11:00:00Z'),
        data: record,
      },
      faults: [],
    })
  })

  it('says who did it where that is declared and there', () => {
    const poll = options({ event: { ...base.event, actor: 'owner.id' } })
    expect(readRecord(poll, { ...record, owner: { id: 31 } }, now).draft.actor).toBe('31')
    expect(readRecord(poll, record, now)).not.toHaveProperty('draft.actor')
    expect(readRecord(options(), { ...record, owner: { id: 31 } }, now)).not.toHaveProperty('draft.actor')
  })

  it('is one event for good where no version is declared', () => {
    const poll = options({ event: { id: 'id', type: { path: 'name' } } })
    expect(readRecord(poll, record, now).draft).toMatchObject({ sourceEventId: '7', type: 'x' })
  })

  it('never shares its key with another id and version', () => {
    const key = (id: string, updated_at: string) =>
      readRecord(options(), { id, updated_at }, now).draft.sourceEventId
    expect(new Set([key('a@b', 'c'), key('a', 'b@c'), key('a%40b', 'c')]).size).toBe(3)
  })

  it('is kept by its digest where it has no id, and the fault is said without its content', () => {
    const read = readRecord(options(), { name: 'secret words' }, now)
    expect(read.draft.sourceEventId).toMatch(/^digest:[0-9a-f]{64}$/)
    expect(read.faults).toContain('has no id at id')
    expect(read.faults.join()).not.toContain('secret words')
  })

  it('has no time where the text has no zone', () => {
    const read = readRecord(options(), { id: 1, updated_at: '2026-01-01T11:00:00' }, now)
    expect(read.cursorTime).toBeUndefined()
    expect(read.faults).not.toEqual([])
  })
})

describe('a walk', () => {
  const record = (id: number, at: string) => ({ id, updated_at: at })
  const read = (poll: PollOptions, position: PollPosition, given: PollPage) =>
    readPage(poll, position, walkFrom(poll, position), given, now)

  it('wakes nobody on the first run, and then everybody for what is new', () => {
    const first = read(
      options(),
      firstPosition(now),
      page({ data: [record(1, '2026-01-01T11:59:00Z')], links: {} }),
    )
    expect(first.events).toEqual([])
    expect(first.primed).toEqual([{ sourceEventId: '1@2026-01-01T11:59:00Z' }])
    expect(first.hasMore).toBe(false)
    const second = read(
      options(),
      first.position,
      page({ data: [record(2, '2026-01-01T12:00:00Z')], links: {} }),
    )
    expect(second.events.map(({ sourceEventId }) => sourceEventId)).toEqual(['2@2026-01-01T12:00:00Z'])
    expect(second.primed).toEqual([])
  })

  it('leaves the cursor where it is on an empty page', () => {
    const { position } = read(options(), settled(now - 60_000), page({ data: [], links: {} }))
    expect(position).toMatchObject({ time: now - 60_000, walk: null })
  })

  it('is not pushed into the future by a record', () => {
    const { position } = read(
      options(),
      settled(now),
      page({ data: [record(1, '2030-01-01T00:00:00Z')], links: {} }),
    )
    expect(position.time).toBe(now)
  })

  it('goes on where it stopped, with the cursor held until it is over', () => {
    const links = { next: '/api/deals?page=2' }
    const first = read(
      options(),
      settled(now - 60_000),
      page({ data: [record(1, '2026-01-01T11:59:30Z')], links }),
    )
    expect(first.hasMore).toBe(true)
    expect(first.position.time).toBe(now - 60_000)
    expect(urlOf(options(), first.position)).toBe('https://crm.example.com/api/deals?page=2')
    let last = first
    for (let pages = 0; last.hasMore && pages < 5; pages++) {
      expect(last.position.time).toBe(now - 60_000)
      const url = urlOf(options(), last.position)
      last = read(options(), last.position, page({ data: [], links: {} }, { url }))
    }
    expect(last).toMatchObject({ hasMore: false, position: { walk: null } })
    expect(last.position.time).toBeGreaterThan(now - 60_000)
  })

  it('does not follow a next page to another origin', () => {
    for (const next of [
      'https://evil.example/api',
      'http://crm.example.com/api',
      '//evil.example/x',
      'https://u:p@crm.example.com/',
    ]) {
      let code: string | undefined
      try {
        read(options(), settled(now), page({ data: [], links: { next } }))
      } catch (error) {
        code = (error as AppError).code
      }
      expect([next, code]).toEqual([next, 'poll.failed'])
    }
  })

  it('refuses an answer that is not the list, such as an error with status 200', () => {
    expect(() => read(options(), settled(now), page({ ok: false, error: 'x' }))).toThrow(/no list at "data"/)
    expect(() => read(options(), settled(now), page('<html>'))).toThrow(/no list/)
  })
})

describe('nextLink', () => {
  it('reads the target of rel="next" among others', () => {
    const header =
      '<https://a/?p=1>; rel="prev", <https://a/?p=3>; rel="next last"; title="x", <https://a/>; rel=first'
    expect(nextLink(header)).toBe('https://a/?p=3')
    expect(nextLink('<https://a/?p=3>; title="next"')).toBeUndefined()
    expect(nextLink(undefined)).toBeUndefined()
  })
})
