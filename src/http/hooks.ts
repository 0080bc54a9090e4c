import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Delivery, Reply } from '../domain/delivery.js'
import { type ErrorCode, LimitError, toAppError, type VerificationError } from '../domain/errors.js'
import { type Received, type Receiver, receive } from '../ingest/receive.js'
import type { RefusalCounter } from '../ingest/refusals.js'
import type { WebhookSource } from '../sources/source.js'
import { newId } from '../util/id.js'
import type { Logger } from '../util/log.js'
import { type InFlight, readBody, SenderGone } from './body.js'
import { type ClientAddress, currentClientAddress } from './forwarded.js'
import type { PeerLimiter } from './peers.js'

export interface HooksOptions {
  readonly receiver: Receiver
  readonly refusals: RefusalCounter
  readonly inFlight: InFlight
  readonly peers: PeerLimiter
  readonly log: Logger
  /** `server.proxies` of the configuration in force; none when left out. */
  readonly proxies?: () => readonly string[]
  /** The sources of the configuration in force, by name. */
  readonly sources: () => ReadonlyMap<string, WebhookSource>
  /** Called for each request for a source, with how long its answer took. */
  readonly onAnswered?: (source: string, status: number, ms: number) => void
  /** Undefined while deliveries are taken; else why not. */
  readonly unready: () => string | undefined
}

type HooksContext = Context<{ Bindings: HttpBindings }>

const hooksPrefix = '/hooks/'

/** The public listener: deliveries and health, nothing else. Paths match exactly, byte for byte, undecoded. */
export function createHooksApp(options: HooksOptions): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>()
  const clientOf = currentClientAddress(options.proxies ?? (() => noProxies))
  app.all('*', async (context) => {
    const url = context.env.incoming.url ?? ''
    const path = url.split('?', 1)[0] ?? ''
    if (path === '/healthz') return answerHealth(context, options)
    const name = path.startsWith(hooksPrefix) ? path.slice(hooksPrefix.length) : ''
    const source = options.sources().get(name)
    if (!source) return refuse(context, 404)
    const { clock } = options.receiver
    const beganAt = clock.monotonic()
    const response = await answerDelivery(context, name, source, options, clientOf)
    options.onAnswered?.(name, response.status, clock.monotonic() - beganAt)
    return response
  })
  return app
}

function answerHealth(context: HooksContext, { unready }: HooksOptions): Response {
  const { method } = context.env.incoming
  if (method !== 'GET' && method !== 'HEAD') return refuse(context, 405, { allow: 'GET' })
  if (unready() === undefined) return context.json({ status: 'ok' })
  return context.json({ status: 'unavailable' }, 503, { 'retry-after': '5' })
}

async function answerDelivery(
  context: HooksContext,
  name: string,
  source: WebhookSource,
  options: HooksOptions,
  clientOf: ClientAddress,
): Promise<Response> {
  const { incoming, outgoing } = context.env
  const { method = '' } = incoming
  if (!source.methods.includes(method) && !source.greetingMethods.includes(method)) {
    return refuse(context, 405, { allow: [...source.methods, ...source.greetingMethods].join(', ') })
  }
  const encoding = incoming.headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') return refuse(context, 415)
  if (options.unready() !== undefined) return refuse(context, 503, { ...unread, 'retry-after': '5' })
  try {
    const body = await readBody(incoming, source.maxBodyBytes, options.inFlight, outgoing)
    const remoteAddress = clientOf(incoming.socket.remoteAddress, incoming.rawHeaders)
    const delivery = deliveryOf(incoming, name, body, remoteAddress, options)
    return answer(context, await receive(delivery, source, options.receiver), delivery, source, options)
  } catch (error) {
    return answerFault(context, name, error, options)
  }
}

function deliveryOf(
  incoming: IncomingMessage,
  source: string,
  body: Buffer,
  remoteAddress: string | undefined,
  { receiver }: HooksOptions,
): Delivery {
  return {
    id: newId('dlv'),
    source,
    receivedAt: receiver.clock.now(),
    method: incoming.method ?? '',
    url: incoming.url ?? '',
    rawHeaders: incoming.rawHeaders,
    body,
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
  }
}

function answer(
  context: HooksContext,
  received: Received,
  delivery: Delivery,
  source: WebhookSource,
  options: HooksOptions,
): Response {
  switch (received.state) {
    case 'handshake':
      return reply(context, received.reply)
    case 'recorded':
    case 'duplicate': {
      options.log.debug(
        { delivery: delivery.id, source: delivery.source, events: received.eventIds },
        received.state,
      )
      if (received.reply) return reply(context, received.reply)
      const status = received.state === 'recorded' ? 202 : 200
      return context.json({ status: received.state, events: received.eventIds }, status)
    }
    case 'malformed':
      options.log.warn(
        { delivery: delivery.id, source: delivery.source },
        `malformed: ${received.error.message}`,
      )
      return refuse(context, 400)
    case 'refused': {
      options.refusals.count(delivery.source, received.error.code, received.error.message)
      if (options.peers.isOver(delivery.remoteAddress ?? ''))
        return refuse(context, 429, { 'retry-after': '60' })
      return refuse(context, statusOf(received.error, source))
    }
  }
}

function statusOf(error: VerificationError, { refusalStatus }: WebhookSource): ContentfulStatusCode {
  const malformed: ErrorCode = 'verification.duplicate_header'
  return error.code === malformed ? 400 : (refusalStatus as ContentfulStatusCode)
}

function answerFault(context: HooksContext, source: string, error: unknown, options: HooksOptions): Response {
  if (error instanceof LimitError) {
    options.refusals.count(source, error.code, error.message)
    if (error.code === 'limit.body_size') return refuse(context, 413)
    return refuse(context, 503, { ...unread, 'retry-after': '5' })
  }
  if (error instanceof SenderGone) return refuse(context, 400)
  const { code, message } = toAppError(error)
  options.log.error({ source, code }, `not acknowledged: ${message}`)
  return refuse(context, 503, { 'retry-after': '10' })
}

const constantBodies: Partial<Record<number, string>> = {
  400: 'bad request',
  401: 'unauthorized',
  404: 'not found',
  405: 'method not allowed',
  413: 'too large',
  415: 'unsupported encoding',
  429: 'too many requests',
  503: 'unavailable',
}

const noProxies: readonly string[] = []

/** What is left of the body is not read: the connection cannot be used again. */
const unread = { connection: 'close' }

/**
 * A constant body that says nothing of the reason. What was refused for what it is also ends its connection: nothing
 * that stands behind it in the stream is taken for a request.
 */
function refuse(
  context: HooksContext,
  status: ContentfulStatusCode,
  headers: Record<string, string> = {},
): Response {
  const ended = status === 503 ? headers : { ...unread, ...headers }
  return context.json({ status: constantBodies[status] ?? 'refused' }, status, ended)
}

function reply(context: HooksContext, { status, headers = {}, body }: Reply): Response {
  if (body === '') return context.body(null, status as 204, { ...headers })
  return context.body(body, status as ContentfulStatusCode, { ...headers })
}
