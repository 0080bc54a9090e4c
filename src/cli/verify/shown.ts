import { isUtf8 } from 'node:buffer'
import { createRedactor } from '../../util/redact.js'
import type { Step } from './heard.js'

/**
 * What may be shown of a proof: of a signature its first 8 characters, of a secret nothing. An expected signature is
 * as good as the secret for the one who has the request.
 */
export interface Shown {
  /** A header's value with every long word of it cut to its beginning. */
  value(text: string): string
  /** The beginning of a signature. */
  signature(text: string): string
  /** Bytes on one line, escaped, shortened in the middle. */
  bytes(bytes: Uint8Array): string
  /** Anything else. */
  text(text: string): string
}

const kept = 8
/** Words of this length may be signatures or tokens; times and versions are shorter. */
const longWord = /[A-Za-z0-9+/_-]{17,}={0,2}/g
const head = 90
const tail = 50

/** `secrets` are hidden wherever they stand; so is what `steps` computed. */
export function createShown(secrets: readonly string[], steps: readonly Step[]): Shown {
  const hidden = steps.flatMap((step) =>
    step.step === 'tried' ? [step.expected ?? '', ...step.given].filter((text) => text.length > kept) : [],
  )
  const redact = createRedactor(secrets)
  const isSecret = (start: string) => secrets.some((secret) => secret.includes(start))
  const cut = (text: string) => (text.length <= kept ? '…' : `${text.slice(0, kept)}…`)
  const safe = (text: string) => {
    let shown = redact(text)
    for (const signature of hidden) shown = shown.replaceAll(signature, cut(signature))
    return shown
  }
  return {
    value: (text) => safe(text).replace(longWord, cut),
    signature: (text) => (isSecret(text.slice(0, kept)) ? 'not shown' : cut(text)),
    bytes(bytes) {
      const text = safe(escaped(bytes))
      if (text.length <= head + tail + 20) return text
      return `${text.slice(0, head)} … ${text.slice(-tail)}`
    },
    text: safe,
  }
}

/** More is never shown; it bounds what a large body costs. */
const longest = 4096

function escaped(bytes: Uint8Array): string {
  const shown =
    bytes.length <= 2 * longest
      ? Buffer.from(bytes)
      : Buffer.concat([bytes.subarray(0, longest), bytes.subarray(-longest)])
  const encoding = isUtf8(shown) ? 'utf8' : 'latin1'
  return shown
    .toString(encoding)
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replace(encoding === 'latin1' ? /[^\x20-\x7e]/g : /\p{Cc}/gu, hexEscape)
}

function hexEscape(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}
