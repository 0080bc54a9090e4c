import type { Config, ServerSettings } from '../config/config.js'
import { loadConfig } from '../config/load.js'
import { sourceKinds } from '../sources/registry.js'
import type { SourceKind } from '../sources/source.js'
import type { Environment } from '../util/env.js'
import type { Invocation } from './command.js'

/** The whole configuration. Throws ConfigError with everything that is wrong in it. */
export function loadWhole(
  invocation: Invocation,
  environment: Environment = invocation.io.environment,
): Promise<Config> {
  return loadConfig({ file: invocation.configFile(), environment, kinds: Object.values(sourceKinds) })
}

export function kindNamed(name: string): SourceKind | undefined {
  return Object.values(sourceKinds).find(({ kind }) => kind === name)
}

/** What a sender is told to send to. Undefined for kinds to which nothing is sent. */
export function hookUrl({ server }: Config, source: string, kind: string): string | undefined {
  return kindNamed(kind)?.open === undefined ? undefined : `${server.publicUrl}/hooks/${source}`
}

/** Where this machine reaches the public listener, `127.0.0.1:8787`. */
export function localAddress({ hooks: { host, port } }: ServerSettings): string {
  if (host === '0.0.0.0') return `127.0.0.1:${port}`
  return host.includes(':') ? `[${host === '::' ? '::1' : host}]:${port}` : `${host}:${port}`
}
