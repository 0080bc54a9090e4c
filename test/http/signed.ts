import { createHmac, randomUUID } from 'node:crypto'
import { githubSecret, issueOpened } from '../support/rouse.js'

let issues = 500_000

export interface SignedOptions {
  readonly body?: string | Buffer
  /** The request line up to the version. */
  readonly start?: string
  readonly version?: string
  /** Further lines. */
  readonly headers?: readonly string[]
  /** In place of `Host: localhost`. */
  readonly host?: readonly string[]
  /** In place of the Content-Length. */
  readonly framing?: readonly string[]
  /** How the body stands in the stream. */
  readonly framed?: (body: Buffer) => string | Buffer
  readonly signature?: string
}

export function sign(body: string | Buffer): string {
  return `sha256=${createHmac('sha256', githubSecret).update(body).digest('hex')}`
}

/** The bytes of a delivery of an event that is new, signed rightly unless the options say otherwise. */
export function signed(options: SignedOptions = {}): Buffer {
  const body = Buffer.from(options.body ?? JSON.stringify(issueOpened(issues++)))
  const head = [
    `${options.start ?? 'POST /hooks/ci'} ${options.version ?? 'HTTP/1.1'}`,
    ...(options.host ?? ['Host: localhost']),
    'X-GitHub-Event: issues',
    `X-GitHub-Delivery: ${randomUUID()}`,
    `X-Hub-Signature-256: ${options.signature ?? sign(body)}`,
    ...(options.framing ?? [`Content-Length: ${body.length}`]),
    ...(options.headers ?? []),
    '\r\n',
  ].join('\r\n')
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(options.framed?.(body) ?? body)])
}

/** Signed with another secret. */
export function forged(options: SignedOptions = {}): Buffer {
  return signed({ ...options, signature: `sha256=${'0'.repeat(64)}` })
}

export function chunked(body: Buffer): string {
  return `${body.length.toString(16)}\r\n${body.toString('latin1')}\r\n0\r\n\r\n`
}
