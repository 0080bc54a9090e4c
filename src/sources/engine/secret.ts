import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import { isKeyFor, type KeyAlgorithm, readPublicKey } from '../../util/signature.js'

/** A secret of a source: what the file has, and the bytes that are the key. */
export interface Secret {
  readonly text: string
  readonly key: Uint8Array
  /** Where the sender signs with a private key. It is no secret, but as necessary as one. */
  readonly publicKey?: KeyObject
}

export type SecretEncoding = 'utf8' | 'hex' | 'base64'

export interface SecretRule {
  readonly encoding?: SecretEncoding
  /** Taken off before decoding, where it is there. */
  readonly stripPrefix?: string
  /** Keys of another sort, with what is wrong about them. */
  readonly refusedPrefixes?: Readonly<Record<string, string>>
  /** Stays in the key but is no part of its strength: Stripe's `whsec_`. */
  readonly knownPrefix?: string
  /** Whether the text is sent as it is in a header, and so must be printable ASCII without spaces. */
  readonly isToken?: boolean
}

/** Shorter ones can be guessed offline by whoever sees one delivery. */
const leastBytes = 16
const mostSecrets = 8

/**
 * `secret: x` or `secret: [new, old]`, the current one first. One line break at the end is taken off (a
 * secret from a file has one). Empty entries of a list are dropped, so that `${OLD:-}` may be unset, but one
 * secret must remain: a source without a secret does not load. Placeholders and short secrets are refused.
 */
export function secretField(rule: SecretRule = {}) {
  const field = z
    .union([z.string(), z.array(z.string()).min(1).max(mostSecrets)])
    .describe('The secret, or a list with the current one first, for rotation. At least 16 bytes.')
    .transform((given, context): readonly Secret[] => {
      const secrets: Secret[] = []
      const texts = typeof given === 'string' ? [given] : given
      for (const [at, raw] of texts.entries()) {
        const text = raw.replace(/\r?\n$/, '')
        if (text === '' && typeof given !== 'string') continue
        const key = readKey(text, rule)
        if (typeof key === 'string') {
          const path = typeof given === 'string' ? [] : [at]
          context.addIssue({ code: 'custom', path, message: `the secret ${key}` })
        } else secrets.push({ text, key })
      }
      if (secrets.length === 0 && context.issues.length === 0) {
        context.addIssue({ code: 'custom', message: 'all secrets of the list are empty; one must be set' })
      }
      return secrets
    })
  rules.set(field.def, rule)
  return field
}

/** By the definition, which a field that is described anew shares. */
const rules = new WeakMap<object, SecretRule>()

/**
 * The rule of a field that `secretField` made, described or optional or not, for who has to read a secret past the
 * schema; undefined for others.
 */
export function secretRuleOf(field: unknown): SecretRule | undefined {
  if (!(field instanceof z.ZodType)) return undefined
  if (field instanceof z.ZodOptional) return secretRuleOf(field.unwrap())
  return rules.get(field.def)
}

/**
 * Options that a schema made, with another secret in the place of each, wherever it stands in them: to see whether
 * another one verifies. What is no plain data stays as it is.
 */
export function withSecrets(options: unknown, replace: (secret: Secret, option: string) => Secret): unknown {
  return replaced(options, replace, '')
}

/** Every secret in options that a schema made, with the option that it stands in. */
export function secretsOf(options: unknown): { readonly option: string; readonly secret: Secret }[] {
  const found: { option: string; secret: Secret }[] = []
  withSecrets(options, (secret, option) => {
    found.push({ option, secret })
    return secret
  })
  return found
}

function replaced(
  value: unknown,
  replace: (secret: Secret, option: string) => Secret,
  option: string,
): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => replaced(item, replace, option))
  if (!isPlainObject(value)) return value
  if (isSecret(value)) return replace(value, option)
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, replaced(inner, replace, option || key)]),
  )
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function isSecret(value: Partial<Secret>): value is Secret {
  return typeof value.text === 'string' && value.key instanceof Uint8Array
}

/** `public_key: x` or a list: PEM, base64 of the SPKI, or for ed25519 the 32 bytes in hex or base64. */
export function publicKeyField(algorithm: KeyAlgorithm) {
  return z
    .union([z.string(), z.array(z.string()).min(1).max(mostSecrets)])
    .describe('The public key that the sender shows, or a list while it changes.')
    .transform((given, context): readonly Secret[] => {
      const texts = (typeof given === 'string' ? [given] : given).filter((text) => text.trim() !== '')
      const keys = texts.flatMap((text) => publicSecret(text, algorithm) ?? [])
      if (keys.length === texts.length && keys.length > 0) return keys
      context.addIssue({ code: 'custom', message: `is not a public key for ${algorithm}; copy it whole` })
      return z.NEVER
    })
}

/** The public key in `text`, or undefined unless it is one for the algorithm. */
export function publicSecret(text: string, algorithm: KeyAlgorithm): Secret | undefined {
  const publicKey = readPublicKey(text.trim())
  if (!publicKey || !isKeyFor(algorithm, publicKey)) return undefined
  return { text: text.trim(), key: publicKey.export({ type: 'spki', format: 'der' }), publicKey }
}

/** The key's bytes, or what is wrong. The text itself is never in the message. */
function readKey(text: string, rule: SecretRule): Uint8Array | string {
  const { encoding = 'utf8', stripPrefix = '', knownPrefix = '', isToken, refusedPrefixes = {} } = rule
  if (text === '') return 'is empty; set it to what the sender shows'
  if (text.trim() !== text) return 'begins or ends with white space; take it off'
  for (const [prefix, fault] of Object.entries(refusedPrefixes)) if (text.startsWith(prefix)) return fault
  if (isPlaceholder(text)) return 'is a placeholder; set it to what the sender shows'
  if (isToken && !/^[\x21-\x7e]+$/.test(text)) return 'has a character that a header cannot carry'
  const body = stripPrefix !== '' && text.startsWith(stripPrefix) ? text.slice(stripPrefix.length) : text
  const key = decode(body, encoding)
  if (key === undefined) return `is not ${encoding}${stripPrefix === '' ? '' : ` after "${stripPrefix}"`}`
  const strength = key.length - (text.startsWith(knownPrefix) ? knownPrefix.length : 0)
  if (strength < leastBytes) return `has ${strength} bytes; it needs ${leastBytes} or more`
  return key
}

function decode(text: string, encoding: SecretEncoding): Uint8Array | undefined {
  const bytes = Buffer.from(text, encoding)
  if (encoding === 'utf8') return bytes
  if (encoding === 'hex') return bytes.toString('hex') === text.toLowerCase() ? bytes : undefined
  const unpadded = text.replace(/={1,2}$/, '')
  return bytes.toString('base64').replace(/=+$/, '') === unpadded ? bytes : undefined
}

const placeholderWords = new Set(
  `a change changeme example fill fixme foo bar here in insert it key me my password pass passwd placeholder
  put replace replaceme sample secret secrets sec signing some super test testing the this todo token value
  webhook whsec xxx your`.split(/\s+/),
)

/** What people leave standing: `changeme`, `<secret>`, `***`, `xxxx`, `your-webhook-secret-here`, `whsec_`. */
export function isPlaceholder(text: string): boolean {
  const lower = text.toLowerCase()
  if (/^<.*>$/.test(lower) || /^\$?\{.*\}$/.test(lower)) return true
  if (new Set(lower).size < 4 || isRepeated(lower)) return true
  const words = lower.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '')
  return words.every(
    (word) => placeholderWords.has(word) || /^x+$/.test(word) || /^(123|1234|12345|0+)$/.test(word),
  )
}

/** Whether the text is one shorter text again and again. */
function isRepeated(text: string): boolean {
  const again = (text + text).indexOf(text, 1)
  return again < text.length
}
