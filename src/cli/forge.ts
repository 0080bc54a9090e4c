import type { SignRequest, WebhookSource } from '../sources/source.js'

/**
 * Headers as a forger would send them: all of the right form, with one character of the signature (or of the
 * secret, where the sender sends that) changed.
 */
export function forgedHeaders(
  source: Pick<WebhookSource, 'sign'>,
  request: SignRequest,
  now: number,
): Record<string, string> {
  const signed = source.sign(request, now)
  const other = source.sign({ ...request, body: Buffer.concat([request.body, Buffer.from(' ')]) }, now)
  const changing = Object.keys(signed).filter((name) => signed[name] !== other[name])
  const secret = Object.keys(signed).filter((name) => /authorization|token|secret|api-?key/i.test(name))
  const forged = { ...signed }
  for (const name of changing.length > 0 ? changing : secret)
    forged[name] = withOneCharacterChanged(signed[name] ?? '')
  return forged
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
