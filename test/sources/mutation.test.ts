import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VerificationError } from '../../src/domain/errors.js'
import { sourceKinds } from '../../src/sources/registry.js'
import type { SourceKind, WebhookSource } from '../../src/sources/source.js'
import { delivery, type Headers, openSource, readFixture, type SourceFixture } from './setting.js'

/** Whatever is done to a signed request, it is refused, and with a VerificationError and nothing else. */

const names = [
  'github',
  'gitlab',
  'gitlab-token',
  'stripe',
  'zendesk',
  'slack',
  'standard-webhooks',
  'svix',
  'custom',
  'custom-batch',
  'custom-basic',
  'custom-token',
]
const kinds: readonly SourceKind[] = Object.values(sourceKinds)

function open(fixture: SourceFixture): WebhookSource {
  const kind = kinds.find((each) => each.kind === fixture.kind)
  if (!kind) throw new Error(`no kind ${fixture.kind}`)
  return openSource(kind, fixture.options)
}

/** `refused`, `accepted`, or the name of what else was thrown. */
function verdict(source: WebhookSource, headers: Headers, body: Uint8Array, now: number): string {
  try {
    source.verify(delivery(headers, body, now), now)
    return 'accepted'
  } catch (error) {
    return error instanceof VerificationError ? 'refused' : String(error)
  }
}

type Edit = (text: Buffer, at: number, byte: number) => Buffer
const edits: Readonly<Record<string, Edit>> = {
  replace: (text, at, byte) =>
    Buffer.concat([text.subarray(0, at), Buffer.from([byte]), text.subarray(at + 1)]),
  delete: (text, at) => Buffer.concat([text.subarray(0, at), text.subarray(at + 1)]),
  truncate: (text, at) => text.subarray(0, at),
}
const insert: Edit = (text, at, byte) =>
  Buffer.concat([text.subarray(0, at), Buffer.from([byte]), text.subarray(at)])

const editName = fc.constantFrom(...Object.keys(edits))
const position = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })

for (const name of names) {
  const fixture = readFixture(name)
  const source = open(fixture)
  const [first] = fixture.deliveries
  if (!first) throw new Error(`the fixture ${name} has no deliveries`)
  const body = Buffer.from(first.body)

  describe(name, () => {
    it('refuses every changed header of its proof', () => {
      fc.assert(
        fc.property(
          fc.constantFrom(...fixture.proof),
          editName,
          position,
          fc.integer({ min: 0x20, max: 0xff }),
          (header, edit, share, byte) => {
            const before = Buffer.from(first.headers.find(([key]) => key === header)?.[1] ?? '', 'latin1')
            const after = edits[edit]?.(before, Math.floor(share * before.length), byte) ?? before
            fc.pre(!isSameHeader(header, before, after))
            const headers = first.headers.map(
              ([key, value]) => [key, key === header ? after.toString('latin1') : value] as const,
            )
            expect(verdict(source, headers, body, fixture.now)).toBe('refused')
          },
        ),
        { numRuns: 300 },
      )
    })

    if (fixture.bodyIsSigned !== false) {
      it('refuses every changed body', () => {
        fc.assert(
          fc.property(
            fc.constantFrom(...Object.values(edits), insert),
            position,
            fc.integer({ min: 0, max: 255 }),
            (edit, share, byte) => {
              const changed = edit(body, Math.floor(share * body.length), byte)
              fc.pre(!changed.equals(body))
              expect(verdict(source, first.headers, changed, fixture.now)).toBe('refused')
            },
          ),
          { numRuns: 200 },
        )
      })
    }

    it('refuses whatever stands in the headers instead, and never fails otherwise', () => {
      const value = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ maxLength: 200 }))
      fc.assert(
        fc.property(
          fc.array(value, { minLength: 3, maxLength: 3 }),
          fc.uint8Array({ maxLength: 100 }),
          (values, bytes) => {
            const headers = fixture.proof.map((header, at) => [header, values[at] ?? ''] as const)
            expect(verdict(source, headers, bytes, fixture.now)).toBe('refused')
          },
        ),
        { numRuns: 200 },
      )
    })
  })
}

/** The scheme’s name in `Authorization` has no case, by RFC 7617; that change is no change. */
function isSameHeader(header: string, before: Buffer, after: Buffer): boolean {
  if (before.equals(after)) return true
  if (header !== 'authorization' || !before.toString('latin1').startsWith('Basic ')) return false
  const [left, right] = [before, after].map((text) => text.toString('latin1'))
  return left?.slice(6) === right?.slice(6) && left?.toLowerCase() === right?.toLowerCase()
}
