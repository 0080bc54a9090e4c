import type { Secret } from '../../sources/engine/secret.js'
import type { Changed } from './bodies.js'

/** What takes the place of each secret. */
export type Replace = (secret: Secret) => Secret

/** Stands for the name of the secret that verifies, until that is known. */
export const theSecret = 'the secret'

/** Shorter keys are no keys: an empty one would be anybody's. */
const leastBytes = 8

const texts: readonly [string, (text: string) => string][] = [
  ['', (text) => text],
  [' without white space around it', (text) => text.trim()],
  [' with a line break behind it: the variable had one at the sender', (text) => `${text}\n`],
  [' without quotes around it', (text) => text.replace(/^(["'])(.*)\1$/, '$2')],
  [' without its prefix', (text) => text.replace(/^[A-Za-z0-9]{2,12}_/, '')],
  [' with whsec_ before it', (text) => `whsec_${text}`],
  [' with its % escapes decoded', unescaped],
]

const encodings: readonly [string, (text: string) => Buffer][] = [
  ['taken as text', (text) => Buffer.from(text, 'utf8')],
  ['taken as hex', (text) => (/^([0-9a-f]{2})+$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.alloc(0))],
  [
    'taken as base64',
    (text) => (/^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : Buffer.alloc(0)),
  ],
]

/** The secret, read otherwise than this kind of source does. */
export function secretVariations(): Changed<Replace>[] {
  return encodings.flatMap(([encoding, decode]) =>
    texts.map(([form, change]) => ({
      says: `with ${theSecret} ${encoding}${form}`,
      value: (secret: Secret): Secret => {
        const text = change(secret.text)
        const key = decode(text)
        return secret.publicKey || key.length < leastBytes ? secret : { text, key }
      },
    })),
  )
}

/** The secret of another source: of test instead of live, or of the one beside it. */
export function otherSecrets(
  others: readonly { readonly source: string; readonly name: string; readonly secret: Secret }[],
): Changed<Replace>[] {
  return others.flatMap(({ source, name, secret: other }) => {
    const says = `with ${name}, which is configured for the source ${source}: was it sent to the right URL, and is the secret the one of this endpoint and mode (test, live)?`
    if (other.publicKey) return [{ says, value: (own: Secret) => (own.publicKey ? other : own) }]
    const keys = [other.key, ...encodings.map(([, decode]) => decode(other.text))]
    return keys
      .filter((key) => key.length >= leastBytes)
      .map((key) => ({ says, value: (own: Secret) => (own.publicKey ? own : { text: other.text, key }) }))
  })
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
