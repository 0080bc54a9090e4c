import { parse, stringify } from 'node:querystring'
import type { Delivery } from '../domain/delivery.js'
import { AppError, type ErrorCode, VerificationError } from '../domain/errors.js'
import { decodeDigest, digestsEqual, sha256 } from '../util/signature.js'
import { formPairs } from './engine/form.js'
import { type Proof, secretAt } from './engine/proof.js'
import { queryValues } from './engine/query.js'
import type { Secret } from './engine/secret.js'
import { type Proven, type SignatureScheme, signWith, verifySignature } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import type { Trace } from './engine/trace.js'

/** The URL, and what `signedFields` makes of the body. */
const scheme: SignatureScheme = {
  hash: 'sha1',
  signature: { header: 'x-twilio-signature', encoding: 'base64' },
  message: compileMessage('{url}{body}'),
}

const bodyHash = 'bodySHA256'

/** The part of a URL behind the question mark, as it came. */
export function queryOf({ url }: Pick<Delivery, 'url'>): string {
  const at = url.indexOf('?')
  return at < 0 ? '' : url.slice(at + 1)
}

/** Whether the URL has the body's digest: then it is the URL alone that is signed, and the body is JSON. */
export function isHashed({ url }: Pick<Delivery, 'url'>): boolean {
  return queryValues(url, bodyHash).length > 0
}

/** Under `url`, where Twilio sends to; the query is read from the request, because it is signed. */
export function twilioProof(url: string, secrets: readonly Secret[]): Proof {
  const base = url.split('?', 1)[0] ?? url
  return {
    prove: (delivery, now, trace) => prove(base, secrets, delivery, now, trace),
    sign({ body, id, secretIndex = 0 }, now) {
      const query =
        body[0] === 0x7b || body[0] === 0x5b ? `${bodyHash}=${sha256(body).toString('hex')}` : undefined
      const whole = query === undefined ? base : `${base}?${query}`
      const signed = query === undefined ? sortedFields(body) : Buffer.alloc(0)
      const secret = secretAt(secrets, secretIndex)
      const headers = signWith({ ...scheme, url: whole }, secret, { body: signed, id }, now)
      return { headers, ...(query === undefined ? {} : { query }) }
    },
  }
}

function prove(
  base: string,
  secrets: readonly Secret[],
  delivery: Delivery,
  now: number,
  trace: Trace | undefined,
): Proven {
  const signed = { ...delivery, body: signedFields(delivery) }
  let proven: Proven | undefined
  let failure: unknown
  for (const url of urlVariants(base, queryOf(delivery))) {
    try {
      const found = verifySignature({ ...scheme, url }, secrets, signed, now, trace)
      proven ??= found
    } catch (cause) {
      if (!(cause instanceof VerificationError)) throw cause
      failure = cause
    }
  }
  if (proven) return proven
  throw failure
}

/** What is signed of the body behind the URL. Throws VerificationError where the body is not what was signed. */
function signedFields(delivery: Delivery): Uint8Array {
  const none = Buffer.alloc(0)
  const [hash, second] = queryValues(delivery.url, bodyHash)
  if (second !== undefined) throw refused('verification.duplicate_header', `the query has ${bodyHash} twice`)
  if (hash !== undefined) {
    const expected = decodeDigest(hash.toLowerCase(), 'hex', 'sha256')
    if (expected && digestsEqual(expected, sha256(delivery.body))) return none
    throw refused('verification.signature_mismatch', `the body is not that of ${bodyHash}`)
  }
  if (delivery.method === 'POST') return sortedFields(delivery.body)
  if (delivery.body.length === 0) return none
  throw refused('verification.malformed_signature', 'a GET has a body, which is not signed')
}

/** Names in order of their bytes, each before its value; of a repeated name, its different values in order. */
function sortedFields(body: Uint8Array): Buffer {
  const fields = new Map<string, Buffer[]>()
  for (const [name, value] of readPairs(body)) {
    const values = fields.get(name) ?? []
    if (!values.some((other) => other.equals(value))) values.push(value)
    fields.set(name, values)
  }
  const named = [...fields].map(([name, values]) => [Buffer.from(name, 'latin1'), values] as const)
  named.sort(([left], [right]) => Buffer.compare(left, right))
  return Buffer.concat(
    named.flatMap(([name, values]) => values.sort(Buffer.compare).flatMap((value) => [name, value])),
  )
}

function readPairs(body: Uint8Array): (readonly [name: string, value: Buffer])[] {
  try {
    return formPairs(body)
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause
    throw refused('verification.malformed_signature', `the signed form cannot be read: ${cause.message}`)
  }
}

const urlParts = /^(https?:)(\/\/)([^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)(?::(\d+))?(.*)$/s

/**
 * How Twilio's services write one URL: with the port and without, the query as it came, as a browser writes it, and as
 * older libraries did. All of them are the same URL.
 */
function urlVariants(base: string, query: string): ReadonlySet<string> {
  const whole = query === '' ? base : `${base}?${query}`
  const written = [whole, new URL(whole).href, query === '' ? base : `${base}?${stringify(parse(query))}`]
  return new Set(written.flatMap((url) => [url, ...withPorts(url)]))
}

function withPorts(url: string): string[] {
  const [, protocol = '', slashes = '', user = '', host = '', port, rest = ''] = urlParts.exec(url) ?? []
  const standard = protocol === 'https:' ? '443' : '80'
  return [
    `${protocol}${slashes}${user}${host}${rest}`,
    `${protocol}${slashes}${user}${host}:${port ?? standard}${rest}`,
  ]
}

function refused(code: ErrorCode, message: string): VerificationError {
  return new VerificationError(code, message)
}
