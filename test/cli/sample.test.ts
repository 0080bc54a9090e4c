import { describe, expect, test } from 'vitest'
import { forged } from '../../src/cli/forge.js'
import { parseSetting, withSetting } from '../../src/cli/sample.js'
import { type Delivery, headerValues } from '../../src/domain/delivery.js'
import { VerificationError } from '../../src/domain/errors.js'
import { freshen } from '../../src/sources/engine/fresh-sample.js'
import { sourceKinds } from '../../src/sources/registry.js'
import type { WebhookSource } from '../../src/sources/source.js'
import { stringifyJson } from '../../src/util/json.js'
import { compilePath, valueAt } from '../../src/util/path.js'
import { testContext } from '../sources/setting.js'
import { now } from './recorded.js'

const secret = '1f1f1f1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5'

const opened: [string, WebhookSource][] = [
  ...['github', 'gitlab', 'stripe', 'zendesk', 'slack', 'standard-webhooks'].map(
    (name): [string, unknown, string] => [name, { secret }, name],
  ),
  ['gitlab by token', { token: secret }, 'gitlab'] as const,
].map(([title, options, kind]) => [title, open(kind, options)])

function open(kind: string, options: unknown): WebhookSource {
  const found = Object.values(sourceKinds).find((one) => one.kind === kind)
  const source = found?.open?.(found.options.parse(options), testContext)
  if (!source) throw new Error(`${kind} does not open`)
  return source
}

function deliveryOf(
  source: WebhookSource,
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
): Delivery {
  return {
    id: 'dlv_1',
    source: 'x',
    receivedAt: now,
    method: source.methods[0] ?? 'POST',
    url: '/hooks/x',
    rawHeaders: Object.entries(headers).flat(),
    body,
  }
}

describe('freshen', () => {
  test('gives a new event id of the same form, and leaves the rest', () => {
    const body = { id: 'evt_1PgZ2xLkdIwHu7ix0tX5Qh3B', amount: 1 }
    const { body: fresh, id } = freshen({ body, idPath: 'id' })
    expect(id).toMatch(/^evt_1PgZ2xLk[a-z][A-Z][a-z][A-Z][a-z]\d[a-z]{2}\d[a-z][A-Z]\d[A-Z][a-z]\d[A-Z]$/)
    expect(fresh).toEqual({ id, amount: 1 })
    expect(body.id).toBe('evt_1PgZ2xLkdIwHu7ix0tX5Qh3B')
  })
  test('keeps the form of a UUID and of a number', () => {
    expect(freshen({ body: { id: 'cbe4028c-7239-495d-b020-f22348516046' }, idPath: 'id' }).id).toMatch(
      /^[0-9a-f-]{36}$/,
    )
    expect(typeof valueAt(freshen({ body: { id: 7 }, idPath: 'id' }).body, compilePath('id'))).toBe('number')
  })
  test('makes other bytes of a body without an id, and not another content', () => {
    const first = freshen({ body: { a: 1 } })
    expect(first.padding).toMatch(/^[ \t]{40}$/)
    expect(first.padding).not.toBe(freshen({ body: { a: 1 } }).padding)
    expect(first.body).toEqual({ a: 1 })
  })
})

describe('--set', () => {
  const set = (body: Parameters<typeof withSetting>[0], text: string) => withSetting(body, parseSetting(text))
  test('puts JSON where it is JSON, and text else', () => {
    expect(set({ a: { b: 1 } }, 'a.b=2')).toEqual({ a: { b: 2 } })
    expect(set({}, 'a.b=[1,"x"]')).toEqual({ a: { b: [1, 'x'] } })
    expect(set({ l: [{ n: 1 }] }, 'l[0].n=hello world')).toEqual({ l: [{ n: 'hello world' }] })
    expect(set({}, 'a=x=y')).toEqual({ a: 'x=y' })
  })
  test('keeps every digit of a long number', () => {
    expect(set({}, 'id=12345678901234567890')).toEqual({ id: '12345678901234567890' })
  })
  test('makes ordinary keys of names that JavaScript knows', () => {
    const changed = set({}, '__proto__.polluted=1')
    expect(Object.keys(changed as object)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
  test('refuses what is no one place', () => {
    expect(() => parseSetting('a[].b=1')).toThrow('[]')
    expect(() => parseSetting('novalue')).toThrow('path=value')
    expect(() => set({ a: 'text' }, 'a.b=1')).toThrow('no object')
    expect(() => set({ a: [] }, 'a[3]=1')).toThrow('no list with that position')
  })
})

describe.each(opened)('a triggered delivery of %s', (_title, source) => {
  test('is verified, for each sample, with its own type and a fresh id each time', () => {
    expect(source.samples.length).toBeGreaterThan(0)
    for (const sample of source.samples) {
      const draftOf = () => {
        const { body, id, padding } = freshen(sample)
        const bytes = Buffer.from(stringifyJson(body) + padding)
        const delivery = deliveryOf(
          source,
          bytes,
          source.sign({ body: bytes, type: sample.type, id }, now).headers,
        )
        return { bytes, draft: source.events(source.verify(delivery, now))[0] }
      }
      const [first, second] = [draftOf(), draftOf()]
      expect(first.draft?.type).toBe(sample.type)
      expect(first.draft?.sourceEventId).not.toBe(second.draft?.sourceEventId)
      expect(first.bytes.equals(second.bytes)).toBe(false)
    }
  })

  test('with --bad-signature is of the right form and refused', () => {
    const sample = source.samples[0]
    if (!sample) throw new Error('no sample')
    const body = Buffer.from(stringifyJson(freshen(sample).body))
    const request = { body, type: sample.type, id: 'msg_1' }
    const { headers } = forged(source, request, now)
    expect(Object.keys(headers)).toEqual(Object.keys(source.sign(request, now).headers))
    const delivery = deliveryOf(source, body, headers)
    expect(headerValues(delivery.rawHeaders, 'content-type').length).toBeLessThan(2)
    let refusal: unknown
    try {
      source.verify(delivery, now)
    } catch (error) {
      refusal = error
    }
    expect(refusal).toBeInstanceOf(VerificationError)
    expect((refusal as VerificationError).code).toMatch(
      /^verification\.(signature_mismatch|bad_credentials)$/,
    )
  })
})
