import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import type { Hono } from 'hono'
import { AppError } from '../domain/errors.js'
import { Connections } from './connections.js'
import { isAmbiguous } from './framing.js'

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
  /** See `Connections`. */
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
  /** Names and values for every answer, also where a request is refused before the application sees it. */
  readonly headers?: readonly (readonly [string, string])[]
}

/** Listens. Throws AppError `server.address_in_use` when another program does already. */
export async function listen(
  app: Hono<{ Bindings: HttpBindings }>,
  address: { host: string; port: number },
  { maxConnections, ...timeouts }: ListenerLimits = defaultLimits,
  { setting = 'server.hooks', headers = [] }: ListenerOptions = {},
): Promise<Listener> {
  const respond = getRequestListener(app.fetch, { errorHandler: badRequest })
  const connections = new Connections(maxConnections)
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (isAmbiguous(incoming)) {
      outgoing.writeHead(400, { connection: 'close', 'content-type': 'application/json' })
      outgoing.end(badRequestBody)
      return
    }
    // No protocol is changed to, and no connection goes on after an offer to change it.
    if (incoming.headers.upgrade !== undefined) outgoing.shouldKeepAlive = false
    void respond(incoming, outgoing)
  }
  const fixHeaders = (outgoing: ServerResponse) => {
    for (const [name, value] of headers) outgoing.setHeader(name, value)
  }
  const take = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    fixHeaders(outgoing)
    connections.inTurn(incoming, outgoing, () => answer(incoming, outgoing))
  }
  // A request without a Host is refused by `isAmbiguous`; the platform would go on with what stands behind it.
  const server = createServer({ ...timeouts, maxHeaderSize, requireHostHeader: false }, take)
  // All that fit: of more than 2000 the platform would show only the first, and two of one name could look like one.
  server.maxHeadersCount = 0
  server.on('connection', (socket) => connections.enter(socket))
  server.on('checkContinue', (incoming, outgoing) => {
    // The application says whether it wants the body. Where it does not, nobody knows whether one follows.
    outgoing.shouldKeepAlive = false
    take(incoming, outgoing)
  })
  server.on('checkExpectation', (incoming, outgoing) => {
    fixHeaders(outgoing)
    connections.inTurn(incoming, outgoing, () => outgoing.writeHead(417, { connection: 'close' }).end())
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

const badRequestBody = JSON.stringify({ status: 'bad request' })

/** For what cannot be made a request of: a target with a backslash, a Host that is none. */
function badRequest(): Response {
  const headers = { connection: 'close', 'content-type': 'application/json' }
  return new Response(badRequestBody, { status: 400, headers })
}

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
