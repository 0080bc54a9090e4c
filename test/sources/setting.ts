import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Delivery, Reply } from '../../src/domain/delivery.js'
import type { EventDraft } from '../../src/domain/event.js'
import type { Secret } from '../../src/sources/engine/secret.js'
import type { SourceContext, SourceKind, WebhookSource } from '../../src/sources/source.js'
import type { JsonValue } from '../../src/util/json.js'

export type Headers = readonly (readonly [name: string, value: string])[]

export function delivery(headers: Headers, body: Uint8Array | string, receivedAt = 0): Delivery {
  return {
    id: 'dlv_00000000000000000000000000000000',
    source: 'under-test',
    receivedAt,
    method: 'POST',
    url: '/hooks/under-test',
    rawHeaders: headers.flat(),
    body: typeof body === 'string' ? Buffer.from(body) : body,
  }
}

/** A source's surroundings, in which nothing can be fetched. */
export const testContext: SourceContext = {
  url: 'https://hooks.example.com/hooks/under-test',
  keys: {
    load: () => Promise.reject(new Error('nothing is fetched here')),
    get: () => undefined,
    close: () => Promise.resolve(),
  },
  secretFile: () => {
    throw new Error('there are no files here')
  },
}

/** Opens a source with options as the file has them. */
export function openSource(kind: SourceKind, options: unknown, context = testContext): WebhookSource {
  const opened = kind.open?.(kind.options.parse(options), context)
  if (!opened) throw new Error(`${kind.kind} receives no deliveries`)
  return opened
}

/** The key under which a kind's parsed options hold their secrets. */
export type SecretKey = 'secret' | 'token' | 'verify.secrets'

/**
 * Opens a source with secrets that the schema refuses (published examples use `s3cr3t`): parsed with a good
 * one, which is then replaced.
 */
export function openWithWeakSecrets(
  kind: SourceKind,
  options: unknown,
  key: SecretKey,
  secrets: readonly Secret[],
): WebhookSource {
  const parsed: Record<string, unknown> = { ...kind.options.parse(options) }
  if (key === 'verify.secrets') parsed['verify'] = { ...(parsed['verify'] as object), secrets }
  else parsed[key] = secrets
  const opened = kind.open?.(parsed, testContext)
  if (!opened) throw new Error(`${kind.kind} receives no deliveries`)
  return opened
}

export interface FixtureDelivery {
  readonly name: string
  readonly type: string
  /** The sender's delivery or event id. */
  readonly id: string
  readonly headers: Headers
  readonly body: string
  /** Path and query; `/hooks/under-test`. */
  readonly url?: string
  /** POST. */
  readonly method?: string
  /** False where an equally good signature differs each time. */
  readonly signsAsRecorded?: boolean
  /** Golden. */
  readonly events: readonly (Omit<EventDraft, 'data'> & { readonly data?: JsonValue })[]
}

export interface FixtureRequest {
  readonly name: string
  readonly method?: string
  readonly url?: string
  readonly headers?: Headers
  readonly body?: string
}

export interface SourceFixture {
  readonly kind: string
  /** With two secrets, the current one first. */
  readonly options: Record<string, unknown>
  /** The same source with another secret. */
  readonly wrong: Record<string, unknown>
  /** Epoch milliseconds at which the deliveries were signed. */
  readonly now: number
  /** Of the signed time; undefined where none is signed. */
  readonly toleranceMs?: number
  /** The headers without which nothing verifies, the signature first. */
  readonly proof: readonly string[]
  /** False where the scheme proves the sender only. */
  readonly bodyIsSigned?: boolean
  /** True where the kind accepts these header names but signs with others. */
  readonly signsOtherNames?: boolean
  /** False where the body is a form or XML. */
  readonly isJson?: boolean
  /** True where there can be one secret only, or none that a test could sign with. */
  readonly hasOneSecret?: boolean
  /** True where the sender's id is another on each attempt. */
  readonly idIsOfTheAttempt?: boolean
  /** Headers of the proof that may come more than once. */
  readonly repeats?: readonly string[]
  /** Requests that must not verify, each with the code of the refusal. */
  readonly refused?: readonly (FixtureRequest & {
    readonly body: string
    readonly now?: number
    readonly code: string
  })[]
  /** Handshakes, signed or not, with what is answered. */
  readonly handshakes?: readonly (FixtureRequest & { readonly reply: Partial<Reply> })[]
  /** What looks like a handshake and is none: neither answered nor accepted. */
  readonly noHandshakes?: readonly FixtureRequest[]
  readonly deliveries: readonly FixtureDelivery[]
}

const fixtures = join(import.meta.dirname, '..', 'fixtures')

export function readFixture(name: string): SourceFixture {
  return JSON.parse(readFileSync(join(fixtures, 'sources', `${name}.json`), 'utf8')) as SourceFixture
}

export function readFixtureText(name: string): string {
  return readFileSync(join(fixtures, name), 'utf8')
}
