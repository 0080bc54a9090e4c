import type { Config } from '../../config/config.js'
import { StoreError } from '../../domain/errors.js'
import { fingerprintOf } from '../../ingest/secret-uses.js'
import type { WebhookSource } from '../../sources/source.js'
import type { SecretUse, StoredEvent } from '../../store/records.js'
import type { Lag } from '../../store/reports.js'
import type { PageOptions } from './page.js'
import { type SourceHealth, sourcesHealth } from './source-health.js'

export interface SourceView {
  readonly now: number
  readonly config: Config
  readonly health: SourceHealth
  readonly kind: KindWords
  /** Undefined for one that goes by the clock. */
  readonly opened: WebhookSource | undefined
  readonly lag: Lag | undefined
  /** In the order of the configuration; undefined for one that no running daemon has told of. */
  readonly secrets: readonly (SecretUse | undefined)[]
  readonly events: readonly StoredEvent[]
}

export interface KindWords {
  readonly kind: string
  readonly title: string
  /** The sender's own page on its signatures. */
  readonly link: string | undefined
}

const lastEvents = 8

/** Rejects with `store.not_found` where no source is configured under that name. */
export async function viewSource(name: string, options: PageOptions): Promise<SourceView> {
  const { store, clock, config, sources } = options
  const [health] = await sourcesHealth(options, name)
  if (!health) throw new StoreError('store.not_found', `no source is configured under the name ${name}`)
  const opened = sources().get(name)
  const [lags, { events }, { salt, uses }] = await Promise.all([
    store.lags(),
    store.findEvents({ source: name, limit: lastEvents }),
    store.secretUses(),
  ])
  return {
    ...{ now: clock.now(), config: config(), health, opened, events },
    kind: kindOf(health.settings.kind, options),
    lag: lags.find(({ source }) => source === name),
    secrets: (opened?.secretKeys ?? []).map((key) => {
      const fingerprint = fingerprintOf(salt, key)
      return uses.find((use) => use.source === name && use.fingerprint === fingerprint)
    }),
  }
}

export function kindOf(kind: string, { kinds = [] }: Pick<PageOptions, 'kinds'>): KindWords {
  const found = kinds.find((candidate) => candidate.kind === kind)
  return { kind, title: found?.title ?? kind, link: found?.link }
}

/** What of its events wakes agents, by agent. */
export function listenersOf(
  { agents }: Pick<Config, 'agents'>,
  source: string,
): { readonly agent: string; readonly types: readonly string[]; readonly mode: string }[] {
  return [...agents.values()].flatMap(({ name, mode, on }) => {
    const types = on.filter((trigger) => trigger.source === source).flatMap((trigger) => trigger.types)
    return types.length === 0 ? [] : [{ agent: name, types, mode }]
  })
}
