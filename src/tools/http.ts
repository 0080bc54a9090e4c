import PQueue from 'p-queue'
import { AppError, type ErrorCode, ToolError } from '../domain/errors.js'
import type { Credential, Tool } from '../domain/tool.js'
import type { FrozenRequest } from '../domain/tool-call.js'
import { retryAfterMs } from '../util/backoff.js'
import { type Clock, systemClock } from '../util/clock.js'
import {
  createNetwork,
  type Network,
  NetworkError,
  type NetworkFault,
  type NetworkResponse,
} from '../util/fetch.js'
import type { Logger } from '../util/log.js'
import { saysMore } from './pages.js'
import { isRedirect, redirected, redirectTarget } from './redirect.js'
import { freezeRequest } from './request.js'
import { parseBody, shownResult } from './result.js'
import type { Redirect, SendOptions, ToolAnswer, ToolClient } from './tool.js'

export interface HttpToolClientOptions {
  readonly clock?: Clock
  readonly log?: Logger
  /** Default: one of its own, which `close` closes too. */
  readonly network?: Network
  /** Requests under way at once to one origin, or with one credential that has a rate. */
  readonly concurrency?: number
}

const defaultConcurrency = 4

/** Declared HTTP operations: what `tools:` in config.yaml describes. */
export function createHttpToolClient({
  clock = systemClock,
  log,
  network = createNetwork(),
  concurrency = defaultConcurrency,
}: HttpToolClientOptions = {}): ToolClient {
  const queues = new Map<string, PQueue>()
  const queueFor = (origin: string, credential: Credential | undefined) => {
    const rate = credential?.rate
    // The senders count by credential, whatever the origin.
    const key = credential && rate ? `${credential.name} ${rate.count}/${rate.perMs}` : origin
    const queue =
      queues.get(key) ??
      new PQueue({
        concurrency,
        ...(rate ? { interval: rate.perMs, intervalCap: rate.count, strict: true } : {}),
      })
    queues.set(key, queue)
    return queue
  }
  return {
    freeze: freezeRequest,
    async send(tool, request, options) {
      const headers = sentHeaders(tool, request, options)
      const perform = async () => {
        await options.beforeSend?.()
        return exchange(network, tool, { ...request, headers }, options.signal, clock)
      }
      const answer = await inTurn(queueFor(tool.origin, options.credential), perform, options.signal)
      const outcome = answer.kind === 'answered' ? { status: answer.status } : { code: answer.error.code }
      log?.debug({ tool: tool.name, method: request.method, origin: tool.origin, ...outcome }, 'tool request')
      return answer
    },
    close: () => network.close(),
  }
}

/** Waits for its place. A signal that aborts while it waits takes it out; once it has begun it says itself how it ended. */
async function inTurn(
  queue: PQueue,
  perform: () => Promise<ToolAnswer>,
  signal: AbortSignal,
): Promise<ToolAnswer> {
  const waiting = new AbortController()
  const onAbort = () => waiting.abort()
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  let begun: Promise<ToolAnswer> | undefined
  try {
    return await queue.add(
      () => {
        begun = perform()
        return begun
      },
      { signal: waiting.signal },
    )
  } catch (cause) {
    // The queue rejects at once on abort, though a request that has begun may have been sent.
    if (begun) return await begun
    if (!waiting.signal.aborted) throw cause
    const message = 'the call was given up before its turn came; nothing was sent'
    return { kind: 'not_sent', error: new ToolError('tool.unreachable', message, { retry: 'later', cause }) }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** The frozen headers, and what only the wire may see. A fault of ours here must not send a secret to the wrong place. */
function sentHeaders(tool: Tool, request: FrozenRequest, options: SendOptions): Record<string, string> {
  const { credential, idempotencyKey, traceparent } = options
  const fault = (reason: string) =>
    new AppError('internal.unexpected', `${tool.name} was not sent: ${reason}`)
  if (new URL(request.url).origin !== tool.origin) throw fault('its URL is not at the origin of the tool')
  if (request.method !== tool.method) throw fault('its method is not that of the tool')
  if (credential?.name !== request.credential) throw fault('its credential is not the one it was frozen for')
  const headers: Record<string, string> = { ...request.headers }
  if (credential) {
    if (!credential.origins.includes(tool.origin)) {
      throw fault(`the credential ${credential.name} does not list ${tool.origin}`)
    }
    const [name, value] = authorization(credential)
    headers[name] = value
  }
  if (tool.idempotency && idempotencyKey !== undefined) {
    headers[tool.idempotency.header.toLowerCase()] = idempotencyKey
  }
  if (traceparent !== undefined) headers['traceparent'] = traceparent
  return headers
}

function authorization({ auth }: Credential): [name: string, value: string] {
  if (auth.kind === 'bearer') return ['authorization', `Bearer ${auth.token}`]
  if (auth.kind === 'header') return [auth.header.toLowerCase(), auth.value]
  return ['authorization', `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}`]
}

async function exchange(
  network: Network,
  tool: Tool,
  request: FrozenRequest,
  signal: AbortSignal,
  clock: Clock,
): Promise<ToolAnswer> {
  const startedAt = clock.monotonic()
  const sendOnce = ({ method, url, headers, body }: FrozenRequest, leftMs: number) =>
    network.request({
      ...{ method, url, headers, body, signal },
      timeoutMs: Math.max(1, leftMs),
      maxBytes: tool.maxResponseBytes,
      allowPrivate: tool.isPrivate,
    })
  let redirect: Redirect | undefined
  try {
    let response = await sendOnce(request, tool.timeoutMs)
    const next = redirected(tool, request, response)
    redirect = redirectOf(redirectTarget(tool, request, response), response, next !== undefined)
    if (next) response = await sendOnce(next, tool.timeoutMs - (clock.monotonic() - startedAt))
    return { ...answered(tool, response, clock), ...(redirect && { redirect }) }
  } catch (cause) {
    if (!(cause instanceof NetworkError)) throw cause
    const { status } = cause
    // The status of a write is what decides; that its answer could not be taken changes nothing of it.
    if (tool.effect !== 'read' && status !== undefined && unreadable.includes(cause.fault)) {
      return {
        kind: 'answered',
        status,
        body: undefined,
        result: `[${cause.message}]`,
        retryAfterMs: undefined,
        hasMore: false,
      }
    }
    const { code, retry } = faults[cause.fault]
    const where = redirect === undefined ? '' : `${redirect.host}, where it was redirected to: `
    const error = new ToolError(code, `${tool.name}: ${where}${cause.message}`, { retry, cause })
    return { kind: cause.isSent || redirect !== undefined ? 'no_answer' : 'not_sent', error }
  }
}

function redirectOf(url: URL | undefined, { status }: NetworkResponse, isFollowed: boolean) {
  return url && { status, host: url.host, isFollowed }
}

function answered(tool: Tool, { status, headers, body }: NetworkResponse, clock: Clock) {
  const contentType = headers['content-type']
  const json = parseBody(body, contentType)
  return {
    kind: 'answered' as const,
    status,
    body: json,
    result: isRedirect(status)
      ? `[status ${status}: the API answered with a redirect, which is not followed]`
      : shownResult(tool, { status, body, json, contentType }),
    retryAfterMs: retryAfterMs(headers['retry-after'], clock.now()),
    hasMore: saysMore(json, headers['link']),
  }
}

/** Faults of an answer's body, after its status has come. */
const unreadable: readonly NetworkFault[] = ['too_large', 'encoding']

const faults: Readonly<Record<NetworkFault, { code: ErrorCode; retry: 'never' | 'later' }>> = {
  invalid: { code: 'tool.unreachable', retry: 'never' },
  address: { code: 'tool.egress', retry: 'never' },
  dns: { code: 'tool.unreachable', retry: 'later' },
  connect: { code: 'tool.unreachable', retry: 'later' },
  tls: { code: 'tool.unreachable', retry: 'never' },
  timeout: { code: 'tool.timeout', retry: 'later' },
  reset: { code: 'tool.reset', retry: 'later' },
  too_large: { code: 'tool.too_large', retry: 'never' },
  encoding: { code: 'tool.malformed', retry: 'never' },
  aborted: { code: 'tool.reset', retry: 'later' },
  closed: { code: 'tool.reset', retry: 'later' },
}
