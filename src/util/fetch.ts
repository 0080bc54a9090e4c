import { lookup as systemLookup } from 'node:dns'
import { createRequire } from 'node:module'
import { isIP, type LookupFunction } from 'node:net'
import type { Agent, Dispatcher } from 'undici'
import { isAllowedAddress } from './address.js'
import { sleep } from './clock.js'
import { DecodingError, decode } from './decode.js'
import { faultPoint } from './fault-point.js'

/** What went wrong on the way. `aborted` is the caller's own signal. */
export type NetworkFault =
  | 'invalid'
  | 'address'
  | 'dns'
  | 'connect'
  | 'tls'
  | 'timeout'
  | 'reset'
  | 'too_large'
  | 'encoding'
  | 'aborted'
  | 'closed'

/** No whole answer came back. The message names host and reason, never a header or a body. */
export class NetworkError extends Error {
  constructor(
    readonly fault: NetworkFault,
    message: string,
    /** False only when it is certain that no byte of the request left: there was no connection yet. */
    readonly isSent: boolean,
    { cause, status }: { cause?: unknown; status?: number } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'NetworkError'
    this.status = status
  }

  /** Known where the headers of the answer came, and only its body could not be taken. */
  readonly status: number | undefined
}

export interface NetworkRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
  /** From the call to the last byte in. */
  readonly timeoutMs: number
  /** The most bytes of the answer that are taken, after decompression. */
  readonly maxBytes: number
  readonly signal?: AbortSignal | undefined
  /** Whether loopback and private addresses may be connected to. */
  readonly allowPrivate?: boolean
}

export interface NetworkResponse {
  readonly status: number
  /** Names in lower case; repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  /** Decompressed. */
  readonly body: Buffer
}

/**
 * The one way out. Follows no redirect, takes no proxy from the environment, always verifies TLS, checks the
 * address that is connected to, bounds time and decoded size, and never sends a request twice.
 */
export interface Network {
  /** Rejects with NetworkError and nothing else. A status of any kind is an answer. */
  request(request: NetworkRequest): Promise<NetworkResponse>
  /** Lets nothing new begin and breaks what is under way. */
  close(): Promise<void>
}

export interface NetworkOptions {
  /** Stands in for DNS in tests. */
  readonly lookup?: LookupFunction
  readonly connectTimeoutMs?: number
}

const defaultConnectTimeoutMs = 10_000
const maxConnectionsPerOrigin = 32
/** An encoder may add a few bytes to what it cannot compress. */
const encodingOverheadBytes = 1024

export function createNetwork(options: NetworkOptions = {}): Network {
  // Two pools, so that no connection made under the wider rule is ever used under the narrower one.
  const open = () => ({ public: createPool(false, options), private: createPool(true, options) })
  let pools: ReturnType<typeof open> | undefined
  let isClosed = false
  return {
    async request(request) {
      if (isClosed) throw new NetworkError('closed', stopping(parseUrl(request.url).host), false)
      pools ??= open()
      return perform(request.allowPrivate ? pools.private : pools.public, request)
    },
    async close() {
      isClosed = true
      await Promise.all([pools?.public.destroy(), pools?.private.destroy()])
    },
  }
}

const stopping = (host: string) => `the request to ${host} was given up: rouse is stopping`

/** 40 ms and 8 MB, so not before the first request: many a daemon waits for one for hours. */
function library(): typeof import('undici') {
  return createRequire(import.meta.url)('undici') as typeof import('undici')
}

export interface FetchOptions {
  readonly allowPrivate: boolean
  readonly maxBytes: number
  /** Default ten minutes: the caller's own signal is expected to be shorter. */
  readonly timeoutMs?: number
  /** Default: one of its own. */
  readonly network?: Network
}

/**
 * A `fetch` for libraries that want one. Redirects are answers and are not followed. Resolves once the whole
 * body is there, so a body that breaks off rejects here (TypeError, its `cause` the NetworkError).
 */
export function createFetch({
  allowPrivate,
  maxBytes,
  timeoutMs = 600_000,
  network = createNetwork(),
}: FetchOptions): typeof globalThis.fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer())
    const answer = await network
      .request({
        method: request.method,
        url: request.url,
        headers: Object.fromEntries(request.headers),
        body,
        timeoutMs,
        maxBytes,
        signal: request.signal,
        allowPrivate,
      })
      .catch((cause: unknown) => {
        request.signal.throwIfAborted()
        throw new TypeError('fetch failed', { cause })
      })
    if (answer.status > 599) throw new TypeError(`fetch failed: status ${answer.status}`)
    const isNullBody = [204, 205, 304].includes(answer.status)
    const { 'content-encoding': _encoding, 'content-length': _length, ...headers } = answer.headers
    return new Response(isNullBody ? null : new Uint8Array(answer.body), { status: answer.status, headers })
  }
}

/**
 * For a library that connects by agents of Node's own and takes no `fetch`: with these options its agent verifies TLS
 * whatever the environment says, takes no proxy from it, and checks the addresses of a name as it looks it up. An
 * address in the URL itself is not looked up: who gives the URL checks that.
 */
export function agentOptions(
  allowPrivate: boolean,
  { lookup = systemLookup as LookupFunction }: NetworkOptions = {},
) {
  return { keepAlive: true, rejectUnauthorized: true, lookup: checkedLookup(lookup, allowPrivate) }
}

function createPool(allowPrivate: boolean, options: NetworkOptions): Agent {
  const { Agent, buildConnector } = library()
  const connect = buildConnector({
    timeout: options.connectTimeoutMs ?? defaultConnectTimeoutMs,
    lookup: checkedLookup(options.lookup ?? (systemLookup as LookupFunction), allowPrivate),
    // Said here because NODE_TLS_REJECT_UNAUTHORIZED=0 would otherwise decide it.
    rejectUnauthorized: true,
    autoSelectFamily: true,
  })
  return new Agent({
    connections: maxConnectionsPerOrigin,
    allowH2: false,
    // The time limit of each request is the only one.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect(target, callback) {
      const host = target.hostname.replace(/^\[|\]$/g, '')
      // An address in the URL itself is connected to without a lookup.
      if (isIP(host) !== 0 && !isAllowedAddress(host, allowPrivate)) {
        callback(addressError(host, [host]), null)
        return
      }
      connect(target, callback)
    },
  })
}

/**
 * Looks a name up at the moment of connecting, and refuses it when any of its addresses may not be connected
 * to: a name that also points inside is not an honest public one.
 */
function checkedLookup(lookup: LookupFunction, allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) {
        callback(error, '', 0)
        return
      }
      const addresses = typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found
      const first = addresses[0]
      const refused = addresses.filter(({ address }) => !isAllowedAddress(address, allowPrivate))
      if (first === undefined || refused.length > 0) {
        const shown = refused.map(({ address }) => address)
        callback(addressError(hostname, shown), '', 0)
      } else if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

function addressError(host: string, addresses: readonly string[]): NetworkError {
  const shown = addresses.join(', ') || 'no address'
  return new NetworkError(
    'address',
    `${host} is ${shown}, which is not an address that may be connected to`,
    false,
  )
}

interface RawResponse {
  status: number
  headers: Record<string, string>
  chunks: Buffer[]
}

async function perform(pool: Agent, request: NetworkRequest): Promise<NetworkResponse> {
  const url = parseUrl(request.url)
  const exchange = new AbortController()
  const onAbort = () =>
    exchange.abort({ fault: 'aborted', message: `the request to ${url.host} was given up` } satisfies Stop)
  if (request.signal?.aborted) onAbort()
  request.signal?.addEventListener('abort', onAbort, { once: true })
  const timer = new AbortController()
  sleep(request.timeoutMs, timer.signal).then(
    () =>
      exchange.abort({
        fault: 'timeout',
        message: `${url.host} did not answer within ${request.timeoutMs} ms`,
      } satisfies Stop),
    () => undefined,
  )
  try {
    const { status, headers, chunks } = await dispatch(pool, request, url, exchange.signal)
    const raw = Buffer.concat(chunks)
    const body = await decode(raw, headers['content-encoding'], request.maxBytes, url.host).catch(
      (cause: unknown) => {
        if (!(cause instanceof DecodingError)) throw cause
        throw new NetworkError(cause.fault, cause.message, true, { cause: cause.cause, status })
      },
    )
    return { status, headers, body }
  } finally {
    timer.abort()
    request.signal?.removeEventListener('abort', onAbort)
  }
}

interface Stop {
  readonly fault: NetworkFault
  readonly message: string
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new NetworkError('invalid', 'the address is not an http or https URL', false)
  }
  if (url.username !== '' || url.password !== '') {
    throw new NetworkError('invalid', `the URL of ${url.host} has credentials in it`, false)
  }
  return url
}

function dispatch(pool: Agent, request: NetworkRequest, url: URL, signal: AbortSignal): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    let isSent = false
    let controller: Dispatcher.DispatchController | undefined
    const response: RawResponse = { status: 0, headers: {}, chunks: [] }
    let wireBytes = 0
    const fail = (fault: NetworkFault, message: string, cause?: unknown) => {
      signal.removeEventListener('abort', onStop)
      const status = response.status === 0 ? {} : { status: response.status }
      const error = new NetworkError(fault, message, isSent, { cause, ...status })
      reject(error)
      controller?.abort(error)
    }
    const onStop = () => {
      const { fault, message } = signal.reason as Stop
      fail(fault, message)
    }
    if (signal.aborted) {
      onStop()
      return
    }
    signal.addEventListener('abort', onStop, { once: true })
    const tooLarge = () =>
      fail('too_large', `the answer of ${url.host} is larger than ${request.maxBytes} bytes`)
    pool.dispatch(
      {
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers: { 'accept-encoding': 'gzip, deflate, br', ...request.headers },
        body: request.body ?? null,
      },
      {
        onRequestStart(started) {
          // undici may put a request on a second connection when the first closes at the wrong moment. One
          // that was given up before it had a connection must not begin either.
          if (isSent || signal.aborted) {
            started.abort(new Error('not begun'))
            return
          }
          controller = started
          isSent = true
        },
        onResponseStart(_controller, status, headers) {
          if (status < 200) return
          if (request.method !== 'GET') faultPoint('K12')
          response.status = status
          response.headers = joined(headers)
          const length = Number(response.headers['content-length'] ?? 0)
          if (length > request.maxBytes + encodingOverheadBytes && request.method !== 'HEAD') tooLarge()
        },
        onResponseData(_controller, chunk) {
          wireBytes += chunk.length
          if (wireBytes > request.maxBytes + encodingOverheadBytes) tooLarge()
          else response.chunks.push(chunk)
        },
        onRequestUpgrade(_controller, _status, _headers, socket) {
          socket.destroy()
          fail('reset', `${url.host} switched protocols`)
        },
        onResponseEnd() {
          signal.removeEventListener('abort', onStop)
          resolve(response)
        },
        onResponseError(_controller, error) {
          const { fault, message } = explain(error, url, isSent)
          fail(fault, message, error)
        },
      },
    )
  })
}

function joined(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const entries = Object.entries(headers).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    entries.map(([name, value]) => [name, String(Array.isArray(value) ? value.join(', ') : value)]),
  )
}

/** Node's and undici's error codes in our few words. */
function explain(error: Error, url: URL, isSent: boolean): Stop {
  if (error instanceof NetworkError) return error
  const causes: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
  const refused = causes.find((cause) => cause instanceof NetworkError)
  if (refused) return refused
  const code = causes.map(codeOf).find((found) => found !== undefined) ?? error.name
  const host = url.host
  if (code === 'UND_ERR_INVALID_ARG')
    return { fault: 'invalid', message: `the request is not valid: ${error.message}` }
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED')
    return { fault: 'closed', message: stopping(host) }
  if (isSent)
    return {
      fault: 'reset',
      message: `the connection to ${host} broke before its answer was complete (${code})`,
    }
  if (code === 'ENOTFOUND' || code.startsWith('EAI_'))
    return { fault: 'dns', message: `${host} has no address (${code})` }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT')
    return { fault: 'timeout', message: `${host} did not accept a connection in time` }
  if (/CERT|TLS|SSL|EPROTO|SIGNATURE/.test(code) || code === 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY')
    return { fault: 'tls', message: `the TLS certificate or handshake of ${host} was not accepted (${code})` }
  return { fault: 'connect', message: `${host} could not be connected to (${code})` }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
