import type { Config } from '../config/config.js'
import { createRemoteKeys } from '../sources/engine/keys.js'
import type { SourceKind, WebhookSource } from '../sources/source.js'
import type { Store } from '../store/store.js'
import type { Clock } from '../util/clock.js'
import { createNetwork } from '../util/fetch.js'
import type { Logger } from '../util/log.js'
import type { Tracer } from '../util/trace.js'
import { Dispatcher } from './dispatch.js'
import type { Receiver } from './receive.js'
import { RefusalCounter } from './refusals.js'
import { SecretUseCounter } from './secret-uses.js'
import { sourceContexts } from './source-context.js'
import { openSources } from './sources.js'

export interface IngestOptions {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly tracer?: Tracer | undefined
  /** The configuration in force. */
  readonly config: () => Config
  readonly kinds: readonly SourceKind[]
  /** Called after the commit, when there are runs to be claimed. */
  readonly onRuns: () => void
}

/** All that takes in what arrives, and decides whom it wakes. */
export interface Ingest {
  readonly receiver: Receiver
  readonly refusals: RefusalCounter
  /** The sources in force that receive deliveries, by name. */
  sources(): ReadonlyMap<string, WebhookSource>
  /** Opens the sources of another configuration. What it returns puts them in force. */
  prepare(next: Config): () => void
  /** There may be events in the ledger that nobody has decided on. */
  lookInLedger(): void
  /** Dispatches what was offered, and nothing after it. Deliveries are still taken; the next process dispatches them. */
  stop(): Promise<void>
  /** Writes what was counted. Nothing may be received any more. */
  close(): Promise<void>
}

/** Opens the sources of the configuration in force. Nothing is dispatched before the first look in the ledger. */
export async function createIngest(options: IngestOptions): Promise<Ingest> {
  const { store, clock, log, tracer, config, kinds, onRuns } = options
  const keys = createRemoteKeys({ network: createNetwork(), clock })
  const open = (of: Config) => openSources(of.sources.values(), kinds, sourceContexts(of, keys))
  let sources = open(config())
  const dispatcher = new Dispatcher({ store, clock, log, tracer, config, onRuns })
  const refusals = new RefusalCounter(store, clock, log)
  const secretUses = await SecretUseCounter.open(store, clock)
  secretUses.configured(sources)
  return {
    receiver: {
      ...{ store, clock, log, tracer },
      onVerified: (source, secretIndex) => secretUses.used(source, secretIndex),
      onRecorded: (events) => dispatcher.offer(events),
    },
    refusals,
    sources: () => sources,
    prepare(next) {
      const opened = open(next)
      return () => {
        sources = opened
        secretUses.configured(opened)
      }
    },
    lookInLedger: () => dispatcher.lookInLedger(),
    stop: () => dispatcher.stop(),
    async close() {
      await refusals.flush()
      await secretUses.flush()
      await keys.close()
    },
  }
}
