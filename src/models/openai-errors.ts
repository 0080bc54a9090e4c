import type { ModelSettings } from '../domain/agent.js'
import { type ErrorCode, ModelError, type Retry } from '../domain/errors.js'
import { retryAfterMs } from '../util/backoff.js'
import { NetworkError } from '../util/fetch.js'
import type { JsonObject, JsonValue } from '../util/json.js'
import { fieldOf, listOf, objectOf, textOf } from './fields.js'

/** A key that is refused today may be mended by a person at any moment; asking more often only locks it out. */
const unauthorizedRetryMs = 5 * 60_000
/** An account without credit stays so for a while, whatever `Retry-After` says. */
const quotaRetryMs = 15 * 60_000
const minRetryMs = 1000
const maxRetryMs = 3_600_000

/** What an endpoint says about its own error. Servers differ in where they put it. */
export interface VendorError {
  readonly message: string | undefined
  readonly code: string | undefined
  readonly param: string | undefined
}

/**
 * The error that a body speaks of: `{error: {…}}` (OpenAI), `{error: "…"}` (LM Studio, Ollama), the fields at
 * the top (vLLM), `{detail: …}` (FastAPI), or the first of a list (Gemini). Undefined where there is none.
 */
export function vendorErrorOf(body: JsonValue | undefined): VendorError | undefined {
  const first = listOf(body)?.[0] ?? body
  const error = fieldOf(first, 'error') ?? undefined
  if (typeof error === 'string') return { message: error, code: undefined, param: undefined }
  if (objectOf(error) !== undefined) return vendorError(objectOf(error) ?? {})
  const top = objectOf(first)
  return top !== undefined && (top['object'] === 'error' || top['detail'] !== undefined)
    ? vendorError(top)
    : undefined
}

function vendorError(error: JsonObject): VendorError {
  const code = error['code'] ?? error['type'] ?? undefined
  const message = error['message'] ?? error['detail']
  return {
    message:
      typeof message === 'object' && message !== null ? JSON.stringify(message, plain) : textOf(message),
    code: code === undefined || typeof code === 'object' ? undefined : String(code),
    param: textOf(error['param']),
  }
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

interface ErrorAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: JsonValue | undefined
  /** The status stood inside a 200. */
  readonly isInside?: boolean
}

/** The ModelError for an answer with an error status. `body` is undefined where it is not JSON. */
export function statusError(
  settings: ModelSettings,
  { status, headers, body, isInside = false }: ErrorAnswer,
  now: number,
): ModelError {
  const vendor = vendorErrorOf(body) ?? vendorError(objectOf(body) ?? {})
  const isEndpointUnknown = speaksOfEndpoint(status, vendor)
  const [code, advice] = meaningOf(settings, status, isEndpointUnknown)
  const said = code === 'model.unauthorized' ? '' : quote(settings, vendor.message)
  const details: Record<string, JsonValue> = { status }
  if (vendor.code !== undefined) details['vendorCode'] = quote(settings, vendor.code)
  const parameter = parameterOf(vendor)
  if (parameter !== undefined) details['parameter'] = parameter
  if (isEndpointUnknown) details['endpoint'] = 'unknown'
  const answered = isInside ? '200 with an error in it' : String(status)
  const found = `${place(settings)} answered ${answered}${said === '' ? '' : ` (${said})`}`
  return new ModelError(code, `${found}; ${advice}`, {
    retry: retryOf(code, status, vendor, headers, now),
    details,
  })
}

/** The ModelError for a 200 whose body is an error after all. */
export function errorInAnswer(
  settings: ModelSettings,
  vendor: VendorError,
  headers: Headers,
  now: number,
): ModelError {
  const status = Number(vendor.code ?? '')
  const known =
    Number.isInteger(status) && status >= 400 && status < 600 ? status : codeStatuses.get(vendor.code)
  const error = { message: vendor.message ?? null, code: vendor.code ?? null, param: vendor.param ?? null }
  const meant = known ?? (speaksOfEndpoint(200, vendor) ? 404 : undefined)
  if (meant !== undefined) {
    return statusError(settings, { status: meant, headers, body: { error }, isInside: true }, now)
  }
  return malformed(settings, `an error in place of an answer (${quote(settings, vendor.message)})`)
}

const codeStatuses: ReadonlyMap<string | undefined, number> = new Map([
  ['rate_limit_exceeded', 429],
  ['server_error', 500],
  ['invalid_prompt', 400],
])

/** What came is not an answer; nothing of it may be used. */
export function malformed(settings: ModelSettings, found: string): ModelError {
  return new ModelError(
    'model.malformed',
    `${place(settings)} did not give an answer: expected one JSON answer, found ${found}`,
    { retry: 'later' },
  )
}

export function timeout(settings: ModelSettings): ModelError {
  return new ModelError(
    'model.timeout',
    `${place(settings)} did not give a whole answer within ${settings.timeoutMs} ms; raise models.${settings.name}.timeout if it needs longer`,
    { retry: 'later' },
  )
}

const timeoutCodes = /^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/

/** The ModelError for a request that got no whole answer: refused, no such host, TLS, reset. */
export function connectionError(settings: ModelSettings, cause: unknown): ModelError {
  const chain = causesOf(cause)
  const network = chain.find((error) => error instanceof NetworkError)
  const code = chain.map(codeOf).findLast((text) => text !== undefined)
  if (network?.fault === 'timeout' || timeoutCodes.test(code ?? '')) return timeout(settings)
  const why = quote(settings, network?.message ?? code ?? 'the connection failed')
  if (network?.fault === 'too_large' || network?.fault === 'encoding') return malformed(settings, why)
  const details = { reason: network?.fault ?? code ?? 'unknown' }
  const message = `${place(settings)} could not be reached (${why}); check models.${settings.name}.base_url and the network`
  // An address that is no address stays so.
  if (network?.fault === 'invalid') return new ModelError('model.rejected', message, { details })
  return new ModelError('model.unreachable', message, { retry: 'later', details })
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

export function causesOf(cause: unknown): readonly Error[] {
  const chain: Error[] = []
  for (let error = cause; error instanceof Error && chain.length < 8; error = error.cause) chain.push(error)
  return chain
}

/** `model "default" at api.openai.com`. Never the whole URL: it may hold a password. */
function place(settings: ModelSettings): string {
  const host = URL.canParse(settings.baseUrl) ? new URL(settings.baseUrl).host : 'an unreadable base_url'
  return `model "${settings.name}" at ${host}`
}

function meaningOf(settings: ModelSettings, status: number, isEndpointUnknown: boolean): [ErrorCode, string] {
  const at = `models.${settings.name}`
  if (status === 401 || status === 403) {
    return ['model.unauthorized', `expected a key that it accepts; check ${at}.api_key`]
  }
  if (status === 402) return ['model.unauthorized', 'the account has no credit left; add some']
  if (status === 408) return ['model.timeout', 'it is asked again later']
  if (status === 429) return ['model.rate_limited', 'it is asked again later']
  if (isEndpointUnknown) {
    return ['model.rejected', `it does not know this API; check ${at}.base_url (often …/v1) and ${at}.api`]
  }
  if (status >= 500 || status === 409 || status === 425)
    return ['model.unavailable', 'it is asked again later']
  if (status >= 300 && status < 400) {
    return [
      'model.rejected',
      `redirects are not followed, they would carry the key along; set ${at}.base_url to the final address`,
    ]
  }
  return [
    'model.rejected',
    `the same request would be refused again; check ${at}.model and the tools’ schemas`,
  ]
}

function retryOf(code: ErrorCode, status: number, vendor: VendorError, headers: Headers, now: number): Retry {
  if (code === 'model.rejected') return 'never'
  if (status === 402 || vendor.code === 'insufficient_quota') return { afterMs: quotaRetryMs }
  if (code === 'model.unauthorized') return { afterMs: unauthorizedRetryMs }
  const asked = retryAfterMs(headers.get('retry-after'), now)
  return asked === undefined ? 'later' : { afterMs: Math.min(maxRetryMs, Math.max(minRetryMs, asked)) }
}

const endpointWords =
  /\b(endpoint|url|path|route|responses api|chat[ _]?completions?|v1\/\w+)\b|\/responses\b/i
const denialWords =
  /\b(unknown|unexpected|unsupported|unrecognized|invalid url|not supported|does(n't| not) support|not found|no such|not implemented|does not exist)\b/i

/**
 * Whether an error says that this endpoint is not there, rather than that this request is wrong. A model that
 * does not exist is a 404 too, and must not be taken for a missing endpoint. LM Studio answers 200 with
 * "Unexpected endpoint or method" (lmstudio-bug-tracker#618, read 2026-11-21).
 */
function speaksOfEndpoint(status: number, { message, code, param }: VendorError): boolean {
  if (status === 405 || status === 501) return true
  const speaks = endpointWords.test(message ?? '') && denialWords.test(message ?? '')
  if (status === 404) return speaks || (code !== 'model_not_found' && !/\bmodel\b/i.test(message ?? ''))
  return (status === 400 || status === 422 || status === 200) && speaks && param === undefined
}

const adaptableParameters = ['max_completion_tokens', 'max_output_tokens', 'include'] as const

/** The request's optional parameter that the error is about, where it is one that we can do without. */
function parameterOf({ message, param }: VendorError): string | undefined {
  if (param !== undefined)
    return adaptableParameters.find((name) => param === name || param.startsWith(`${name}[`))
  const text = message ?? ''
  if (/encrypted.content is not supported/i.test(text)) return 'include'
  return adaptableParameters.find((name) => text.includes(name === 'include' ? '"include"' : name))
}

/** The endpoint's own words, short, on one line, without the key and without what could steer a terminal. */
function quote(settings: ModelSettings, text: string | undefined): string {
  const line = (text ?? '').replace(/[\p{C}\p{Z}]+/gu, ' ').trim()
  const safe = settings.apiKey ? line.replaceAll(settings.apiKey, '[key]') : line
  return safe.length > 200 ? `${safe.slice(0, 199)}…` : safe
}
