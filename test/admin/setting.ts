import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Admin, type AdminOptions, startAdmin } from '../../src/admin/admin.js'
import { addToken, tokensFile } from '../../src/admin/tokens.js'
import type { Config } from '../../src/config/config.js'
import { loadConfig } from '../../src/config/load.js'
import { InFlight, readBody } from '../../src/http/body.js'
import { PeerLimiter } from '../../src/http/peers.js'
import { listen } from '../../src/http/server.js'
import { sourceKinds } from '../../src/sources/registry.js'
import { createLogger } from '../../src/util/log.js'
import { type FilledLedger, fillLedger } from '../cli/filled-ledger.js'
import { now } from '../cli/recorded.js'
import { type RawAnswer, sendRaw } from '../support/raw.js'

export interface AdminSetting {
  readonly admin: Admin
  /** `127.0.0.1:49152`, as a browser says it. */
  readonly host: string
  readonly ledger: FilledLedger
  readonly file: string
  readonly readToken: string
  readonly approveToken: string
  readonly log: string[]
  /** Epoch milliseconds and the clock that never goes back, together. */
  advance(ms: number): void
  /** One request, byte for byte: `{ method: 'GET', path: '/' }` with the right Host unless `headers` has one. */
  send(request: Sent): Promise<RawAnswer>
  /** The cookie of a new session. */
  logIn(token: string): Promise<string>
  stop(): Promise<void>
}

export interface Sent {
  readonly method?: string
  readonly path?: string
  /** Name and value; `Host` is added where it is not there, and left out where it is empty. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export type Changes = Partial<AdminOptions>

/** The admin listener on a free port, over a ledger in which one approval waits. */
export async function startSetting(changes: Changes = {}): Promise<AdminSetting> {
  const ledger = await fillLedger()
  const ledgerFile = `${ledger.directory}/ledger/rouse.db`
  const file = tokensFile(ledgerFile)
  const readToken = await addToken(file, { role: 'read', rotate: false, now })
  const approveToken = await addToken(file, { role: 'approve', rotate: false, now })
  const log: string[] = []
  const config = await loadAdminConfig(ledger.directory)
  let passedMs = 0
  const clock = { now: () => now + passedMs, monotonic: () => passedMs }
  const admin = await startAdmin({
    store: ledger.store,
    clock,
    log: createLogger({ level: 'debug', destination: { write: (line) => log.push(line) } }),
    address: { host: '127.0.0.1', port: 0, origins: ['https://rouse.example.com'] },
    ledgerFile,
    listen,
    readBody: (incoming, maxBytes) => readBody(incoming, maxBytes, new InFlight(maxBytes)),
    guesses: new PeerLimiter(clock, 10),
    guessDelayMs: 0,
    unready: () => undefined,
    onDecided: () => undefined,
    config: () => config,
    sources: () => new Map(),
    ...changes,
  })
  if (admin === undefined) throw new Error('there is no admin listener')
  const { host } = new URL(admin.url)
  const send = (request: Sent) => sendRaw(admin.url, bytesOf(request, host))
  return {
    admin,
    host,
    ledger,
    file,
    readToken,
    approveToken,
    log,
    advance: (ms) => {
      passedMs += ms
    },
    send,
    async logIn(token) {
      const { headers } = await send(loginRequest(token, host))
      return headers['set-cookie']?.split(';', 1)[0] ?? ''
    },
    async stop() {
      await admin.close(0)
      await ledger.close()
    },
  }
}

/** Says of the ledger's sources and agents what pages and the API need to know. */
async function loadAdminConfig(directory: string): Promise<Config> {
  const file = join(directory, 'admin.yaml')
  const text = `
version: 1
store: sqlite:./ledger/rouse.db
sources:
  payments: { kind: stripe, secret: ${ownSecret} }
`
  await writeFile(file, text)
  return loadConfig({ file, environment: {}, kinds: Object.values(sourceKinds) })
}

/** What nothing that is sent may hold. */
export const ownSecret = 'whsec_k7Gq2nV9xB4tLw8sRz3mYc6pQe1u'

/** As a browser sends the form of our own page. */
export function loginRequest(token: string, host: string): Sent {
  return {
    method: 'POST',
    path: '/login',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      Origin: `http://${host}`,
      'Sec-Fetch-Site': 'same-origin',
    },
    body: new URLSearchParams({ token }).toString(),
  }
}

export function bytesOf({ method = 'GET', path = '/', headers = {}, body }: Sent, host: string): string {
  const all = {
    Host: host,
    Connection: 'close',
    ...headers,
    ...(body === undefined ? {} : { 'Content-Length': `${body.length}` }),
  }
  const lines = Object.entries(all)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}`)
  return `${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${body ?? ''}`
}

export function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` }
}
