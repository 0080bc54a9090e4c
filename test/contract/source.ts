import { describe, expect, it } from 'vitest'
import { type AppError, VerificationError } from '../../src/domain/errors.js'
import type { SourceKind, WebhookSource } from '../../src/sources/source.js'
import {
  delivery,
  type FixtureDelivery,
  type Headers,
  openSource,
  type SourceFixture,
} from '../sources/setting.js'

/**
 * What every kind of source that receives deliveries promises, derived from recorded deliveries. The
 * signatures in a fixture were made without this code, so signing and verifying cannot be wrong together.
 */
export function sourceContract(name: string, kind: SourceKind, fixture: SourceFixture): void {
  const { now, proof, toleranceMs, bodyIsSigned = true } = fixture
  const source = openSource(kind, fixture.options)
  const [first] = fixture.deliveries
  if (!first) throw new Error(`the fixture ${name} has no deliveries`)

  describe(`source contract: ${name}`, () => {
    for (const each of fixture.deliveries) {
      it(`accepts ${each.name} and makes the golden events of it`, () => {
        const verified = source.verify(delivery(each.headers, each.body, now), now)
        expect(verified.secretIndex).toBe(0)
        expect(JSON.parse(JSON.stringify(source.events(verified)))).toEqual(each.events)
      })

      it(`signs ${each.name} as the sender did`, () => {
        if (fixture.signsOtherNames) return expectSignedOtherwise(source, each, now)
        const signed = source.sign({ body: Buffer.from(each.body), type: each.type, id: each.id }, now)
        expect(signed).toMatchObject(Object.fromEntries(each.headers))
      })
    }

    it('reads nothing of the body before the signature is right, and says so when it cannot be read', () => {
      for (const body of ['{"a":1', '{"a":1,"a":2}', `${'['.repeat(65)}${']'.repeat(65)}`, '\xff', '']) {
        const bytes = Buffer.from(body, 'latin1')
        const signed = resigned(source, fixture, first, bytes, now)
        const verified = source.verify(delivery(signed, bytes, now), now)
        expect(source.handshake(verified)).toBeUndefined()
        expect(codeOf(() => source.events(verified))).toBe('delivery.malformed')
      }
    })

    if (bodyIsSigned)
      it('refuses a body with one changed byte, one more or one less', () => {
        const body = Buffer.from(first.body)
        for (const at of [0, Math.floor(body.length / 2), body.length - 1]) {
          const changed = Buffer.from(body)
          changed[at] = (changed[at] ?? 0) ^ 1
          expectRefused(source, first.headers, changed, now)
        }
        expectRefused(source, first.headers, Buffer.concat([body, Buffer.from('\n')]), now)
        expectRefused(source, first.headers, body.subarray(0, -1), now)
        expectRefused(source, first.headers, Buffer.alloc(0), now)
      })

    it('refuses a delivery without one of the headers of the proof, or with an empty one', () => {
      for (const header of proof) {
        const without = first.headers.filter(([key]) => key !== header)
        expect(expectRefused(source, without, first.body, now)).toBe('verification.missing_header')
        expectRefused(source, replaced(first.headers, header, ''), first.body, now)
        expectRefused(source, replaced(first.headers, header, ' '), first.body, now)
      }
    })

    it('refuses a header of the proof that comes twice, whatever stands in the second', () => {
      for (const header of proof) {
        const value = headerOf(first.headers, header)
        for (const second of [value, value.toUpperCase(), 'x', '']) {
          const before: Headers = [[header, second], ...first.headers]
          const after: Headers = [...first.headers, [header.toUpperCase(), second]]
          expect(expectRefused(source, before, first.body, now)).toBe('verification.duplicate_header')
          expect(expectRefused(source, after, first.body, now)).toBe('verification.duplicate_header')
        }
      }
    })

    it('refuses a signature that is one character short, one long, or changed anywhere', () => {
      const [header = ''] = proof
      const value = headerOf(first.headers, header)
      expectRefused(source, replaced(first.headers, header, value.slice(0, -1)), first.body, now)
      expectRefused(source, replaced(first.headers, header, `${value}0`), first.body, now)
      expectRefused(source, replaced(first.headers, header, `${value}zz`), first.body, now)
      expectRefused(source, replaced(first.headers, header, value.slice(1)), first.body, now)
      for (let at = 0; at < value.length; at++) {
        const other = value[at] === 'a' ? 'b' : 'a'
        const changed = value.slice(0, at) + other + value.slice(at + 1)
        expectRefused(source, replaced(first.headers, header, changed), first.body, now)
      }
    })

    it('accepts the second secret and says that it was the second', () => {
      const body = Buffer.from(first.body)
      const signed = source.sign({ body, type: first.type, id: first.id, secretIndex: 1 }, now)
      expect(source.verify(delivery(Object.entries(signed), body, now), now).secretIndex).toBe(1)
    })

    it('refuses what another secret signed', () => {
      const wrong = openSource(kind, fixture.wrong)
      expectRefused(wrong, first.headers, first.body, now)
      const body = Buffer.from(first.body)
      const signed = wrong.sign({ body, type: first.type, id: first.id }, now)
      expectRefused(source, Object.entries(signed), body, now)
    })

    it('gives a redelivery the same event id', () => {
      const signed = resigned(source, fixture, first, Buffer.from(first.body), now + 60_000)
      const again = source.verify(delivery(signed, first.body, now + 60_000), now + 60_000)
      const ids = source.events(again).map((event) => event.sourceEventId)
      expect(ids).toEqual(first.events.map((event) => event.sourceEventId))
    })

    it('has samples that it signs, verifies and reads as their own type', () => {
      expect(source.samples.length).toBeGreaterThan(0)
      for (const sample of source.samples) {
        const body = Buffer.from(JSON.stringify(sample.body))
        const signed = source.sign({ body, type: sample.type, id: 'sample-1' }, now)
        const [event] = source.events(source.verify(delivery(Object.entries(signed), body, now), now))
        expect(event?.type).toBe(sample.type)
      }
    })

    it('finds only ids that it declares', () => {
      const declared = kind.idNames(kind.options.parse(fixture.options))
      const found = fixture.deliveries.flatMap((each) =>
        each.events.flatMap((event) => Object.keys(event.ids)),
      )
      expect(found.filter((id) => !declared.includes(id))).toEqual([])
    })

    const tolerance = toleranceMs
    if (tolerance === undefined) return
    describe('the signed time', () => {
      const signedAt = (at: number) => resigned(source, fixture, first, Buffer.from(first.body), at)

      it('is accepted at the edges of the tolerance', () => {
        for (const at of [now - tolerance, now + tolerance]) {
          source.verify(delivery(signedAt(at), first.body, now), now)
        }
      })

      it('is refused a second outside of them, in the past and in the future', () => {
        const stale = expectRefused(source, signedAt(now - tolerance - 1000), first.body, now)
        const future = expectRefused(source, signedAt(now + tolerance + 1000), first.body, now)
        expect([stale, future]).toEqual(['verification.stale_timestamp', 'verification.future_timestamp'])
      })

      it('is refused when it is no time at all', () => {
        const header = proof.find((each) => each.includes('timestamp'))
        const odd = ['NaN', 'Infinity', '0', '-1767225600', '+1767225600', '1767225600.0', '1767225600abc']
        for (const text of [
          ...odd,
          '0x6955B900',
          '1e9',
          '١٧٦٧٢٢٥٦٠٠',
          '1767225600 1767225600',
          '99999999999',
        ]) {
          const [signature = ''] = proof
          const headers = header
            ? replaced(first.headers, header, text)
            : replaced(
                first.headers,
                signature,
                headerOf(first.headers, signature).replace('1767225600', text),
              )
          expect(expectRefused(source, headers, first.body, now)).toMatch(
            /^verification\.malformed_(timestamp|signature)$/,
          )
        }
      })
    })
  })
}

/** The headers of a delivery signed anew, as a sender does on each attempt. */
function resigned(
  source: WebhookSource,
  fixture: SourceFixture,
  { headers, type, id }: FixtureDelivery,
  body: Uint8Array,
  at: number,
): Headers {
  const signed = source.sign({ body, type, id }, at)
  const renamed = fixture.signsOtherNames
    ? Object.entries(signed).map(([key, value]) => [key.replace(/^webhook-/, 'svix-'), value] as const)
    : Object.entries(signed)
  const names = new Set(renamed.map(([key]) => key))
  return [...headers.filter(([key]) => !names.has(key)), ...renamed]
}

function expectSignedOtherwise(source: WebhookSource, each: FixtureDelivery, now: number): void {
  const body = Buffer.from(each.body)
  const signed = source.sign({ body, type: each.type, id: each.id }, now)
  expect(source.verify(delivery(Object.entries(signed), body, now), now).secretIndex).toBe(0)
}

function expectRefused(
  source: WebhookSource,
  headers: Headers,
  body: Uint8Array | string,
  now: number,
): string {
  try {
    source.verify(delivery(headers, body, now), now)
  } catch (error) {
    expect(error).toBeInstanceOf(VerificationError)
    return (error as AppError).code
  }
  throw new Error(`accepted ${JSON.stringify(headers)}`)
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return (error as AppError).code
  }
}

function replaced(headers: Headers, name: string, value: string): Headers {
  return headers.map(([key, old]) => [key, key === name ? value : old])
}

function headerOf(headers: Headers, name: string): string {
  const found = headers.find(([key]) => key === name)?.[1]
  if (found === undefined) throw new Error(`the fixture has no header ${name}`)
  return found
}
