import { describe, expect, it } from 'vitest'
import type { Delivery, Reply } from '../../src/domain/delivery.js'
import { type AppError, VerificationError } from '../../src/domain/errors.js'
import type {
  SignedRequest,
  SignRequest,
  SourceContext,
  SourceKind,
  WebhookSource,
} from '../../src/sources/source.js'
import type { JsonValue } from '../../src/util/json.js'
import {
  delivery,
  type FixtureDelivery,
  type Headers,
  openSource,
  type SourceFixture,
} from '../sources/setting.js'

/** What a kind needs beside its fixture: who signs with the private key, and what is published. */
export interface ContractSupport {
  /** In place of the source's own, for senders that alone can sign. */
  readonly sign?: (request: SignRequest, now: number, fixture: SourceFixture) => SignedRequest
  readonly context?: SourceContext
}

/**
 * What every kind of source that receives deliveries promises, derived from recorded deliveries. The
 * signatures in a fixture were made without this code, so signing and verifying cannot be wrong together.
 */
export function sourceContract(
  name: string,
  kind: SourceKind,
  fixture: SourceFixture,
  support: ContractSupport = {},
): void {
  const { now, proof, toleranceMs, bodyIsSigned = true } = fixture
  const source = openSource(kind, fixture.options, support.context)
  const sign = (request: SignRequest, at: number, by = source) =>
    support.sign ? support.sign(request, at, fixture) : by.sign(request, at)
  const [first] = fixture.deliveries
  if (!first) throw new Error(`the fixture ${name} has no deliveries`)

  /** A delivery signed anew, as a sender does on each attempt. */
  const resigned = (body: Uint8Array, at: number, secretIndex = 0): Delivery => {
    const signed = sign({ body, type: first.type, id: first.id, secretIndex }, at)
    const renamed = fixture.signsOtherNames
      ? Object.entries(signed.headers).map(
          ([key, value]) => [key.replace(/^webhook-/, 'svix-'), value] as const,
        )
      : Object.entries(signed.headers)
    const names = new Set(renamed.map(([key]) => key.toLowerCase()))
    const headers = [...first.headers.filter(([key]) => !names.has(key.toLowerCase())), ...renamed]
    return requestOf(
      { headers, url: signedUrl(first, signed), method: first.method },
      signed.body ?? body,
      now,
    )
  }
  const altered = (headers: Headers, body: Uint8Array | string = first.body): Delivery =>
    requestOf({ ...first, headers }, body, now)

  describe(`source contract: ${name}`, () => {
    for (const each of fixture.deliveries) {
      it(`accepts ${each.name} and makes the golden events of it`, async () => {
        const sent = requestOf(each, each.body, now)
        expect(source.greet(sent, now)).toBeUndefined()
        await source.prepare?.(sent, now)
        const verified = source.verify(sent, now)
        expect(verified.secretIndex).toBe(0)
        expect(source.handshake(verified)).toBeUndefined()
        expect(JSON.parse(JSON.stringify(source.events(verified)))).toEqual(each.events)
      })

      if (!support.sign)
        it(`signs ${each.name} as the sender did`, () => {
          const body = Buffer.from(each.body)
          const signed = source.sign({ body, type: each.type, id: each.id }, now)
          const { headers } = signed
          if (!fixture.signsOtherNames && each.signsAsRecorded !== false) {
            expect(lowerCased(Object.entries(headers))).toMatchObject(
              lowerCased(each.headers.filter(([key]) => proof.includes(key))),
            )
          }
          const made = requestOf(
            {
              ...each,
              headers: Object.entries(headers),
              url: signedUrl({ url: each.url?.split('?', 1)[0] }, signed),
            },
            signed.body ?? body,
            now,
          )
          expect(source.verify(made, now).secretIndex).toBe(0)
        })
    }

    for (const each of fixture.refused ?? []) {
      it(`refuses ${each.name}`, async () => {
        const at = each.now ?? now
        const sent = requestOf(each, each.body, at)
        expect(await refusal(source, sent, at)).toBe(each.code)
      })
    }

    for (const each of fixture.handshakes ?? []) {
      it(`answers ${each.name}`, async () => {
        const sent = requestOf(each, each.body ?? '', now)
        const reply = source.greet(sent, now) ?? source.handshake(source.verify(sent, now))
        expect(reply).toMatchObject(each.reply)
      })
    }

    for (const each of fixture.noHandshakes ?? []) {
      it(`does not answer ${each.name}`, () => {
        const sent = requestOf(each, each.body ?? '', now)
        let reply: Reply | undefined
        try {
          reply = source.greet(sent, now)
        } catch (error) {
          expect(error).toBeInstanceOf(VerificationError)
        }
        expect(reply).toBeUndefined()
        expect(() => source.verify(sent, now)).toThrow(VerificationError)
      })
    }

    if (fixture.isJson !== false)
      it('reads nothing of the body before the signature is right, and says so when it cannot be read', () => {
        for (const body of ['{"a":1', '{"a":1,"a":2}', `${'['.repeat(65)}${']'.repeat(65)}`, '\xff', '']) {
          const verified = source.verify(resigned(Buffer.from(body, 'latin1'), now), now)
          expect(source.handshake(verified)).toBeUndefined()
          expect(codeOf(() => source.events(verified))).toBe('delivery.malformed')
        }
      })

    if (bodyIsSigned)
      it('refuses a body with one changed byte, one more or one less', async () => {
        const body = Buffer.from(first.body)
        for (const at of [0, Math.floor(body.length / 2), body.length - 1]) {
          const changed = Buffer.from(body)
          changed[at] = (changed[at] ?? 0) ^ 1
          await refusal(source, altered(first.headers, changed), now)
        }
        await refusal(source, altered(first.headers, Buffer.concat([body, Buffer.from('\n')])), now)
        await refusal(source, altered(first.headers, body.subarray(0, -1)), now)
        await refusal(source, altered(first.headers, Buffer.alloc(0)), now)
      })

    if (proof.length > 0) {
      it('refuses a delivery without one of the headers of the proof, or with an empty one', async () => {
        for (const header of proof) {
          const without = first.headers.filter(([key]) => key !== header)
          expect(await refusal(source, altered(without), now)).toBe('verification.missing_header')
          await refusal(source, altered(replaced(first.headers, header, '')), now)
          await refusal(source, altered(replaced(first.headers, header, ' ')), now)
        }
      })

      it('refuses a header of the proof that comes twice, whatever stands in the second', async () => {
        for (const header of proof.filter((each) => !fixture.repeats?.includes(each))) {
          const value = headerOf(first.headers, header)
          for (const second of [value, value.toUpperCase(), 'x', '']) {
            const before: Headers = [[header, second], ...first.headers]
            const after: Headers = [...first.headers, [header.toUpperCase(), second]]
            expect(await refusal(source, altered(before), now)).toBe('verification.duplicate_header')
            expect(await refusal(source, altered(after), now)).toBe('verification.duplicate_header')
          }
        }
      })

      it('refuses a signature that is one character short, one long, or changed anywhere', async () => {
        const [header = ''] = proof
        const value = headerOf(first.headers, header)
        const changes = [value.slice(0, -1), `${value}0`, `${value}zz`, value.slice(1)]
        for (let at = 0; at < value.length; at++) {
          changes.push(value.slice(0, at) + (value[at] === 'a' ? 'b' : 'a') + value.slice(at + 1))
        }
        for (const change of changes)
          await refusal(source, altered(replaced(first.headers, header, change)), now)
      })
    }

    if (fixture.hasOneSecret !== true)
      it('accepts the second secret and says that it was the second', async () => {
        const sent = resigned(Buffer.from(first.body), now, 1)
        await source.prepare?.(sent, now)
        expect(source.verify(sent, now).secretIndex).toBe(1)
      })

    it('refuses what another secret signed', async () => {
      const wrong = openSource(kind, fixture.wrong, support.context)
      await refusal(wrong, requestOf(first, first.body, now), now)
      if (support.sign) return
      const body = Buffer.from(first.body)
      const signed = wrong.sign({ body, type: first.type, id: first.id }, now)
      const headers = Object.entries(signed.headers)
      const sent = requestOf({ ...first, headers, url: signedUrl(first, signed) }, signed.body ?? body, now)
      await refusal(source, sent, now)
    })

    it('gives a redelivery the same event ids', async () => {
      const sent = resigned(Buffer.from(first.body), now + 60_000)
      await source.prepare?.(sent, now + 60_000)
      const again = source.verify(sent, now + 60_000)
      const ids = source.events(again).map((event) => event.sourceEventId)
      if (fixture.idIsOfTheAttempt) expect(ids).toHaveLength(first.events.length)
      else expect(ids).toEqual(first.events.map((event) => event.sourceEventId))
    })

    it('has samples that verify and are read as their own type', async () => {
      expect(source.samples.length).toBeGreaterThan(0)
      for (const sample of source.samples) {
        const body = Buffer.from(bodyText(sample.body))
        const signed = sign({ body, type: sample.type, id: 'sample-1' }, now)
        const headers = Object.entries(signed.headers)
        const url = signedUrl(first, signed)
        const sent = requestOf({ headers, url, method: first.method }, signed.body ?? body, now)
        await source.prepare?.(sent, now)
        const [event] = source.events(source.verify(sent, now))
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
      const signedAt = (at: number) => resigned(Buffer.from(first.body), at)

      it('is accepted at the edges of the tolerance', () => {
        for (const at of [now - tolerance, now + tolerance]) source.verify(signedAt(at), now)
      })

      it('is refused a second outside of them, in the past and in the future', async () => {
        const stale = await refusal(source, signedAt(now - tolerance - 1000), now)
        const future = await refusal(source, signedAt(now + tolerance + 1000), now)
        expect([stale, future]).toEqual(['verification.stale_timestamp', 'verification.future_timestamp'])
      })

      const written = writtenTime(fixture, first)
      if (written)
        it('is refused when it is no time at all', async () => {
          const odd = ['NaN', 'Infinity', '0', '-1767225600', '+1767225600', '1767225600.0', '1767225600abc']
          const odder = ['0x6955B900', '1e9', '١٧٦٧٢٢٥٦٠٠', '1767225600 1767225600', '99999999999']
          for (const text of [...odd, ...odder]) {
            expect(await refusal(source, altered(written(text)), now)).toMatch(
              /^verification\.malformed_(timestamp|signature)$/,
            )
          }
        })
    })
  })
}

/** Puts another text in the place of the signed time, where that stands in a header. */
function writtenTime(
  { proof }: SourceFixture,
  { headers }: FixtureDelivery,
): ((text: string) => Headers) | undefined {
  const own = proof.find((each) => each.includes('timestamp'))
  if (own !== undefined) return (text) => replaced(headers, own, text)
  const [signature = ''] = proof
  const value = headers.find(([key]) => key === signature)?.[1] ?? ''
  const time = /\b17\d{8}(\d{3})?\b/.exec(value)?.[0]
  return time === undefined ? undefined : (text) => replaced(headers, signature, value.replace(time, text))
}

/** A form or XML sample is a text; everything else is JSON. */
function bodyText(body: JsonValue): string {
  return typeof body === 'string' ? body : JSON.stringify(body)
}

function signedUrl({ url }: { readonly url?: string }, { query }: SignedRequest): string | undefined {
  return query === undefined ? url : `${(url ?? '/hooks/under-test').split('?', 1)[0]}?${query}`
}

function requestOf(
  { headers, url, method }: { readonly headers?: Headers; readonly url?: string; readonly method?: string },
  body: Uint8Array | string,
  receivedAt: number,
): Delivery {
  const sent = delivery(headers ?? [], body, receivedAt)
  return { ...sent, method: method ?? 'POST', url: url ?? sent.url }
}

/** The code of the refusal. Fails where there is none, or where anything else is thrown. */
async function refusal(source: WebhookSource, sent: Delivery, now: number): Promise<string> {
  try {
    await source.prepare?.(sent, now)
    source.verify(sent, now)
  } catch (error) {
    expect(error).toBeInstanceOf(VerificationError)
    return (error as AppError).code
  }
  throw new Error(`accepted ${JSON.stringify(sent.rawHeaders)} ${Buffer.from(sent.body).toString('latin1')}`)
}

function lowerCased(headers: Headers): Record<string, string> {
  return Object.fromEntries(headers.map(([key, value]) => [key.toLowerCase(), value]))
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
