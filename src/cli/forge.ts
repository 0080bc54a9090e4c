import type { SignedRequest, SignRequest, WebhookSource } from '../sources/source.js'

/**
 * A delivery as a forger would send it: all of the right form, with one character of the signature (or of the
 * secret, where the sender sends that) changed.
 */
export function forged(
  source: Pick<WebhookSource, 'sign'>,
  request: SignRequest,
  now: number,
): SignedRequest {
  const signed = source.sign(request, now)
  const { headers, body, query } = signed
  // Where the proof stands in the body or the URL there is no telling it from the rest, so a byte of that goes.
  if (body) return { ...signed, body: withOneByteChanged(body) }
  if (query !== undefined) return { ...signed, query: withOneCharacterChanged(query) }
  const other = source.sign(
    { ...request, body: Buffer.concat([request.body, Buffer.from(' ')]) },
    now,
  ).headers
  const changing = Object.keys(headers).filter((name) => headers[name] !== other[name])
  const secret = Object.keys(headers).filter((name) => /authorization|token|secret|api-?key/i.test(name))
  const wrong = { ...headers }
  for (const name of changing.length > 0 ? changing : secret)
    wrong[name] = withOneCharacterChanged(headers[name] ?? '')
  return { headers: wrong }
}

/** A digit or letter in the middle, so that the form stays what it was. */
function withOneByteChanged(body: Uint8Array): Uint8Array {
  return Buffer.from(withOneCharacterChanged(Buffer.from(body).toString('latin1')), 'latin1')
}

/** In the middle of the longest run of letters and digits, where a digest or a token is. */
function withOneCharacterChanged(value: string): string {
  let longest = { start: 0, text: '' }
  for (const { 0: text, index } of value.matchAll(/[A-Za-z0-9+/_-]+/g)) {
    if (text.length > longest.text.length) longest = { start: index, text }
  }
  const at = longest.start + Math.floor(longest.text.length / 2)
  return value.slice(0, at) + (value[at] === '1' ? '2' : '1') + value.slice(at + 1)
}
