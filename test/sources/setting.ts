import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Delivery } from '../../src/domain/delivery.js'
import type { EventDraft } from '../../src/domain/event.js'
import type { Secret } from '../../src/sources/secret.js'
import type { SourceKind, WebhookSource } from '../../src/sources/source.js'
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

/** Opens a source with options as the file has them. */
export function openSource(kind: SourceKind, options: unknown): WebhookSource {
  const opened = kind.open?.(kind.options.parse(options))
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
  const opened = kind.open?.(parsed)
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
  /** Golden. */
  readonly events: readonly (Omit<EventDraft, 'data'> & { readonly data?: JsonValue })[]
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
  readonly deliveries: readonly FixtureDelivery[]
}

const fixtures = join(import.meta.dirname, '..', 'fixtures')

export function readFixture(name: string): SourceFixture {
  return JSON.parse(readFileSync(join(fixtures, 'sources', `${name}.json`), 'utf8')) as SourceFixture
}

export function readFixtureText(name: string): string {
  return readFileSync(join(fixtures, name), 'utf8')
}
