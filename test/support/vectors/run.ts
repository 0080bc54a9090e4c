import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InFlight } from '../../../src/http/body.js'
import { createHooksApp } from '../../../src/http/hooks.js'
import { PeerLimiter } from '../../../src/http/peers.js'
import { type Listener, listen } from '../../../src/http/server.js'
import { RefusalCounter } from '../../../src/ingest/refusals.js'
import { createRemoteKeys } from '../../../src/sources/engine/keys.js'
import { openSecretFile } from '../../../src/sources/engine/secret-file.js'
import type { SourceContext, WebhookSource } from '../../../src/sources/source.js'
import { storeEngines } from '../../../src/store/registry.js'
import type { Store } from '../../../src/store/store.js'
import { createLogger } from '../../../src/util/log.js'
import { FakeClock } from '../fake-clock.js'
import { exceptions } from './exceptions.js'
import { clockOf, publishedText } from './facts.js'
import type { Vector } from './format.js'
import { isHandshake, whyNotAnswered } from './handshake.js'
import { settingOf } from './kinds.js'
import { openPastSchema, type Setting } from './open.js'
import { type Answer, send } from './send.js'

/** What became of a vector. */
export interface Result {
  readonly vector: Vector
  /** The kind of source that it was sent to. */
  readonly kind?: string
  /** `excepted`: otherwise than the file says, on purpose, for the reason that is given. */
  readonly outcome: 'right' | 'wrong' | 'excepted' | 'not_run'
  /** `verified`: the sender was believed, and the body is no event of its: such vectors have made-up bodies. */
  readonly answer?: 'accepted' | 'verified' | 'answered' | 'refused'
  /** Why it is wrong or was not run, or in what it was not run as it stands. */
  readonly reasons: readonly string[]
  /** Used past the schema. */
  readonly refusedSecrets: readonly string[]
}

export interface Bench {
  run(vector: Vector, setting?: Setting): Promise<Result>
  close(): Promise<void>
}

/** Also remembers why the last one was refused. */
class Refusals extends RefusalCounter {
  last: { readonly code: string; readonly message: string } | undefined

  override count(source: string, code: string, message: string): void {
    this.last = { code, message }
    super.count(source, code, message)
  }
}

/** A listener as the daemon has it, over a ledger of its own, with one source for each vector. */
export async function openBench(): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'rouse-vectors-'))
  const store = await storeEngines.sqlite({ file: join(directory, 'rouse.db'), exclusive: true })
  const clock = new FakeClock()
  const log = createLogger({ level: 'silent' })
  const sources = new Map<string, WebhookSource>()
  const refusals = new Refusals(store, clock, log)
  const app = createHooksApp({
    receiver: { store, clock, onRecorded: () => undefined },
    refusals,
    inFlight: new InFlight(256 * 1024 * 1024),
    peers: new PeerLimiter(clock, Number.MAX_SAFE_INTEGER),
    log,
    sources: () => sources,
    unready: () => undefined,
  })
  const listener = await listen(app, { host: '127.0.0.1', port: 0 })
  const setting: BenchSetting = { store, clock, sources, listener, directory, refusals }
  return {
    run: (vector, given) => runOne(vector, given ?? settingOf(vector), setting),
    async close() {
      await listener.close(0)
      await refusals.flush()
      await store.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** All of them, one after the other. */
export async function runVectors(
  vectors: readonly Vector[],
  settingFor: (vector: Vector) => Setting | undefined = settingOf,
): Promise<Result[]> {
  const bench = await openBench()
  try {
    const results: Result[] = []
    for (const vector of vectors) {
      const setting = settingFor(vector)
      results.push(setting ? await bench.run(vector, setting) : notRun(vector))
    }
    return results
  } finally {
    await bench.close()
  }
}

interface BenchSetting {
  readonly store: Store
  readonly clock: FakeClock
  readonly sources: Map<string, WebhookSource>
  readonly listener: Listener
  readonly directory: string
  readonly refusals: Refusals
}

function notRun(vector: Vector): Result {
  const reason = `no kind of source is "${vector.provider}", and the scheme "${vector.scheme}" is not known`
  return { vector, outcome: 'not_run', reasons: [reason], refusedSecrets: [] }
}

async function runOne(vector: Vector, setting: Setting | undefined, bench: BenchSetting): Promise<Result> {
  if (!setting) return notRun(vector)
  const { clock, sources, directory, listener } = bench
  const { now, because } = clockOf(vector)
  clock.set(now)
  const name = `v${sources.size + 1}`
  const base = { vector, kind: setting.kind.kind, refusedSecrets: [] as readonly string[] }
  const reasons = because === undefined ? [] : [because]
  let source: WebhookSource
  try {
    const opened = openPastSchema(setting, contextFor(vector, clock, directory))
    source = opened.source
    base.refusedSecrets = opened.refusedSecrets
  } catch (error) {
    return { ...base, outcome: 'wrong', reasons: [...reasons, `cannot be configured: ${String(error)}`] }
  }
  sources.set(name, source)
  const exchange = async (headers: Vector['headers'], body: Uint8Array, more = '') => {
    const before = await countsOf(bench.store)
    const path = `/hooks/${name}${joined(queryOf(vector.url), more)}`
    bench.refusals.last = undefined
    const answer = await send(listener.port, { method: vector.method, path, headers, body })
    const after = await countsOf(bench.store)
    return {
      answer,
      recorded: after.recorded - before.recorded,
      malformed: after.malformed - before.malformed,
      refusal: bench.refusals.last,
    }
  }
  if (isHandshake(vector)) {
    const first = await exchange(vector.headers, vector.body)
    const judged = await whyNotAnswered(vector, first, { source, kind: setting.kind, now, exchange })
    return {
      ...base,
      outcome: judged.isRight ? 'right' : 'wrong',
      answer: judged.answer,
      reasons: [...reasons, ...judged.reasons],
    }
  }
  const { outcome, answer, reason } = judge(vector, await exchange(vector.headers, vector.body))
  return { ...base, outcome, answer, reasons: reason === undefined ? reasons : [...reasons, reason] }
}

export interface Exchange {
  readonly answer: Answer
  /** Deliveries in the ledger that were not there before. */
  readonly recorded: number
  readonly malformed: number
  readonly refusal: { readonly code: string; readonly message: string } | undefined
}

interface Judged {
  readonly outcome: 'right' | 'wrong' | 'excepted'
  readonly answer: NonNullable<Result['answer']>
  readonly reason?: string
}

function judge(
  { id, isValid }: Vector,
  { answer: { status }, recorded, malformed, refusal }: Exchange,
): Judged {
  const isAccepted = status >= 200 && status < 300
  const isRefused = status >= 400 && status < 500 && recorded + malformed === 0
  const answer = isAccepted ? 'accepted' : malformed > 0 ? 'verified' : 'refused'
  if (isValid && isAccepted) return { outcome: 'right', answer }
  if (isValid && malformed > 0) {
    return { outcome: 'right', answer, reason: 'it verifies; its body is no event of this sender' }
  }
  if (!isValid && isRefused) return { outcome: 'right', answer }
  const why = refusal ? ` (${refusal.code}: ${refusal.message})` : ''
  const found = `${status}, ${recorded + malformed} recorded${why}`
  const exception = exceptions[id]
  if (isValid && exception !== undefined && exception.code === refusal?.code) {
    return { outcome: 'excepted', answer, reason: `${exception.reason}; answered ${found}` }
  }
  return {
    outcome: 'wrong',
    answer,
    reason: isValid
      ? `expected 2xx, answered ${found}`
      : `expected 4xx and nothing recorded, answered ${found}`,
  }
}

/** The sender’s keys are the vector’s; the engine’s own rules say from where they may come. */
function contextFor(vector: Vector, clock: FakeClock, directory: string): SourceContext {
  const network = {
    request: async ({ url }: { url: string }) => ({
      status: 200,
      headers: {},
      body: Buffer.from(publishedText(vector, url)),
    }),
    close: () => Promise.resolve(),
  }
  return {
    url: vector.url,
    keys: createRemoteKeys({ network, clock }),
    secretFile: (path) => {
      const file = openSecretFile(join(directory, path.replaceAll('/', '-')))
      for (const secret of vector.secrets) if (vector.secrets.length <= 8) file.add(secret)
      return file
    },
  }
}

async function countsOf(store: Store): Promise<{ recorded: number; malformed: number }> {
  const { recorded, duplicate, malformed } = (await store.counts()).deliveries
  return { recorded: recorded + duplicate, malformed }
}

function queryOf(url: string): string {
  const at = url.indexOf('?')
  return at < 0 ? '' : (url.slice(at + 1).split('#', 1)[0] ?? '')
}

function joined(...queries: readonly string[]): string {
  const query = queries.filter((each) => each !== '').join('&')
  return query === '' ? '' : `?${query}`
}
