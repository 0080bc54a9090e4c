/** Shorter values would blot out ordinary words, and are no secrets. */
const minSecretLength = 6
const mark = '[redacted]'

export type Redactor = (text: string) => string

/**
 * A function that replaces every one of `secrets` in a text, also where it stands inside base64 (at any of the
 * three alignments, so a basic credential too), base64url, hex, URL or JSON encoding. Values shorter than 6
 * characters are left alone.
 */
export function createRedactor(secrets: readonly string[]): Redactor {
  const forms = new Set<string>()
  for (const secret of secrets) {
    if (secret.length >= minSecretLength) for (const form of encodings(secret)) forms.add(form)
  }
  if (forms.size === 0) return (text) => text
  // Longest first: where one form begins another, the whole of it must go.
  const sorted = [...forms].sort((left, right) => right.length - left.length)
  const pattern = new RegExp(sorted.map(escapePattern).join('|'), 'g')
  return (text) => text.replace(pattern, mark)
}

function encodings(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8')
  const hex = bytes.toString('hex')
  const url = encodeURIComponent(bytes.toString('utf8'))
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    hex,
    hex.toUpperCase(),
    url,
    url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    url.replaceAll('%20', '+'),
  ]
  for (const shift of [0, 1, 2]) {
    const text = base64Core(bytes, shift)
    forms.push(text, text.replaceAll('+', '-').replaceAll('/', '_'))
  }
  return forms.filter((form) => form.length >= minSecretLength)
}

/** The part of the base64 text that depends on these bytes alone when `shift` other bytes stand before them. */
function base64Core(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
  const start = shift === 0 ? 0 : shift + 1
  const end = Math.floor(((shift + bytes.length) * 8) / 6)
  return text.slice(start, end)
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
