import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Delivery, headerValues } from '../../src/domain/delivery.js'
import { type JsonValue, stringifyJson } from '../../src/util/json.js'
import { type OpenedFixture, openFixtures, verdictOf } from './opened.js'

/**
 * Whatever is done to a signed request, of any kind, it is refused, and never with anything but a refusal. What stands
 * beside the proof (entries of another version, white space between entries) may change; what proves may not.
 */

const runs = { numRuns: 25 }
/** The same lot each time, so that what fails here fails everywhere; FUZZ_SEED=<n> draws another. */
fc.configureGlobal({ seed: Number(process.env['FUZZ_SEED'] ?? 20261121) })

type Edit = (text: Buffer, at: number, bytes: Uint8Array) => Buffer
const edits: readonly Edit[] = [
  (text, at, bytes) => Buffer.concat([text.subarray(0, at), bytes, text.subarray(at + bytes.length)]),
  (text, at, bytes) => Buffer.concat([text.subarray(0, at), bytes, text.subarray(at)]),
  (text, at, bytes) => Buffer.concat([text.subarray(0, at), text.subarray(at + bytes.length)]),
  (text, at) => text.subarray(0, at),
  (text, at) => Buffer.concat([text, text.subarray(at)]),
  // Letters in the other case, one or all: base64 is another value, and hex another spelling.
  (text, at) => withCase(text, at, at + 1),
  (text) => withCase(text, 0, text.length),
]

function withCase(text: Buffer, from: number, to: number): Buffer {
  return Buffer.from(text).map((byte, at) =>
    at >= from && at < to && /[A-Za-z]/.test(String.fromCharCode(byte)) ? byte ^ 0x20 : byte,
  ) as Buffer
}

const edit = fc.record({
  change: fc.constantFrom(...edits),
  share: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 3 }),
})

function edited(text: Buffer, { change, share, bytes }: { change: Edit; share: number; bytes: Uint8Array }) {
  return change(text, Math.floor(share * text.length), bytes)
}

/** What a header may carry on the wire: bytes without line breaks, as latin1. */
const headerText = fc.uint8Array({ maxLength: 60 }).map((bytes) =>
  Buffer.from(bytes)
    .toString('latin1')
    .replace(/[\r\n\0]/g, ' '),
)

/** Another value somewhere in a JSON text; undefined for a change of its bytes. */
const change = fc.option(
  fc.record({ place: fc.nat(), value: fc.jsonValue({ maxDepth: 2 }), isGone: fc.boolean() }),
  { nil: undefined, freq: 8 },
)

for (const opened of await openFixtures()) {
  const { name, fixture, source, recorded } = opened
  const { now } = fixture
  const verdict = (sent: Delivery) => verdictOf(source, sent, now)

  describe(name, () => {
    if (fixture.proof.length > 0)
      it('refuses each change of what proves it', async () => {
        const proofs = await Promise.all(
          fixture.proof.map(async (header) => ({ header, words: await provingWords(opened, header) })),
        )
        await fc.assert(
          fc.asyncProperty(fc.constantFrom(...proofs), edit, async ({ header, words }, given) => {
            const [value = ''] = headerValues(recorded.rawHeaders, header)
            const changed = edited(Buffer.from(value, 'latin1'), given)
              .toString('latin1')
              .replace(/[\r\n\0]/g, ' ')
            fc.pre(!isWhole(changed, words))
            expect(await verdict(withHeader(recorded, header, changed)), changed).toBe('refused')
          }),
          { ...runs, numRuns: 40 },
        )
      })

    it('refuses each change of a signed body, and fails at none', async () => {
      const isSigned = fixture.bodyIsSigned !== false
      await fc.assert(
        fc.asyncProperty(edit, async (given) => {
          const body = edited(Buffer.from(recorded.body), given)
          fc.pre(!body.equals(recorded.body) && !(isForm(recorded) && isSameForm(body, recorded.body)))
          const found = await verdict({ ...recorded, body })
          expect(isSigned ? ['refused', 'greeted'] : ['accepted', 'refused', 'greeted']).toContain(found)
        }),
        runs,
      )
    })

    it('accepts its headers in any order, and no header of its proof twice', async () => {
      const pairs = pairsOf(recorded)
      await fc.assert(
        fc.asyncProperty(
          fc.shuffledSubarray(pairs, { minLength: pairs.length }),
          fc.nat(Math.max(0, pairs.length - 1)),
          headerText,
          async (order, at, value) => {
            expect(await verdict({ ...recorded, rawHeaders: order.flat() })).toBe('accepted')
            const [header] = pairs[at] ?? ['x-other']
            const twice = { ...recorded, rawHeaders: [...order.flat(), header, value] }
            const isProof = fixture.proof.includes(header.toLowerCase())
            const mayRepeat = fixture.repeats?.includes(header.toLowerCase()) === true
            const allowed = isProof && !mayRepeat ? ['refused'] : ['accepted', 'refused']
            expect(allowed, `${header} twice`).toContain(await verdict(twice))
          },
        ),
        runs,
      )
    })

    it('refuses whatever else comes, and fails at nothing', async () => {
      const names = fc.constantFrom(
        ...fixture.proof,
        ...pairsOf(recorded).map(([header]) => header),
        'x-other',
      )
      const body = fc.oneof(
        fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
        fc.json().map((text) => Buffer.from(text)),
        fc.webQueryParameters().map((text) => Buffer.from(text)),
      )
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(names, headerText), { maxLength: 6 }),
          body,
          fc.constantFrom('POST', 'GET', 'HEAD', 'OPTIONS', 'PUT'),
          headerText,
          async (headers, bytes, method, query) => {
            const url = `/hooks/under-test?${query.replaceAll(' ', '%')}`
            const sent = { ...recorded, method, url, rawHeaders: headers.flat(), body: bytes }
            expect(['refused', 'greeted']).toContain(await verdict(sent))
          },
        ),
        { ...runs, numRuns: 40 },
      )
    })

    it('makes events of whatever it signs itself, or says that there are none in it', async () => {
      const samples = [...fixture.deliveries.map(({ body }) => body), ...source.samples.map(sampleText)]
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...samples), change, edit, async (sample, how, given) => {
          const body = how === undefined ? edited(Buffer.from(sample), given) : changedJson(sample, how)
          const sent = signedWith(opened, body)
          fc.pre(sent !== undefined)
          expect(['accepted', 'refused', 'greeted']).toContain(await verdict(sent ?? recorded))
        }),
        runs,
      )
    })

    it('fails at no query and no handshake, however it is changed', async () => {
      const seeds = [...(fixture.handshakes ?? []), ...(fixture.noHandshakes ?? [])].map(opened.requestOf)
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(recorded, ...seeds), edit, edit, async (seed, first, second) => {
          const at = seed.url.indexOf('?')
          const query = at < 0 ? 'a=b' : seed.url.slice(at + 1)
          const changed = edited(Buffer.from(query), first).toString('latin1').replace(/[\s#]/g, '%')
          const pairs = pairsOf(seed).map(([header, value], index) =>
            index === first.bytes[0] ? [header, `${value}\x80%`] : [header, value],
          )
          const sent = {
            ...seed,
            url: `/hooks/under-test?${changed}`,
            rawHeaders: pairs.flat(),
            body: edited(Buffer.from(seed.body), second),
          }
          expect(['accepted', 'refused', 'greeted']).toContain(await verdict(sent))
        }),
        { ...runs, numRuns: 40 },
      )
    })
  })
}

function sampleText({ body }: { readonly body: JsonValue }): string {
  return typeof body === 'string' ? body : stringifyJson(body)
}

/** One value of the text replaced, or taken out. */
function changedJson(
  text: string,
  { place, value, isGone }: { place: number; value: unknown; isGone: boolean },
): Buffer {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return Buffer.from(JSON.stringify(value))
  }
  const places: { holder: Record<string, unknown>; key: string }[] = []
  const walk = (holder: unknown) => {
    if (typeof holder !== 'object' || holder === null) return
    for (const key of Object.keys(holder)) {
      places.push({ holder: holder as Record<string, unknown>, key })
      walk((holder as Record<string, unknown>)[key])
    }
  }
  walk(document)
  const chosen = places[place % Math.max(1, places.length)]
  if (!chosen) return Buffer.from(JSON.stringify(value))
  if (isGone) delete chosen.holder[chosen.key]
  else chosen.holder[chosen.key] = value
  return Buffer.from(JSON.stringify(document))
}

/** As the sender would send it; undefined where it cannot sign such a body at all. */
function signedWith({ sign, fixture, recorded }: OpenedFixture, body: Buffer): Delivery | undefined {
  try {
    const signed = sign({ body, type: 'fuzz', id: 'fuzz-1' }, fixture.now)
    const names = new Set(Object.keys(signed.headers).map((name) => name.toLowerCase()))
    const kept = pairsOf(recorded).filter(([name]) => !names.has(name.toLowerCase()))
    const url = signed.query === undefined ? recorded.url : `/hooks/under-test?${signed.query}`
    const rawHeaders = [...kept, ...Object.entries(signed.headers)].flat()
    return { ...recorded, url, rawHeaders, body: signed.body ?? body }
  } catch {
    return undefined
  }
}

function pairsOf({ rawHeaders }: Delivery): [string, string][] {
  return rawHeaders.flatMap((name, at): [string, string][] =>
    at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? '']] : [],
  )
}

function withHeader(sent: Delivery, header: string, value: string): Delivery {
  const pairs = pairsOf(sent).map(([name, old]) => [name, name.toLowerCase() === header ? value : old])
  return { ...sent, rawHeaders: pairs.flat() }
}

const word = /[A-Za-z0-9+/=_.:-]{6,}/g

/** The words of a header without which it is refused. */
async function provingWords({ source, recorded, fixture }: OpenedFixture, header: string): Promise<string[]> {
  const [value = ''] = headerValues(recorded.rawHeaders, header)
  const words: string[] = []
  for (const each of value.match(word) ?? []) {
    const without = withHeader(recorded, header, value.replace(each, ''))
    if ((await verdictOf(source, without, fixture.now)) !== 'accepted') words.push(each)
  }
  return words
}

/** Whether every proving word still stands there, by itself. */
function isWhole(value: string, words: readonly string[]): boolean {
  const found = value.match(word) ?? []
  return words.every((each) => found.filter((other) => other === each).length === 1)
}

function isForm({ body }: Delivery): boolean {
  return !/^\s*[[{<]/.test(Buffer.from(body).toString('latin1'))
}

/** Another spelling of the same fields is the same form. */
function isSameForm(left: Uint8Array, right: Uint8Array): boolean {
  const fields = (bytes: Uint8Array) =>
    JSON.stringify([...new URLSearchParams(Buffer.from(bytes).toString('latin1'))].sort())
  return fields(left) === fields(right)
}
