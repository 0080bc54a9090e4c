import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type AppError, VerificationError } from '../../src/domain/errors.js'
import { custom } from '../../src/sources/custom.js'
import type { WebhookSource } from '../../src/sources/source.js'
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

  it('signs the whole body, or says what binds a signature to it that stands in it', () => {
    const inside = { scheme: 'hmac', secret, signature: { path: 'sig' }, message: '{timestamp}{json:token}' }
    const timestamp = { path: 'at' }
    const event = { id: 'token' }
    const bound = 'a signed timestamp, an event.id that is one of these parts, and no batch'
    expect(messages({ verify: { ...inside, timestamp }, event })).toEqual([])
    expect(messages({ verify: { ...inside, timestamp } })[0]).toContain(bound)
    expect(messages({ verify: { ...inside, timestamp }, event: { id: 'other' } })[0]).toContain(bound)
    expect(messages({ verify: { ...inside, timestamp }, event: { id: ['token', 'other'] } })[0]).toContain(
      bound,
    )
    expect(messages({ verify: { ...inside, timestamp }, event, batch: 'l' })[0]).toContain(bound)
    expect(messages({ verify: { ...inside, message: '{json:token}' }, event })[0]).toContain(bound)
    expect(messages({ verify: { ...inside, message: '{body}' } })[0]).toContain(
      'name the parts that are signed',
    )
    const beside = { ...inside, signature, timestamp }
    expect(messages({ verify: beside, event })[0]).toContain('must have {body} exactly once')
  })

  it('takes a field of a form for the body only where the data are read from that field', () => {
    const verify = { scheme: 'hmac', secret, signature, message: '{form:data}' }
    expect(messages({ verify, form: { field: 'data' } })).toEqual([])
    expect(messages({ verify, form: { field: 'other' } })[0]).toContain('must have {body} exactly once')
    expect(messages({ verify, form: 'fields' })[0]).toContain('must have {body} exactly once')
    expect(messages({ verify })[0]).toContain('form: is needed')
    // The id in the JSON of one field is not the signed field of the same name.
    const inside = {
      scheme: 'hmac',
      secret,
      signature: { field: 'sig' },
      message: '{form:at}{form:token}',
      timestamp: { field: 'at' },
    }
    const event = { id: 'token' }
    expect(messages({ verify: inside, event, form: 'fields' })).toEqual([])
    expect(messages({ verify: inside, event, form: { field: 'data' } })[0]).toContain('exactly once')
    expect(messages({ verify: { ...verify, message: '{json:a}{body}' }, form: 'fields' })[0]).toContain(
      'no paths',
    )
  })

  it('takes a time that is signed with the body, in whichever way', () => {
    const base = { scheme: 'hmac', secret, signature }
    const good = [
      { timestamp: { path: 'at' } },
      { timestamp: { header: 'x-t' }, message: '{header:x-t}{body}' },
      { timestamp: { query: 't' }, message: '{timestamp}{body}' },
    ]
    for (const each of good) expect(messages({ verify: { ...base, ...each } })).toEqual([])
    const bad = [
      { timestamp: { header: 'x-t' }, message: '{header:x-other}{body}' },
      { timestamp: { query: 't' } },
      { timestamp: {} },
      { timestamp: { header: 'x-t', path: 'at' }, message: '{timestamp}{body}' },
      { timestamp: { header: 'x-t', pair: 't' }, message: '{timestamp}{body}' },
    ]
    for (const each of bad) expect(messages({ verify: { ...base, ...each } })).not.toEqual([])
  })

  it('says that a url is of use only where it is signed, and several only for headers', () => {
    const verify = { scheme: 'hmac', secret, signature }
    const url = 'https://hooks.example.com/other'
    expect(messages({ verify, url })[0]).toContain('is not in message as {url}')
    expect(messages({ verify: { ...verify, message: '{url}{body}' }, url })).toEqual([])
    const query = { ...verify, signature: { query: 's', several: 'repeated' } }
    expect(messages({ verify: query })[0]).toContain('is for signatures in a header')
    expect(messages({ verify: { ...verify, signature: { header: 'a', query: 'b' } } })[0]).toContain(
      'exactly one',
    )
    expect(messages({ verify: { ...verify, message: '{body}{body}' } })[0]).toContain('exactly once')
  })

  it('takes a public key only of its own sort', () => {
    const key = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })
    const verify = (scheme: string) => ({ scheme, public_key: key, signature })
    expect(messages({ verify: verify('ed25519') })).toEqual([])
    expect(messages({ verify: verify('rsa') })[0]).toContain('is not a public key for rsa')
    expect(messages({ verify: verify('ecdsa-p256') })[0]).toContain('is not a public key for ecdsa-p256')
    expect(messages({ verify: { scheme: 'ed25519', signature } })).not.toEqual([])
    expect(messages({ verify: { ...verify('ed25519'), secret } })).not.toEqual([])
  })
})

describe('the description of a handshake', () => {
  const verify = { scheme: 'hmac', secret, signature }
  const fault = (rule: object, more: object = {}) =>
    messages({ verify, handshake: [rule], ...more })[0] ?? 'none'
  const mac = { json: { mac: { hmac: { path: 'token' } } } }

  it('gives nobody a signature of what it likes', () => {
    const ask = { when: { body: { token: { pattern: '.+' } } }, signed: false, reply: mac }
    expect(fault(ask)).toContain('write signed: true')
    expect(fault({ ...ask, signed: true })).toBe('none')
    expect(fault(ask, { verify: { ...verify, message: 'v0{body}' } })).toContain('write signed: true')
    expect(fault(ask, { verify: { ...verify, message: 'v0:{body}' } })).toBe('none')
    const token = { scheme: 'token', header: 'x-token', secret }
    expect(fault({ ...ask, signed: true }, { verify: token })).toContain('needs the secret of scheme hmac')
  })

  it('answers no delivery in its place', () => {
    expect(fault({ when: {}, signed: false, reply: {} })).toContain('would answer every delivery')
    expect(fault({ when: { method: 'HEAD' }, signed: false, reply: {} })).toBe('none')
    expect(fault({ when: { method: 'GET' }, reply: {} })).toContain('write signed: false')
    expect(fault({ when: { method: 'PUT' }, signed: false, reply: {} }, { methods: ['PUT'] })).toContain(
      'would answer every delivery',
    )
  })

  it('says one thing, as text or JSON that is its own', () => {
    const when = { method: 'GET' }
    const echo = { query: 'c' }
    expect(fault({ when, signed: false, reply: { echo, body: 'x' } })).toContain('one of body, echo and json')
    expect(fault({ when, signed: false, reply: { echo, type: 'text/html' } })).toContain('is for body')
    expect(fault({ when, signed: false, reply: { echo: { query: 'c', path: 'd' } } })).toContain(
      'exactly one of',
    )
    expect(fault({ when, signed: false, reply: { status: 302 } })).not.toBe('none')
    for (const name of ['content-type', 'Set-Cookie', 'content-length'])
      expect(fault({ when, signed: false, reply: { headers: { [name]: 'x' } } })).not.toBe('none')
    expect(fault({ when, signed: false, reply: { headers: { 'x-a': 'b\r\nc: d' } } })).not.toBe('none')
  })

  it('has verify tokens that are secrets, and patterns that are some', () => {
    const when = (condition: unknown) => ({ method: 'GET', query: { t: condition } })
    const rule = (condition: unknown) => ({ when: when(condition), signed: false, reply: {} })
    expect(fault(rule({ secret: 'changeme' }))).not.toBe('none')
    expect(fault(rule({ secret }))).toBe('none')
    expect(fault(rule({ pattern: '(' }))).not.toBe('none')
    expect(fault(rule({ secret, pattern: 'a' }))).not.toBe('none')
    expect(fault(rule({}))).not.toBe('none')
  })
})

describe('a handshake', () => {
  const rule = { when: { body: { kind: 'hello' } }, signed: false, reply: { echo: { path: 'token' } } }
  const verify = { scheme: 'hmac', secret, signature }
  const source = openSource(custom, { verify, handshake: [rule] })

  it('that is not signed makes no later delivery pass', () => {
    const hello = delivery([], '{"kind":"hello","token":"abc"}', now)
    expect(source.greet(hello, now)).toMatchObject({ status: 200, body: 'abc' })
    expect(() => source.verify(hello, now)).toThrow(VerificationError)
    expect(source.greet(delivery([], '{"kind":"order"}', now), now)).toBeUndefined()
  })

  it('that is not signed is not read where it is long, or no JSON', () => {
    const long = `{"kind":"hello","token":"abc","x":"${'y'.repeat(16_384)}"}`
    for (const body of [
      long,
      '{"kind":"hello","token":"abc"',
      '{"kind":"hello","kind":"hello","token":"a"}',
      '',
    ])
      expect(source.greet(delivery([], body, now), now)).toBeUndefined()
  })

  it('gives back nothing but a token', () => {
    for (const token of ['<b>', 'call me', 'a\nb', 'a'.repeat(257), '', ['a'], { a: 1 }, null])
      expect(source.greet(delivery([], JSON.stringify({ kind: 'hello', token }), now), now)).toBeUndefined()
  })

  it('takes no verify token whose time is over', () => {
    const condition = { secret: { value: secret, not_after: '2026-01-01T00:00:00Z' } }
    const timed = openSource(custom, {
      verify: { ...verify, secret: `${secret}-other` },
      handshake: [
        { when: { method: 'GET', query: { t: condition } }, signed: false, reply: { body: 'yes' } },
      ],
    })
    const ask = { ...delivery([], ''), method: 'GET', url: `/hooks/under-test?t=${secret}` }
    expect(timed.greet(ask, now)?.body).toBe('yes')
    expect(timed.greet(ask, now + 1)).toBeUndefined()
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

  it('joins what stands at several places, and has no id where one of them is missing', () => {
    const event = {
      id: ['a', { header: 'x-n' }],
      type: [{ literal: 'order' }, 'act'],
      subject: ['a', 'b'],
      semantic: ['a', 'v'],
    }
    expect(eventsOf({ event }, '{"a":"o1","b":2,"v":7,"act":"paid"}')[0]).toMatchObject({
      sourceEventId: 'o1:i',
      semanticKey: 'o1:7',
      type: 'order.paid',
      subject: 'o1/2',
    })
    const [less] = eventsOf({ event }, '{}')
    expect(less).toEqual({ sourceEventId: undefined, type: 'order', subject: undefined, time: now, ids: {} })
  })

  it('believes an id in a header only where the header is signed', () => {
    const event = { id: { header: 'x-id' } }
    expect(eventsOf({ event }, '{}', { 'x-id': '1' })[0]?.isIdAuthentic).toBeUndefined()
    const verify = { scheme: 'hmac', secret, signature, message: '{header:x-id}.{body}' }
    expect(eventsOf({ event, verify }, '{}')[0]).toMatchObject({ sourceEventId: 'i', isIdAuthentic: true })
  })

  it('knows a form by what it says, however its bytes are put', () => {
    const open = (verify: object, more: object) =>
      openSource(custom, { verify: { scheme: 'hmac', secret, signature, ...verify }, ...more })
    const idsOf = (source: WebhookSource, bodies: readonly [string, ...string[]]) => {
      const { headers } = source.sign({ body: Buffer.from(bodies[0]), type: 'x', id: 'i' }, now)
      return bodies.map((body) => {
        const sent = delivery(Object.entries(headers), body, now)
        return source.events(source.verify(sent, now))[0]?.sourceEventId
      })
    }
    const sorted = open({ message: '{form:sorted}' }, { form: 'fields' })
    const field = open({ message: '{form:data}' }, { form: { field: 'data' } })
    const told = [
      ...idsOf(sorted, ['a=1&b=2', 'b=2&a=1', '%61=1&b=2&']),
      ...idsOf(field, ['data=%7B%22a%22%3A1%7D', 'data={"a":1}&more=1', 'x=y&data={"a":1}']),
    ]
    expect(new Set(told.slice(0, 3)).size).toBe(1)
    expect(new Set(told.slice(3)).size).toBe(1)
    expect(told[0]).toMatch(/^digest:[0-9a-f]{64}$/)
    const verify = { scheme: 'hmac', secret, signature, message: '{form:data}' }
    const event = { id: { header: 'x-id' } }
    expect(messages({ verify, form: { field: 'data' }, event })[0]).toContain(
      'is a header that is not signed',
    )
    const signed = { ...verify, message: '{header:x-id}{form:data}' }
    expect(messages({ verify: signed, form: { field: 'data' }, event })).toEqual([])
  })

  it('takes nobody for the actor whom the signature does not cover', () => {
    const verify = {
      ...{ scheme: 'hmac', secret, signature: { path: 's' }, timestamp: { path: 't' } },
      message: '{timestamp}{json:token}',
    }
    expect(messages({ verify, event: { id: 'token', actor: 'by' } })[0]).toContain('not one of the parts')
    expect(messages({ verify, event: { id: 'token', actor: 'token' } })).toEqual([])
    expect(messages({ verify, event: { id: 'token', actor: { header: 'x-by' } } })).toHaveLength(1)
  })

  it('has no event where the signed id of a signature in the body is empty', () => {
    const verify = {
      scheme: 'hmac',
      secret,
      signature: { path: 's' },
      message: '{timestamp}{json:token}',
      timestamp: { path: 't' },
    }
    const source = openSource(custom, { verify, event: { id: 'token' } })
    const read = (text: string) => {
      const { body = Buffer.alloc(0) } = source.sign({ body: Buffer.from(text), type: 'x', id: 'i' }, now)
      return source.events(source.verify(delivery([], body, now), now))
    }
    expect(read('{"token":"a"}')[0]).toMatchObject({ sourceEventId: 'a', isIdAuthentic: true })
    expect(() => read('{"token":""}')).toThrow(/the signed id is empty/)
  })

  it('signs its own URL, as it is configured or as the server says, and never as a request says', () => {
    const verify = { scheme: 'hmac', secret, signature, message: '{url}{body}' }
    const url = 'https://proxy.example.com/in'
    const [own, other] = [openSource(custom, { verify }), openSource(custom, { verify, url })]
    const { headers } = own.sign({ body: Buffer.from('{}'), type: 'x', id: 'i' }, now)
    const sent = delivery([...Object.entries(headers), ['host', 'proxy.example.com']], '{}', now)
    expect(own.verify(sent, now).secretIndex).toBe(0)
    expect(() => other.verify(sent, now)).toThrow(VerificationError)
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
    const refusing = openSource(custom, { verify, reply: { refused: 498 } })
    expect([refusing.refusalStatus, refusing.reply('recorded')]).toEqual([498, undefined])
    for (const refused of [200, 302, 500]) expect(messages({ verify, reply: { refused } })).not.toEqual([])
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
