import type { IncomingMessage } from 'node:http'
import { headerValues } from '../domain/delivery.js'

/**
 * Whether a request may mean one thing to us and another to a proxy before us: where its body ends, or which host it
 * is for. Node's parser refuses most of this by itself. It takes any list of codings that ends with `chunked` and undoes
 * only the last, a second Host, HTTP/0.9 and HTTP/2.0 in a request line, and `chunked` from an HTTP/1.0 sender, which
 * RFC 9112 (6.1, read 2026-06-20) calls faulty framing.
 */
export function isAmbiguous({ headers, httpVersion, rawHeaders }: IncomingMessage): boolean {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return true
  const coding = headers['transfer-encoding']
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || httpVersion === '1.0')) return true
  const hosts = headerValues(rawHeaders, 'host').length
  return hosts > 1 || (hosts === 0 && httpVersion === '1.1')
}
