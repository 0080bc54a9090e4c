import { describe, expect, it } from 'vitest'
import type { AppError } from '../../src/domain/errors.js'
import { sourceKinds } from '../../src/sources/registry.js'
import type { SourceKind } from '../../src/sources/source.js'
import { delivery, openSource } from './setting.js'

const now = Date.UTC(2026, 11, 1)
const second = 1000
const current = 'k9vQ-2mXw-7bTz-current'
const previous = 'p4Lr-8cNd-1hYs-previous'
const next = 'z0Zz-3gGh-6jKq-following'

/** The current one, one until a second ago, one from in a second. */
const secret = [
  { value: previous, not_after: '2026-11-30T23:59:59Z' },
  current,
  { value: next, not_before: '2026-12-01T00:00:01Z' },
]

const cases: readonly (readonly [SourceKind, (secret: unknown) => Record<string, unknown>])[] = [
  [sourceKinds.github, (given) => ({ secret: given })],
  [sourceKinds.slack, (given) => ({ secret: given })],
  [sourceKinds.telegram, (given) => ({ secret: given })],
  [sourceKinds.netlify, (given) => ({ secret: given })],
  [sourceKinds.gitlab, (given) => ({ token: given })],
  [sourceKinds.custom, (given) => ({ verify: { scheme: 'basic', user: 'rouse', secret: given } })],
  [
    sourceKinds.custom,
    (given) => ({ verify: { scheme: 'hmac', secret: given, signature: { header: 'x-signature' } } }),
  ],
]

describe('a secret that is valid for a time', () => {
  for (const [kind, optionsOf] of cases) {
    const body = Buffer.from('{"a":1}')
    const name = `${kind.kind} ${JSON.stringify(optionsOf('…'))}`
    const source = openSource(kind, optionsOf(secret))
    const send = (text: string, at: number) => {
      const { headers } = openSource(kind, optionsOf(text)).sign({ body, type: 'push', id: 'id-1' }, at)
      return source.verify(delivery(Object.entries(headers), body, at), at).secretIndex
    }
    const codeOf = (text: string, at: number) => {
      try {
        return send(text, at)
      } catch (error) {
        return (error as AppError).code
      }
    }

    it(`proves nothing outside of it, for ${name}`, () => {
      expect(send(current, now)).toBe(1)
      expect(codeOf(previous, now)).toBe('verification.secret_out_of_time')
      expect(codeOf(next, now)).toBe('verification.secret_out_of_time')
      expect(codeOf('w7Rt-none-of-them-5fDs', now)).toMatch(
        /^verification\.(signature_mismatch|bad_credentials)$/,
      )
    })

    it(`keeps its position in the list, for ${name}`, () => {
      expect(send(previous, now - second)).toBe(0)
      expect(send(current, now + second)).toBe(1)
      expect(send(next, now + second)).toBe(2)
    })

    it(`signs with the one that is valid, for ${name}`, () => {
      const { headers } = source.sign({ body, type: 'push', id: 'id-1' }, now)
      expect(source.verify(delivery(Object.entries(headers), body, now), now).secretIndex).toBe(1)
    })
  }

  it('is refused at load where its time is none, or it is there twice', () => {
    const faultOf = (given: unknown) =>
      sourceKinds.github.options.safeParse({ secret: given }).error?.issues[0]?.message
    expect(faultOf({ value: current, not_after: 'tomorrow' })).toContain('write 2026-12-01T00:00:00Z')
    expect(faultOf({ value: current, not_after: '2026-12-01T00:00:00' })).toContain('is no time')
    const backwards = { not_before: '2026-12-02T00:00:00Z', not_after: '2026-12-01T00:00:00Z' }
    expect(faultOf({ value: current, ...backwards })).toContain('never valid')
    expect(faultOf([current, { value: current, not_after: '2026-12-01T00:00:00Z' }])).toContain('twice')
    expect(faultOf([{ value: '' }])).toContain('one must be set')
    expect(faultOf([current, { value: '', not_after: '2026-12-01T00:00:00Z' }])).toBeUndefined()
    expect(faultOf({ value: 'changeme' })).toContain('placeholder')
  })

  it('refuses everything where none is valid any more', () => {
    const source = openSource(sourceKinds.github, {
      secret: { value: current, not_after: '2026-11-30T00:00:00Z' },
    })
    const body = Buffer.from('{}')
    const { headers } = source.sign({ body, type: 'push', id: 'id-1' }, now)
    expect(() => source.verify(delivery(Object.entries(headers), body, now), now)).toThrow(/was valid until/)
  })
})
