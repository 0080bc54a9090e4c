import type { Config } from '../config/config.js'
import { loadConfig } from '../config/load.js'
import { sourceContexts } from '../ingest/source-context.js'
import { openSources } from '../ingest/sources.js'
import type { RemoteKeys } from '../sources/engine/keys.js'
import { sourceKinds } from '../sources/registry.js'
import type { SourceKind, WebhookSource } from '../sources/source.js'
import type { Environment } from '../util/env.js'
import type { Invocation } from './command.js'

/** The whole configuration. Throws ConfigError with everything that is wrong in it. */
export async function loadWhole(
  invocation: Invocation,
  environment: Environment = invocation.io.environment,
): Promise<Config> {
  const config = await loadConfig({
    file: invocation.configFile(),
    environment,
    kinds: Object.values(sourceKinds),
  })
  invocation.hidden.add(config.secretValues)
  return config
}

export function kindNamed(name: string): SourceKind | undefined {
  return Object.values(sourceKinds).find(({ kind }) => kind === name)
}

/** The sources that take deliveries, opened as the daemon does, for commands that sign and verify. */
export function openConfigured(config: Config, keys: RemoteKeys): ReadonlyMap<string, WebhookSource> {
  return openSources(config.sources.values(), Object.values(sourceKinds), sourceContexts(config, keys))
}

/** What a sender is told to send to. Undefined for kinds to which nothing is sent. */
export function hookUrl({ server }: Config, source: string, kind: string): string | undefined {
  return kindNamed(kind)?.open === undefined ? undefined : `${server.publicUrl}/hooks/${source}`
}

/** Senders are to send somewhere, and `server.public_url` names this machine. */
export function isOnlyReachedHere({ server, sources }: Config): boolean {
  const isLocal = /^https?:\/\/(localhost|127\.|\[::1\])/.test(server.publicUrl)
  return isLocal && [...sources.values()].some(({ kind }) => kindNamed(kind)?.open !== undefined)
}
