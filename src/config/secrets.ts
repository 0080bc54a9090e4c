import { type ConfigDocument, type Path, placeKey } from './document.js'
import { headerSecrets, mayCarrySecret } from './headers.js'

const placeholders: readonly RegExp[] = [
  /^(change|replace|insert|put|set)[-_ ]?(me|this|here|it)\b.*$/i,
  /^(your|my|the|some|a)[-_ ].*(secret|token|key|password).*$/i,
  /^(secret|password|passwd|token|api[-_ ]?key|key|placeholder|example|dummy|todo|tbd|none|null|undefined|default)$/i,
  /^<.*>$/,
  /^(.)\1{2,}$/,
  /\.\.\.|…/,
  /^x{3,}/i,
  /^(0123456789|1234567890?|123456)/,
]

/** What is wrong with a secret, or undefined. Says nothing of its content. */
export function secretFault(value: string, { minBytes }: { minBytes: number }): string | undefined {
  if (value === '') return 'the secret is empty'
  if (placeholders.some((pattern) => pattern.test(value))) {
    return 'the secret is a placeholder; put the real one there'
  }
  if (Buffer.byteLength(value) < minBytes) {
    return `the secret is too short: expected at least ${minBytes} bytes, found ${Buffer.byteLength(value)}`
  }
  if (/[\r\n\0]/.test(value)) return 'the secret holds a line break or a NUL; expected one line'
  return undefined
}

/** Whether an environment variable of this name holds a secret, as far as its name says. */
export function namesSecret(variable: string): boolean {
  return /(^|_)(SECRET|TOKEN|PASSWORD|PASSWD|KEY|CREDENTIALS?)(_OLD|_NEW|_\d+)?$/i.test(variable)
}

/** Whether a source's key at `path` holds a secret: the last name in it, list positions and its `value` left out. */
export function isSecretPath(path: Path): boolean {
  const names = path.filter((key) => typeof key === 'string')
  const name = names.at(names.at(-1) === 'value' ? -2 : -1)
  return (
    typeof name === 'string' &&
    /^(.*_)?(secrets?|tokens?|passwords?|api_key|private_key|registration)$/i.test(name)
  )
}

/** A shorter literal under `token` is more likely the name of a field. */
export const minLiteralLength = 16

/**
 * Every text in a document that is a secret by where it stands, or by where it came from, also when the rest of it is
 * wrong: at least what `Config.secretValues` of the same document has.
 */
export function secretsIn({ value, places }: ConfigDocument): string[] {
  const found = new Set<string>()
  const visit = (item: unknown, path: Path, around: object) => {
    if (typeof item === 'object' && item !== null) {
      for (const [key, inner] of Object.entries(item)) visit(inner, [...path, keyIn(item, key)], item)
    }
    if (typeof item !== 'string') return
    if (path[0] === 'alerts' && path[3] === 'slack') {
      found.add(secretOfUrl(item))
      return
    }
    const inserted = places.get(placeKey(path))?.scalar?.inserted ?? []
    const isLong = inserted.length > 0 || item.length >= minLiteralLength
    if (
      path[0] === 'tracing' &&
      path[1] === 'headers' &&
      (inserted.length > 0 || mayCarrySecret(`${path[2]}`))
    ) {
      const parts = inserted.map((part) => part.value)
      for (const secret of headerSecrets(item, parts)) found.add(secret)
    }
    if (isCredentialPath(path, around) || (path[0] === 'sources' && isSecretPath(path) && isLong))
      found.add(item)
    for (const { value: text, variable } of inserted) {
      if (variable === undefined || namesSecret(variable)) found.add(text)
    }
  }
  visit(value, [], {})
  found.delete('')
  return [...found]
}

/** Of a URL that is a secret, what may not be shown: the host is none, and stands in other texts too. */
export function secretOfUrl(text: string): string {
  if (!URL.canParse(text)) return text
  const { pathname, search } = new URL(text)
  return pathname.slice(1) + search
}

function keyIn(item: object, key: string): string | number {
  return Array.isArray(item) ? Number(key) : key
}

function isCredentialPath([section, , key, inner]: Path, around: object): boolean {
  if (section === 'alerts') return inner === 'secret'
  if (section === 'models') return key === 'api_key'
  if (section !== 'credentials') return false
  if (key !== 'basic') return key === 'bearer' || key === 'header'
  // Some APIs take the key as the user and a constant as the password.
  const isUserKey = 'password' in around && String(around.password).length < 8
  return inner === (isUserKey ? 'user' : 'password')
}
