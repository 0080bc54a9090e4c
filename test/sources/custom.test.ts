import { describe, expect, it } from 'vitest'
import type { AppError } from '../../src/domain/errors.js'
import { custom } from '../../src/sources/custom.js'
import { delivery, openSource } from './setting.js'

const secret = 'k9vQ-2mXw-7bTz-4rNd'
const now = 1_767_225_600_000
const signature = { header: 'x-signature' }

function messages(options: unknown): string[] {
  const parsed = custom.options.safeParse(options)
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('the description of a sender', () => {
  it('must sign the body', () => {
    const verify = { scheme: 'hmac', secret, signature, message: '{timestamp}', timestamp: { header: 'x-t' } }
    expect(messages({ verify })[0]).toContain('must have {body} exactly once')
  })

  it('must sign the time and the id that it relies on', () => {
    const base = { scheme: 'hmac', secret, signature }
    expect(messages({ verify: { ...base, timestamp: { header: 'x-t' } } })).toEqual([
      'verify.timestamp: is not in message as {timestamp}: a time that is not signed proves nothing',
    ])
    expect(messages({ verify: { ...base, id: { header: 'x-id' } } })).toEqual([
      'verify.id: is not in message as {id}: an id that is not signed proves nothing',
    ])
    expect(messages({ verify: { ...base, message: '{id}.{timestamp}.{body}' } })).toEqual([
      'verify.message: has {timestamp}, but timestamp is not there',
      'verify.message: has {id}, but id is not there',
    ])
  })

  it('must have a secret that is one', () => {
    expect(messages({ verify: { scheme: 'token', header: 'x-token', secret: 'changeme' } })).toEqual([
      'verify.secret: the secret is a placeholder; set it to what the sender shows',
    ])
    expect(messages({ verify: { scheme: 'basic', user: 'u', secret: ['short', ''] } })).toEqual([
      'verify.secret.0: the secret has 5 bytes; it needs 16 or more',
    ])
    expect(messages({ verify: { scheme: 'hmac', signature } })[0]).toContain('verify.secret')
    expect(messages({ verify: { scheme: 'basic', user: 'a:b', secret } })[0]).toContain('colon')
  })

  it('knows no scheme that accepts all', () => {
    for (const scheme of ['none', 'off', '']) expect(messages({ verify: { scheme } })).not.toEqual([])
    expect(messages({})).not.toEqual([])
  })

  it('says that pairs need a list, and a time in a pair needs pairs', () => {
    const pairs = { separator: '=', select: 'v1' }
    expect(messages({ verify: { scheme: 'hmac', secret, signature: { ...signature, pairs } } })[0]).toContain(
      'pairs need list_separator',
    )
    const verify = {
      scheme: 'hmac',
      secret,
      signature,
      message: '{timestamp}{body}',
      timestamp: { pair: 't' },
    }
    expect(messages({ verify })).toEqual(['verify.signature: needs pairs: the time is one of them'])
  })

  it('refuses what is not built with a sentence', () => {
    const verify = { scheme: 'hmac', secret, signature }
    expect(messages({ verify, handshake: [] })[0]).toContain('is not in this version')
    expect(messages({ verify, form: true })[0]).toContain('is not in this version')
  })
})

describe('a described sender', () => {
  const eventsOf = (options: object, body: string, headers: Record<string, string> = {}) => {
    const source = openSource(custom, { verify: { scheme: 'hmac', secret, signature }, ...options })
    const signed = {
      ...headers,
      ...source.sign({ body: Buffer.from(body), type: 'x', id: 'i' }, now).headers,
    }
    return source.events(source.verify(delivery(Object.entries(signed), body, now), now))
  }

  it('reads attributes from the body, headers and literals', () => {
    const event = {
      id: 'meta.id',
      type: { literal: 'order.created' },
      subject: { header: 'x-shop' },
      time: 'at',
    }
    expect(eventsOf({ event }, '{"meta":{"id":42},"at":1767225600123}', { 'x-shop': 'acme' })).toEqual([
      { sourceEventId: '42', type: 'order.created', subject: 'acme', time: 1_767_225_600_123, ids: {} },
    ])
  })

  it('is an event of its own accord where nothing is declared', () => {
    expect(eventsOf({}, '{"a":1}')).toEqual([
      { sourceEventId: undefined, type: 'event', subject: undefined, time: now, ids: {} },
    ])
  })

  it('gives every item of a batch a key, by its content where it has no id', () => {
    const drafts = eventsOf(
      { batch: 'items', event: { id: 'id' } },
      '{"items":[{"id":"a"},{"n":1},{"n":1},{"n":2}]}',
    )
    const keys = drafts.map(({ sourceEventId }) => sourceEventId)
    expect(keys[0]).toBe('a')
    expect(keys[1]).toMatch(/^digest:[0-9a-f]{64}$/)
    expect(keys[2]).toBe(keys[1])
    expect(keys[3]).not.toBe(keys[1])
    expect(drafts.map(({ data }) => data)).toEqual([{ id: 'a' }, { n: 1 }, { n: 1 }, { n: 2 }])
  })

  it('can have a list for a body', () => {
    expect(eventsOf({ batch: '[]', event: { id: 'id' } }, '[{"id":"a"},{"id":"b"}]')).toHaveLength(2)
  })

  it('says that there is no event where the batch is missing, empty or too long', () => {
    const codeOf = (body: string) => {
      try {
        eventsOf({ batch: 'items' }, body)
        return 'read'
      } catch (error) {
        return (error as AppError).code
      }
    }
    const long = JSON.stringify({ items: Array.from({ length: 1001 }, (_, n) => n) })
    for (const body of ['{}', '{"items":[]}', '{"items":{}}', '[]', long])
      expect(codeOf(body)).toBe('delivery.malformed')
  })

  it('answers what the file says, and the default where it says nothing', () => {
    const verify = { scheme: 'token', header: 'x-token', secret }
    expect(openSource(custom, { verify }).reply('recorded')).toBeUndefined()
    expect(openSource(custom, { verify, reply: { body: '[accepted]' } }).reply('duplicate')).toEqual({
      status: 200,
      headers: { 'content-type': 'text/plain' },
      body: '[accepted]',
    })
    expect(messages({ verify, reply: { status: 500 } })).not.toEqual([])
  })

  it('makes a sample that has something at each declared path', () => {
    const event = { id: 'a.id', type: 'a.b.type', subject: 'a.b.of', time: 'at' }
    const source = openSource(custom, {
      verify: { scheme: 'token', header: 'x-token', secret },
      event,
      batch: 'l',
    })
    expect(source.samples).toEqual([
      {
        type: 'sample',
        body: {
          l: [{ a: { id: 'sample-1', b: { type: 'sample', of: 'sample' } }, at: '2026-01-01T00:00:00Z' }],
        },
        idPath: 'l[0].a.id',
      },
    ])
  })
})
