import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { AppError, ErrorCode } from '../domain/errors.js'
import { type JsonValue, stringifyJson } from '../util/json.js'

/** The values stay the same; what could end a script, turn a line around or hide is written as its code. */
const unsafe = /[<>&\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu

/** On one line, whatever is in it. */
export function jsonText(value: JsonValue): string {
  return stringifyJson(value).replace(unsafe, (found) =>
    Array.from({ length: found.length }, (_, at) => codeOf(found.charCodeAt(at))).join(''),
  )
}

export function answerJson(value: JsonValue, status = 200): Response {
  const body = jsonText(value)
  return new Response(body, { status, headers: { 'content-type': 'application/json; charset=utf-8' } })
}

function codeOf(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}

export function answerPage(html: string, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(html, { status, headers: { ...headers, 'content-type': 'text/html; charset=utf-8' } })
}

const refusals = {
  400: 'bad request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not found',
  405: 'method not allowed',
  413: 'too large',
  415: 'unsupported media type',
  421: 'misdirected request',
  429: 'too many requests',
  500: 'internal error',
  503: 'unavailable',
} as const

/** A constant body that says nothing of the reason. */
export function refuse(status: keyof typeof refusals, headers: Record<string, string> = {}): Response {
  const body = JSON.stringify({ status: refusals[status] })
  return new Response(body, {
    status,
    headers: { ...headers, 'content-type': 'application/json; charset=utf-8' },
  })
}

const statuses: Partial<Record<ErrorCode, number>> = {
  'request.invalid': 400,
  'store.not_found': 404,
  'store.conflict': 409,
  'approval.expired': 409,
  'command.failed': 422,
  'command.usage': 422,
}

/** What the ledger says no to: its code and sentence, as the command line has them. */
export function answerFault({ code, message }: Pick<AppError, 'code' | 'message'>): Response {
  const status = statuses[code]
  return status === undefined
    ? refuse(503, { 'retry-after': '5' })
    : answerJson({ error: { code, message } }, status)
}

const gzipped = promisify(gzip)
const minCompressedBytes = 1024
const compressible = /^(text\/html|application\/json)\b/

/** The same answer, gzipped where that was asked for and is worth it. What is sent bit by bit is left as it is. */
export async function compressed(
  response: Response,
  incoming: Pick<IncomingMessage, 'headers'>,
): Promise<Response> {
  const { headers, status } = response
  if (!compressible.test(headers.get('content-type') ?? '')) return response
  headers.append('vary', 'Accept-Encoding')
  if (!acceptsEncoding(incoming, 'gzip')) return response
  const body = Buffer.from(await response.arrayBuffer())
  if (body.length < minCompressedBytes) return new Response(body, { status, headers })
  headers.set('content-encoding', 'gzip')
  return new Response(new Uint8Array(await gzipped(body)), { status, headers })
}

/** Whether the browser named it, and did not say that it must not be. */
export function acceptsEncoding({ headers }: Pick<IncomingMessage, 'headers'>, name: string): boolean {
  const offered = String(headers['accept-encoding'] ?? '')
    .toLowerCase()
    .split(',')
  return offered.some((one) => {
    const [coding = '', ...parameters] = one.split(';').map((part) => part.trim())
    return coding === name && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })
}
