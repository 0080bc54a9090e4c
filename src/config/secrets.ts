import type { Path } from './document.js'

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
  return typeof name === 'string' && /^(.*_)?(secrets?|tokens?|passwords?|api_key|private_key)$/i.test(name)
}
