import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Credential } from '../../src/domain/tool.js'
import { pollTick, type TickResult } from '../../src/poller/poll.js'
import { type PollOptions, pollOptions } from '../../src/sources/poll.js'
import type { StoredEvent } from '../../src/store/records.js'
import { openSqliteStore } from '../../src/store/sqlite/open.js'
import type { Store } from '../../src/store/store.js'
import { createNetwork } from '../../src/util/fetch.js'
import type { Logger } from '../../src/util/log.js'
import { FakeApi, type FakeApiKnobs } from '../support/fake-api.js'
import { FakeClock } from '../support/fake-clock.js'

export const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}

const pageOptions = {
  none: { kind: 'none' },
  link: { kind: 'link' },
  next_url: { kind: 'next_url', next: 'links.next' },
  token: { kind: 'token', next: 'next_token', param: 'cursor' },
  page: { kind: 'page', param: 'page' },
  offset: { kind: 'offset', param: 'offset' },
} as const

export interface PolledSettings {
  readonly knobs?: Partial<FakeApiKnobs>
  /** Laid over the source's description. */
  readonly source?: Readonly<Record<string, unknown>>
  readonly pages?: Readonly<Record<string, unknown>>
}

/** A poll of the fake API into a real ledger, one tick at a time, on a clock that stands still between them. */
export class Polled {
  readonly clock = new FakeClock()
  readonly network = createNetwork()
  readonly api: FakeApi
  readonly directory = mkdtempSync(join(tmpdir(), 'rouse-poll-'))
  readonly #settings: PolledSettings
  credential: Credential | undefined
  random: () => number = () => 0.5
  /** Before and after the commit of a tick: throw to be killed there. */
  crash: (moment: 'before' | 'after') => void = () => undefined
  warnings: string[] = []
  source: Readonly<Record<string, unknown>> = {}
  #store: Store | undefined

  constructor(settings: PolledSettings = {}) {
    this.#settings = settings
    this.api = new FakeApi(this.clock.now, settings.knobs)
  }

  async start(): Promise<this> {
    await this.api.start()
    await this.restart()
    return this
  }

  async restart(): Promise<void> {
    await this.#store?.close()
    this.#store = await openSqliteStore({ file: join(this.directory, 'rouse.db'), exclusive: true })
  }

  async close(): Promise<void> {
    await this.network.close()
    await this.api.close()
    await this.#store?.close()
    rmSync(this.directory, { recursive: true, force: true })
  }

  get store(): Store {
    if (!this.#store) throw new Error('not started')
    return this.#store
  }

  options(): PollOptions {
    const { pages } = this.api.knobs
    return pollOptions.parse({
      every: '1m',
      request: { get: `${this.api.origin}/items`, query: { updated_since: '{since}' }, private: true },
      records: 'data',
      event: { id: 'id', type: 'item.created', subject: 'id', time: 'updated_at' },
      cursor: { kind: 'time', from: 'updated_at' },
      order: this.api.knobs.order,
      pages: { ...pageOptions[pages], ...this.#settings.pages },
      ...this.#settings.source,
      ...this.source,
    })
  }

  tick(signal = new AbortController().signal): Promise<TickResult> {
    const store: Pick<Store, 'cursor' | 'recordTick' | 'listEvents'> = {
      listEvents: (filter) => this.store.listEvents(filter),
      cursor: (name) => this.store.cursor(name),
      recordTick: async (tick) => {
        this.crash('before')
        const recorded = await this.store.recordTick(tick)
        this.crash('after')
        return recorded
      },
    }
    const log = { ...silent, warn: (_fields: unknown, message: string) => this.warnings.push(message) }
    const { clock, network, credential, random } = this
    return pollTick(
      { name: 'crm', options: this.options(), credential },
      { store, network, clock, log, random },
      signal,
    )
  }

  /** A tick when it is due. */
  async next(): Promise<TickResult> {
    const cursor = await this.store.cursor('crm')
    this.clock.advance(Math.max(0, (cursor?.nextAt ?? 0) - this.clock.now()))
    return this.tick()
  }

  async events(): Promise<StoredEvent[]> {
    return (await this.store.listEvents({ source: 'crm', limit: 100_000 })).reverse()
  }

  async eventKeys(): Promise<string[]> {
    return (await this.events()).map((event) => event.sourceEventId ?? '')
  }
}

/** Numbers from 0 to 1 that are the same for a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
