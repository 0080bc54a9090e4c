import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/domain/errors.js'
import { secretField } from '../../src/sources/engine/secret.js'
import { sourceKinds } from '../../src/sources/registry.js'
import { exceptions } from '../support/vectors/exceptions.js'
import { parseVectors, readVectors } from '../support/vectors/format.js'
import { described, describedSetting } from '../support/vectors/kinds.js'
import { openPastSchema } from '../support/vectors/open.js'
import { ofOutcome, reportOf } from '../support/vectors/report.js'
import { runVectors } from '../support/vectors/run.js'
import { delivery, testContext } from './setting.js'

/** Published and recomputed requests, sent over HTTP to the listener; see `npm run vectors`. */

const file = fileURLToPath(new URL('../fixtures/vectors.json', import.meta.url))
const vectors = readVectors(file)
const results = await runVectors(vectors)

/** What published examples use as secrets, and the load refuses. */
const refusedSecrets = new Set([
  'mysecret',
  'development',
  'whsec_test_secret',
  'sampleToken!',
  's3cr3t',
  's3cr3tx',
  'secret',
  'another-secret',
  'hunter123',
  'VALID_SECRET',
  'VALID_SECRETx',
  'test_secret',
  'test_webhook_secret',
  'signature-key',
  'secret:pass',
  'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy',
  '12345',
  '12345x',
  'meatyhamhock',
])

describe('the vectors of every sender', () => {
  for (const { vector, outcome, reasons } of results) {
    it(`${vector.id} is ${vector.isValid ? 'valid' : 'invalid'}${vector.id in exceptions ? ', but not here' : ''}`, () => {
      expect(outcome, reasons.join('; ')).toBe(vector.id in exceptions ? 'excepted' : 'right')
    })
  }

  it('need no secret past the schema but those that published examples have', () => {
    const used = new Set(results.flatMap((result) => result.refusedSecrets))
    expect([...used].filter((secret) => !refusedSecrets.has(secret))).toEqual([])
    for (const text of refusedSecrets) expect(secretField().safeParse(text).success).toBe(false)
  })
})

describe('the vectors of senders that a description covers', () => {
  const covered = vectors.filter(
    ({ provider, scheme, expected }) =>
      expected === undefined &&
      described.some((each) => each.provider === provider && each.scheme === scheme),
  )

  it('come out as they should through a description, too', async () => {
    const wrong = ofOutcome(await runVectors(covered, describedSetting), 'wrong')
    expect(wrong.map(({ vector: { id }, reasons }) => `${id}: ${reasons.join('; ')}`)).toEqual([])
    expect(covered.length).toBeGreaterThan(110)
  })
})

describe('the runner', () => {
  const [sample] = vectors.filter(({ id }) => id === 'meta/basic')
  if (!sample) throw new Error('there is no vector meta/basic')
  const entry = {
    id: 'acme/1',
    provider: 'acme-corporation',
    scheme: 'github-v256',
    expect: 'valid',
    now: 1_700_000_000,
    secrets: ['s3cr3t'],
    request: {
      method: 'POST',
      url: sample.url,
      headers: sample.headers,
      body_b64: sample.body.toString('base64'),
    },
  }
  const run = (...entries: readonly object[]) =>
    runVectors(parseVectors(JSON.stringify({ vectors: entries })))

  it('knows senders that it has never heard of by a scheme that it knows', async () => {
    const standard = vectors.find(({ id }) => id === 'standard-webhooks/v1')
    const other = {
      ...entry,
      id: 'acme/2',
      scheme: 'standard-webhooks',
      secrets: standard?.secrets,
      now: 1614265330,
    }
    const request = { headers: standard?.headers, body_b64: standard?.body.toString('base64') }
    const [first, second] = await run(entry, { ...other, request })
    expect([first?.outcome, first?.kind]).toEqual(['right', 'custom'])
    expect([second?.outcome, second?.kind]).toEqual(['right', 'standard-webhooks'])
  })

  it('says that it is wrong when a vector comes out otherwise', async () => {
    const [valid, invalid] = await run({ ...entry, secrets: ['another'] }, { ...entry, expect: 'invalid' })
    expect(valid).toMatchObject({ outcome: 'wrong' })
    expect(valid?.reasons[0]).toMatch(
      /^expected 2xx, answered 401, 0 recorded \(verification.signature_mismatch: /,
    )
    expect(invalid?.reasons).toEqual(['expected 4xx and nothing recorded, answered 202, 1 recorded'])
  })

  it('does not run what it does not know, and says so', async () => {
    const unknown = await run({ ...entry, scheme: 'rot13' })
    expect(unknown[0]?.outcome).toBe('not_run')
    expect(reportOf(unknown)).toContain('Not run:\n  acme/1 (acme-corporation, rot13)')
  })

  it('refuses a file that is not of the format, and names the entry', () => {
    expect(() => parseVectors(JSON.stringify([{ ...entry, expect: 'perhaps' }]))).toThrow(/vector acme\/1/)
  })
})

describe('a signed body that is not UTF-8', () => {
  it('verifies, and then cannot be read', () => {
    const vector = vectors.find(({ id }) => id === 'github/invalid-utf8-body')
    const options = (secrets: readonly string[]) => ({ secret: [...secrets] })
    const kind = sourceKinds.github
    const { source } = openPastSchema({ kind, secrets: ['mysecret'], options }, testContext)
    const verified = source.verify(delivery(vector?.headers ?? [], vector?.body ?? ''), 0)
    expect(() => source.events(verified)).toThrow(AppError)
  })
})
