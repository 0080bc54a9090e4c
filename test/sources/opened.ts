import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Delivery } from '../../src/domain/delivery.js'
import { AppError, VerificationError } from '../../src/domain/errors.js'
import { sourceKinds } from '../../src/sources/registry.js'
import type { SignedRequest, SignRequest, SourceKind, WebhookSource } from '../../src/sources/source.js'
import type { ContractSupport } from '../contract/source.js'
import { delivery, type FixtureRequest, openSource, readFixture, type SourceFixture } from './setting.js'

/** A kind of source as its fixture has it: open, and with a request of the sender's. */
export interface OpenedFixture {
  readonly name: string
  readonly kind: SourceKind
  readonly fixture: SourceFixture
  readonly source: WebhookSource
  /** The first recorded delivery. */
  readonly recorded: Delivery
  requestOf(request: Omit<FixtureRequest, 'name'>): Delivery
  sign(request: SignRequest, now: number): SignedRequest
}

/** Every fixture of a kind that is registered. */
export async function openFixtures(): Promise<OpenedFixture[]> {
  const names = readdirSync(join(import.meta.dirname, '..', 'fixtures', 'sources'))
    .filter((file) => file.endsWith('.json') && !file.startsWith('senders'))
    .map((file) => file.slice(0, -'.json'.length))
  const opened = await Promise.all(names.map(openFixture))
  return opened.filter((each) => each !== undefined)
}

const kinds: readonly SourceKind[] = Object.values(sourceKinds)

async function openFixture(name: string): Promise<OpenedFixture | undefined> {
  const fixture = readFixture(name)
  const kind = kinds.find((each) => each.kind === fixture.kind)
  if (!kind) return undefined
  const support = await supportOf(name)
  const source = openSource(kind, fixture.options, support.context)
  const requestOf = ({ headers = [], body = '', url, method }: Omit<FixtureRequest, 'name'>): Delivery => {
    const sent = delivery(headers, body, fixture.now)
    return { ...sent, method: method ?? sent.method, url: url ?? sent.url }
  }
  const [first] = fixture.deliveries
  if (!first) throw new Error(`the fixture ${name} has no deliveries`)
  return {
    name,
    kind,
    fixture,
    source,
    recorded: requestOf(first),
    requestOf,
    sign: (request, now) => support.sign?.(request, now, fixture) ?? source.sign(request, now),
  }
}

async function supportOf(name: string): Promise<ContractSupport> {
  const file = join(import.meta.dirname, 'support', `${name}.ts`)
  if (!existsSync(file)) return {}
  return ((await import(file)) as { support: ContractSupport }).support
}

/**
 * What the daemon makes of a delivery, as `ingest/receive.ts` does: `greeted`, `refused`, `accepted`, or what went
 * wrong that must not. A key that cannot be had is a refusal, too: the sender is asked to come back.
 */
export async function verdictOf(source: WebhookSource, sent: Delivery, now: number): Promise<string> {
  try {
    const greeting = source.greet(sent, now)
    if (greeting) return badHeader(greeting.headers) ?? 'greeted'
    await source.prepare?.(sent, now)
    const verified = source.verify(sent, now)
    if (source.handshake(verified)) return 'accepted'
    try {
      for (const { type } of source.events(verified)) {
        if (type === '' || type.length > 200) return `an event of the type ${JSON.stringify(type)}`
      }
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'delivery.malformed')
        return `events: ${String(error)}`
    }
    return 'accepted'
  } catch (error) {
    if (error instanceof VerificationError) return 'refused'
    const isKeyAway = error instanceof AppError && error.code === 'verification.key_unavailable'
    return isKeyAway ? 'refused' : `${error instanceof Error ? error.stack : String(error)}`
  }
}

/** What Node would throw on while it answers. */
function badHeader(headers: Readonly<Record<string, string>> = {}): string | undefined {
  const bad = Object.entries(headers).find(([, value]) => !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
  return bad && `an answer with the header ${bad[0]}: ${JSON.stringify(bad[1])}`
}
