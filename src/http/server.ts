import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import type { Hono } from 'hono'
import { AppError } from '../domain/errors.js'

export interface Listener {
  readonly host: string
  readonly port: number
  /** Stops taking connections, lets answers under way finish for `graceMs`, then closes what is left. */
  close(graceMs: number): Promise<void>
}

export interface ListenerLimits {
  /** From the connection, or the answer before, to the last byte of the headers. Milliseconds, as all of these. */
  readonly headersTimeout: number
  /** To the last byte of the body. */
  readonly requestTimeout: number
  /** From an answer to the next request. */
  readonly keepAliveTimeout: number
  /** How often the first two are looked at. */
  readonly connectionsCheckingInterval: number
  readonly maxConnections: number
}

/** Slow senders are cut off; the platform's own defaults are 60 s, 300 s and no limit. */
const defaultLimits: ListenerLimits = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
  maxConnections: 512,
}
const maxHeaderSize = 16_384

export interface ListenerOptions {
  /** Which key of the configuration an error names. */
  readonly setting?: string
  /** On every answer, also where a request is refused before the application sees it. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Listens. Throws AppError `server.address_in_use` when another program does already. */
export async function listen(
  app: Hono<{ Bindings: HttpBindings }>,
  address: { host: string; port: number },
  { maxConnections, ...timeouts }: ListenerLimits = defaultLimits,
  { setting = 'server.hooks', headers = {} }: ListenerOptions = {},
): Promise<Listener> {
  const serverOptions = { ...timeouts, maxHeaderSize }
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions }) as Server
  server.maxConnections = maxConnections
  const fixed = Object.entries(headers)
  if (fixed.length > 0) {
    server.prependListener('request', (_incoming, outgoing) => {
      for (const [name, value] of fixed) outgoing.setHeader(name, value)
    })
  }
  server.on('checkContinue', (incoming, outgoing) => {
    // The application answers an announced body that is too large before a byte of it is sent.
    if (Number(incoming.headers['content-length'] ?? 0) <= maxContinueBytes) outgoing.writeContinue()
    server.emit('request', incoming, outgoing)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, address, setting)))
    server.listen(address.port, address.host, () => resolve())
  })
  const { port } = server.address() as AddressInfo
  return {
    host: address.host,
    port,
    close: (graceMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), graceMs).unref()
        server.close(() => {
          clearTimeout(timer)
          resolve()
        })
        server.closeIdleConnections()
      }),
  }
}

/** No source takes more; a body announced larger gets its refusal instead of `100 Continue`. */
const maxContinueBytes = 32 * 1024 * 1024

function listenError(
  error: NodeJS.ErrnoException,
  { host, port }: { host: string; port: number },
  setting: string,
): AppError {
  const place = `${host}:${port}`
  if (error.code === 'EADDRINUSE') {
    return new AppError(
      'server.address_in_use',
      `cannot listen on ${place}: another program does. Stop it, or set ${setting} to another address.`,
      { cause: error },
    )
  }
  return new AppError('command.failed', `cannot listen on ${place}: ${error.message}. Set ${setting}.`, {
    cause: error,
  })
}
