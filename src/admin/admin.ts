import type { HttpBindings } from '@hono/node-server'
import type { Hono } from 'hono'
import type { ServerSettings } from '../config/config.js'
import { secretsFor } from '../runs/secrets.js'
import type { AdminAppOptions } from './app.js'
import { guardHeaders } from './guard.js'
import { Sessions } from './sessions.js'
import { Tail } from './tail.js'
import { readTokens, tokensFile } from './tokens.js'

type App = Hono<{ Bindings: HttpBindings }>

interface Listening {
  readonly host: string
  readonly port: number
  close(graceMs: number): Promise<void>
}

/** What it has in common with the public listener comes from outside: rooms of one floor do not know each other. */
export interface AdminOptions
  extends Pick<
    AdminAppOptions,
    | 'store'
    | 'clock'
    | 'log'
    | 'readBody'
    | 'guesses'
    | 'unready'
    | 'onDecided'
    | 'config'
    | 'configBy'
    | 'sources'
    | 'kinds'
    | 'pages'
    | 'metrics'
  > {
  /** Where; undefined for nowhere. */
  readonly address: ServerSettings['admin']
  readonly ledgerFile: string
  readonly listen: (
    app: App,
    address: { host: string; port: number },
    limits: undefined,
    options: { setting: string; headers: readonly (readonly [string, string])[] },
  ) => Promise<Listening>
  readonly guessDelayMs?: number
}

export interface Admin {
  /** How a browser on this machine reaches it, `http://127.0.0.1:8788`. */
  readonly url: string
  readonly close: (graceMs: number) => Promise<void>
}

/** Starts the admin listener. Throws AppError `server.address_in_use` where another program listens there. */
export async function startAdmin(options: AdminOptions): Promise<Admin | undefined> {
  const { address, listen, ledgerFile, clock, log, guessDelayMs = 1000 } = options
  if (address === undefined) return undefined
  // The pages take memory and time to load, which a daemon without them does not owe.
  const { createAdminApp } = await import('./app.js')
  const origins = new Set<string>()
  const file = tokensFile(ledgerFile)
  const keeper = { file, sessions: new Sessions(clock), cookie: `rouse_${address.port}` }
  const tail = new Tail({
    store: options.store,
    clock,
    redact: (document) => secretsFor(options.config(), options.config()).redactJson(document),
  })
  const app = createAdminApp({ ...options, keeper, guessDelayMs, tail, origins: () => origins })
  const listener = await listen(app, address, undefined, {
    setting: 'server.admin',
    headers: Object.entries(guardHeaders),
  })
  const { port } = listener
  for (const origin of [...ownOrigins(address.host, port), ...address.origins]) origins.add(origin)
  await readTokens(file).catch((cause: Error) => {
    log.warn({}, `admin: nobody is let in: ${cause.message}`)
  })
  return {
    url: localUrl(address.host, port),
    close: (graceMs) => {
      tail.close()
      return listener.close(graceMs)
    },
  }
}

const wildcards: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** The names that this machine has for itself, and the address that was configured unless that is all of them. */
function ownOrigins(host: string, port: number): string[] {
  const hosts = ['localhost', '127.0.0.1', '::1', ...(wildcards.has(host) ? [] : [host])]
  return hosts.map((name) => originOf(name, port))
}

export function localUrl(host: string, port: number): string {
  return originOf(wildcards.has(host) ? '127.0.0.1' : host, port)
}

/** As a browser writes it: in lower case, without the port that goes without saying. */
function originOf(host: string, port: number): string {
  return new URL(`http://${host.includes(':') ? `[${host}]` : host}:${port}`).origin
}
