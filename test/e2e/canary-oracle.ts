/** Parts of this length are as bad as the whole. */
const length = 8

/**
 * What of a text holds eight characters or more of a secret, with what stands around it; undefined where nothing does.
 * Read as it is, with URL and JSON escapes undone, and with everything decoded that may be base64 or hex, at every
 * alignment. Written to be right, not quick: it decodes and looks, where the redactor encodes and looks up.
 */
export function holdsCanary(text: string, canaries: readonly string[]): string | undefined {
  const read = readings(text)
  for (const canary of canaries) {
    for (let at = 0; at + length <= canary.length; at++) {
      const part = canary.slice(at, at + length)
      for (const reading of read) {
        const found = reading.indexOf(part)
        if (found >= 0) return reading.slice(Math.max(0, found - 60), found + 80)
      }
    }
  }
  return undefined
}

function readings(text: string): string[] {
  const once = undone(text)
  const all = [text, once, undone(once)]
  return [...all, ...all.flatMap(decoded)]
}

function undone(text: string): string {
  return text
    .replace(/%([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\u([\da-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/\\([^u])/g, (_, char: string) => (char === 'n' ? '\n' : char))
}

function decoded(text: string): string[] {
  const words = [...text.matchAll(/[A-Za-z0-9+/_-]{11,}/g)].map(([word]) => word)
  const digits = [...text.matchAll(/[\da-f]{16,}/gi)].map(([word]) => word)
  return [
    ...[0, 1, 2, 3].map((skip) => words.map((word) => from(word.slice(skip), 'base64')).join('\n')),
    ...[0, 1].map((skip) => digits.map((word) => from(word.slice(skip), 'hex')).join('\n')),
  ]
}

function from(text: string, encoding: 'base64' | 'hex'): string {
  return Buffer.from(text, encoding).toString('latin1')
}
