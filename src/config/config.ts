import type { z } from 'zod'
import type { Agent, ModelSettings } from '../domain/agent.js'
import type { AlertSettings } from '../domain/alerting.js'
import type { ConfigProblem } from '../domain/errors.js'
import type { DeclaredLabel } from '../domain/label.js'
import type { Credential, Tool } from '../domain/tool.js'
import type { LogLevel } from '../util/log.js'
import type { TracingSettings } from '../util/trace.js'

/** A configuration that loaded whole: every name resolves, every secret is there, every expression compiles. */
export interface Config {
  /** Absolute path of config.yaml. */
  readonly file: string
  /** SHA-256 over everything that it was made from (text and instructions), hex. Secrets are not part of it. */
  readonly digest: string
  /** What it was made from, so that a run can keep it over a restart. Holds `${VAR}`, not the values. */
  readonly snapshot: ConfigSnapshot
  readonly server: ServerSettings
  readonly store: StoreSettings
  readonly models: ReadonlyMap<string, ModelSettings>
  readonly credentials: ReadonlyMap<string, Credential>
  readonly sources: ReadonlyMap<string, SourceSettings>
  readonly tools: ReadonlyMap<string, Tool>
  readonly agents: ReadonlyMap<string, Agent>
  readonly alerts: AlertSettings
  /** Undefined: there are no traces. */
  readonly tracing: TracingSettings | undefined
  readonly log: LogSettings
  /** Worth a person's attention, not wrong. */
  readonly warnings: readonly ConfigProblem[]
  /**
   * Every secret value in it, for redaction, and what senders have handed over by now: to be looked at each time, and
   * the same list while there is nothing new.
   */
  readonly secretValues: readonly string[]
  /** Of `${file:…}`, absolute. What stands in them is no part of the digest. */
  readonly secretFiles: readonly string[]
}

export interface ConfigSnapshot {
  readonly file: string
  readonly text: string
  /** Path as written in the configuration to the text of the file. */
  readonly instructions: Readonly<Record<string, string>>
}

export interface ServerSettings {
  readonly hooks: { readonly host: string; readonly port: number }
  /** Undefined: there is none. `origins`: others than its own under which browsers reach it. */
  readonly admin:
    | { readonly host: string; readonly port: number; readonly origins: readonly string[] }
    | undefined
  /** Without a trailing slash. */
  readonly publicUrl: string
  /** Most runs at once. */
  readonly concurrency: number
  /** Addresses and ranges of addresses whose forwarded headers are believed. */
  readonly proxies: readonly string[]
  /** With less room on the ledger's disk nothing is taken and nothing is worked on. */
  readonly minFreeBytes: number
}

export interface LogSettings {
  /** Undefined: as the command line says. */
  readonly level: LogLevel | undefined
  /** `auto`: for people on a terminal, else JSON. */
  readonly format: 'auto' | 'json' | 'pretty'
}

export interface StoreSettings {
  readonly engine: 'sqlite'
  /** Absolute path. */
  readonly file: string
}

export interface SourceSettings {
  readonly name: string
  readonly kind: string
  /** What the kind's own schema made of it. */
  readonly options: unknown
  readonly idNames: readonly string[]
  /** How long its finished events are kept; undefined: for ever. */
  readonly keepMs: number | undefined
  /** Who may see what its events tell, where that is declared. */
  readonly label: DeclaredLabel | undefined
  /** Our own actors at the sender. */
  readonly self: readonly string[]
}

/** What the loader has to know of a kind of source; `sources/source.ts` fits it. */
export interface SourceSchema {
  readonly kind: string
  readonly options: z.ZodObject
  idNames(options: unknown): readonly string[]
}
