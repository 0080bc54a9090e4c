import { readFileSync } from 'node:fs'
import { z } from 'zod'

/**
 * A file of signature vectors: exact headers in order, exact bytes, the receiver's clock, and whether the request
 * is the sender's. Keys that are not known here stay in `more`, for whoever knows the scheme.
 */
export interface Vector {
  readonly id: string
  readonly provider: string
  readonly scheme: string
  readonly isValid: boolean
  /** Epoch milliseconds of the receiver's clock. */
  readonly now: number | undefined
  /** A valid vector must verify when any of them is accepted. Public keys and certificates too. */
  readonly secrets: readonly string[]
  readonly method: string
  /** Absolute, as it is registered at the sender. */
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  readonly expected: ExpectedResponse | undefined
  /** Everything else of the entry: `webhook_id`, `token_header`, `tolerance`, …. */
  readonly more: Readonly<Record<string, unknown>>
}

export interface ExpectedResponse {
  readonly status?: number | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | undefined
  readonly json?: unknown
  /** The text itself, or JSON in which it stands. */
  readonly json_or_text?: string | undefined
}

const headers = z.union([
  z.array(z.tuple([z.string(), z.string()]).rest(z.unknown())),
  z.array(z.object({ name: z.string(), value: z.string() })),
  z.record(z.string(), z.union([z.string(), z.array(z.string())])),
])

const body = {
  body_b64: z.string().optional(),
  body_base64: z.string().optional(),
  body_hex: z.string().optional(),
  body: z.unknown().optional(),
}

const entry = z.looseObject({
  id: z.string(),
  provider: z.string(),
  scheme: z.string().default('unknown'),
  expect: z.enum(['valid', 'invalid']),
  now: z.union([z.number(), z.string()]).optional(),
  secrets: z.array(z.string()).optional(),
  secret: z.union([z.string(), z.array(z.string())]).optional(),
  request: z.looseObject({
    method: z.string().default('POST'),
    url: z.string().default('https://receiver.example/hooks/x'),
    headers: headers.default([]),
    ...body,
  }),
  expected_response: z
    .looseObject({
      status: z.number().optional(),
      headers: z.record(z.string(), z.string()).optional(),
      body: z.string().optional(),
      json: z.unknown().optional(),
      json_or_text: z.string().optional(),
    })
    .optional(),
})

/** Throws an Error that says which entry is not of the format. */
export function readVectors(file: string): Vector[] {
  return parseVectors(readFileSync(file, 'utf8'))
}

export function parseVectors(text: string): Vector[] {
  const document: unknown = JSON.parse(text)
  const list = Array.isArray(document) ? document : (document as { vectors?: unknown }).vectors
  if (!Array.isArray(list)) throw new Error('the file has no list "vectors"')
  return list.map((given: unknown, at) => {
    const read = entry.safeParse(given)
    if (read.success) return vectorOf(read.data)
    const { id } = given as { id?: unknown }
    throw new Error(
      `vector ${typeof id === 'string' ? id : at} is not of the format: ${z.prettifyError(read.error)}`,
    )
  })
}

function vectorOf({
  id,
  provider,
  scheme,
  expect,
  now,
  secrets,
  secret,
  request,
  expected_response,
  ...more
}: z.output<typeof entry>): Vector {
  return {
    id,
    provider,
    scheme,
    isValid: expect === 'valid',
    now: now === undefined ? undefined : timeOf(now),
    secrets: secrets ?? (typeof secret === 'string' ? [secret] : (secret ?? [])),
    method: request.method,
    url: request.url,
    headers: pairsOf(request.headers),
    body: bytesOf(request),
    expected: expected_response,
    more,
  }
}

/** Unix seconds, milliseconds where it can be nothing else, or ISO 8601. */
function timeOf(now: number | string): number {
  const amount = typeof now === 'number' ? now : Number(now)
  if (Number.isNaN(amount)) return Date.parse(String(now))
  return amount > 100_000_000_000 ? amount : amount * 1000
}

function pairsOf(given: z.output<typeof headers>): (readonly [string, string])[] {
  if (Array.isArray(given)) {
    return given.map((item) =>
      Array.isArray(item) ? ([item[0], item[1]] as const) : ([item.name, item.value] as const),
    )
  }
  return Object.entries(given).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((each) => [name, each] as const),
  )
}

function bytesOf(request: { [Key in keyof typeof body]?: unknown }): Buffer {
  const { body_b64, body_base64, body_hex, body: plain } = request
  if (typeof body_hex === 'string') return Buffer.from(body_hex, 'hex')
  const encoded = body_b64 ?? body_base64
  if (typeof encoded === 'string') return Buffer.from(encoded, 'base64')
  if (plain === undefined || plain === null) return Buffer.alloc(0)
  return Buffer.from(typeof plain === 'string' ? plain : JSON.stringify(plain))
}
