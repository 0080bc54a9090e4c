import type { OpenAI } from 'openai'
import type { ModelSettings } from '../domain/agent.js'
import { ModelError } from '../domain/errors.js'
import type { Clock } from '../util/clock.js'
import { type JsonObject, type JsonValue, parseJson, stringifyJson } from '../util/json.js'
import { objectOf } from './fields.js'
import {
  causesOf,
  connectionError,
  errorInAnswer,
  malformed,
  statusError,
  timeout,
  vendorErrorOf,
} from './openai-errors.js'

export interface OpenAiDependencies {
  /** Must honour the signal until the last byte of the body, and not time out by itself before the model does. */
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
}

/** What one request brought back: a JSON object without an error in it. */
export interface Exchange {
  readonly body: JsonObject
  readonly headers: Headers
  readonly requestBytes: number
}

/** Options for the SDK's `create`: they carry our own bytes of the body. */
export interface SendOptions {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

type Send = (client: OpenAI, options: SendOptions) => { asResponse(): Promise<Response> }

/** After decompression. The longest answers of today are below 1 MB. */
const maxAnswerBytes = 32 * 1024 * 1024
const answerLimits = { maxDepth: 128, maxNodes: 1_000_000 }
/** The longest that a Node timer can wait; more than that fires at once. */
const maxTimerMs = 2 ** 31 - 1

/**
 * One request through the SDK. The SDK knows paths, headers and parameter names; its retries are off, and its
 * reading of answers is not used: what the wire brought is judged here, because the SDK takes an HTML page or a
 * cut-off body for an answer, drops the error fields of compatible servers and rounds long integers.
 *
 * Rejects with ModelError, or with the signal's reason.
 */
export async function exchange(
  settings: ModelSettings,
  dependencies: OpenAiDependencies,
  params: unknown,
  send: Send,
  signal: AbortSignal,
): Promise<Exchange> {
  signal.throwIfAborted()
  // 60 ms and 11 MB, so not at start-up.
  const { OpenAI } = await import('openai')
  const wire = new Wire(settings, dependencies.fetch)
  const client = new OpenAI({
    baseURL: settings.baseUrl,
    apiKey: settings.apiKey || 'none',
    // Left out, the SDK would take these from the environment, behind the configuration's back.
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    logLevel: 'off',
    maxRetries: 0,
    timeout: Math.min(settings.timeoutMs, maxTimerMs),
    fetch: (url, init) => wire.fetch(url, init),
    defaultHeaders: settings.apiKey ? {} : { authorization: null },
  })
  const body = stringifyJson(params as JsonValue)
  try {
    await send(client, { body, headers: { 'content-type': 'application/json' }, signal }).asResponse()
  } catch (cause) {
    signal.throwIfAborted()
    if (wire.received === undefined) throw wire.fault ?? unsent(settings, cause)
  }
  if (wire.received === undefined) throw malformed(settings, 'nothing')
  const answer = read(settings, wire.received, dependencies.clock.now())
  return { body: answer, headers: wire.received.headers, requestBytes: Buffer.byteLength(body) }
}

interface Received {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array<ArrayBuffer>
}

/**
 * The network as the SDK sees it. It resolves only when the whole body is there, so that the SDK's timeout,
 * which otherwise ends at the headers, covers a server that sends one byte a minute.
 */
class Wire {
  received: Received | undefined
  fault: ModelError | undefined

  constructor(
    private readonly settings: ModelSettings,
    private readonly send: typeof globalThis.fetch,
  ) {}

  async fetch(url: string | URL | Request, init: RequestInit | undefined): Promise<Response> {
    let response: Response | undefined
    try {
      response = await this.send(url, { ...init, redirect: 'manual' })
      const bytes = await readAll(response, this.settings)
      this.received = { status: response.status, headers: response.headers, bytes }
    } catch (cause) {
      this.fault = this.faultOf(cause, init?.signal?.aborted === true, response !== undefined)
      throw this.fault
    }
    const { status, headers, bytes } = this.received
    return new Response(bytes.length === 0 ? null : bytes, { status, headers })
  }

  private faultOf(cause: unknown, isAborted: boolean, hasHeaders: boolean): ModelError {
    if (cause instanceof ModelError) return cause
    if (isAborted) return timeout(this.settings)
    const error = connectionError(this.settings, cause)
    if (!hasHeaders || error.code !== 'model.unreachable') return error
    return malformed(this.settings, `a body that was cut off (${causesOf(cause).at(-1)?.name ?? 'error'})`)
  }
}

async function readAll(response: Response, settings: ModelSettings): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  if (response.body !== null) {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength
      // Leaving the loop cancels the stream and with it the connection.
      if (size > maxAnswerBytes) throw malformed(settings, `more than ${maxAnswerBytes} bytes`)
      chunks.push(chunk)
    }
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

function read(settings: ModelSettings, { status, headers, bytes }: Received, now: number): JsonObject {
  const value = parse(bytes)
  if (status < 200 || status >= 300) throw statusError(settings, { status, headers, body: value }, now)
  if (value === undefined) {
    const type = (headers.get('content-type') ?? 'no content type').replace(/[^\w/+.; =-]/g, '').slice(0, 60)
    throw malformed(settings, `${bytes.length} bytes that are not JSON (${type})`)
  }
  const error = vendorErrorOf(value)
  if (error !== undefined) throw errorInAnswer(settings, error, headers, now)
  const body = objectOf(value)
  if (body === undefined) throw malformed(settings, 'JSON that is not an object')
  return body
}

function parse(bytes: Uint8Array): JsonValue | undefined {
  try {
    return parseJson(bytes, answerLimits)
  } catch {
    return undefined
  }
}

/** The SDK could not even build the request. Its error may quote the key, so it is not passed on. */
function unsent(settings: ModelSettings, cause: unknown): ModelError {
  const name = cause instanceof Error ? cause.name : typeof cause
  return new ModelError(
    'model.rejected',
    `the request to model "${settings.name}" could not be built (${name}); check models.${settings.name}.base_url, and api_key for line breaks or characters outside ASCII`,
  )
}
