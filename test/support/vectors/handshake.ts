import { existsSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { SignedRequest, SourceKind, WebhookSource } from '../../../src/sources/source.js'
import type { ContractSupport } from '../../contract/source.js'
import { objectOf } from './facts.js'
import type { Vector } from './format.js'
import { exampleOf, registrationToken } from './kinds.js'
import type { Exchange, Result } from './run.js'
import type { Answer } from './send.js'

/** Requests by which a sender asks whether anybody is there: they have an answer to be given, and no signature. */
export function isHandshake({ scheme, expected }: Vector): boolean {
  return expected !== undefined || /challenge|handshake/.test(scheme)
}

interface Setting {
  readonly source: WebhookSource
  readonly kind: SourceKind
  readonly now: number
  exchange(headers: Vector['headers'], body: Uint8Array, query?: string): Promise<Exchange>
}

export interface HandshakeJudged {
  readonly isRight: boolean
  readonly answer: NonNullable<Result['answer']>
  readonly reasons: readonly string[]
}

/**
 * Whether the expected answer was given and nothing recorded. Of a sender that signs its handshakes a vector shows
 * the rest of the request only: as it stands it must be refused, and signed it must be answered.
 */
export async function whyNotAnswered(
  vector: Vector,
  first: Exchange,
  setting: Setting,
): Promise<HandshakeJudged> {
  if (!vector.isValid) {
    const isRefused = first.answer.status >= 400 && first.answer.status < 500 && isUnrecorded(first)
    const reasons = isRefused ? [] : [`expected 4xx and nothing recorded, answered ${first.answer.status}`]
    return { isRight: isRefused, answer: 'refused', reasons }
  }
  const reason = deviation(vector, first)
  if (reason === undefined) return { isRight: true, answer: 'answered', reasons: [] }
  const wrong = { isRight: false, answer: 'refused', reasons: [reason] } as const
  if (first.answer.status < 400 || !isUnrecorded(first)) return wrong
  if ('registration' in setting.kind.options.shape) {
    const registered = await setting.exchange(
      vector.headers,
      vector.body,
      `registration=${registrationToken}`,
    )
    const still = deviation(vector, registered)
    if (still !== undefined)
      return { ...wrong, reasons: [`${reason}; by way of the registered URL: ${still}`] }
    return {
      isRight: true,
      answer: 'answered',
      reasons: [
        'as it stands it is refused: a secret is taken only by way of the URL with the registration token',
      ],
    }
  }
  const signed = await signedLike(vector, setting)
  if (!signed) return wrong
  const names = new Set(Object.keys(signed.headers).map((name) => name.toLowerCase()))
  const own = vector.headers.filter(([name]) => !names.has(name.toLowerCase()))
  const headers = [...own, ...Object.entries(signed.headers)]
  const second = await setting.exchange(headers, signed.body ?? vector.body, signed.query)
  const still = deviation(vector, second)
  if (still !== undefined) return { ...wrong, reasons: [`${reason}; signed: ${still}`] }
  return {
    isRight: true,
    answer: 'answered',
    reasons: ['this sender signs its handshakes: as it stands it is refused, signed it is answered'],
  }
}

async function signedLike(
  vector: Vector,
  { source, kind, now }: Setting,
): Promise<SignedRequest | undefined> {
  const request = { body: vector.body, type: 'handshake', id: 'handshake-1' }
  const example = exampleOf(kind)
  const file = new URL(`../../sources/support/${example?.name}.ts`, import.meta.url)
  try {
    if (!example || !existsSync(file)) return source.sign(request, now)
    const { support } = (await import(file.href)) as { support: ContractSupport }
    return support.sign ? support.sign(request, now, example) : source.sign(request, now)
  } catch {
    return undefined
  }
}

function isUnrecorded({ recorded, malformed }: Exchange): boolean {
  return recorded + malformed === 0
}

/** In what the answer is not the expected one. */
function deviation({ expected = {} }: Vector, exchange: Exchange): string | undefined {
  const { answer } = exchange
  if (!isUnrecorded(exchange)) return `expected an answer only, but it was recorded (${answer.status})`
  const { status = 200, headers = {}, body, json, json_or_text } = expected
  if (answer.status !== status) return `expected ${status}, answered ${answer.status}`
  for (const [name, value] of Object.entries(headers)) {
    const found = answer.headers[name.toLowerCase()]
    if (!isSameHeader(name, value, found)) return `expected ${name}: ${value}, answered ${found ?? 'without'}`
  }
  const text = answer.body.toString('utf8')
  if (body !== undefined && text !== body) return `expected the body ${body}, answered ${text}`
  if (json !== undefined && !isDeepStrictEqual(objectOf(text), json))
    return `expected ${JSON.stringify(json)}, answered ${text}`
  if (json_or_text !== undefined && !hasText(answer, json_or_text))
    return `expected ${json_or_text}, answered ${text}`
  return undefined
}

function hasText({ body }: Answer, wanted: string): boolean {
  const text = body.toString('utf8')
  return text === wanted || Object.values(objectOf(text) ?? {}).includes(wanted)
}

/** A content type may say its character set. */
function isSameHeader(name: string, wanted: string, found: string | undefined): boolean {
  const isType = name.toLowerCase() === 'content-type' && !wanted.includes(';')
  return wanted === (isType ? found?.split(';', 1)[0]?.trim() : found)
}
