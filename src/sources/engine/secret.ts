import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import { isKeyFor, type KeyAlgorithm, readPublicKey } from '../../util/signature.js'
import { parseTime } from './time.js'

/** A secret of a source: what the file has, and the bytes that are the key. */
export interface Secret {
  readonly text: string
  readonly key: Uint8Array
  /** Where the sender signs with a private key. It is no secret, but as necessary as one. */
  readonly publicKey?: KeyObject
  /** Epoch milliseconds. Outside of them it proves nothing, which `defineSender` sees to for every kind. */
  readonly notBefore?: number
  readonly notAfter?: number
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
  /** A public key may stand in the place of a secret, known by this prefix. */
  readonly publicKeys?: { readonly prefix: string; readonly algorithm: KeyAlgorithm }
}

/** Shorter ones can be guessed offline by whoever sees one delivery. */
const leastBytes = 16
const mostSecrets = 8

interface Given {
  readonly value: string
  readonly not_before?: string | undefined
  readonly not_after?: string | undefined
}

const timed = z.strictObject({
  value: z.string(),
  not_before: z.string().optional().describe('Proves nothing before this time; ISO 8601 with a zone.'),
  not_after: z.string().optional().describe('Proves nothing after this time; ISO 8601 with a zone.'),
})

/** One, or a list of up to `mostSecrets`; each a text, or a text and when it is valid. */
export const secretInput = z.union([
  z.string(),
  timed,
  z
    .array(z.union([z.string(), timed]))
    .min(1)
    .max(mostSecrets),
])

/**
 * `secret: x` or `secret: [new, old]`, the current one first; each may be `{ value, not_before, not_after }`. One line
 * break at the end is taken off (a secret from a file has one). Empty entries of a list are dropped, so that `${OLD:-}`
 * may be unset, but one secret must remain: a source without a secret does not load. Placeholders and short secrets are
 * refused.
 */
export function secretField(rule: SecretRule = {}) {
  const field = secretInput
    .describe(
      'The secret, or a list with the current one first, for rotation. At least 16 bytes. { value, not_before, not_after } for one that is valid for a time.',
    )
    .transform((given, context) => readSecrets(given, context, (text) => readSecret(text, rule)))
  rules.set(field.def, rule)
  return field
}

type Read = Omit<Secret, 'notBefore' | 'notAfter'> | string

/** What `read` makes of each text; a text of its own says what is wrong. */
function readSecrets(
  given: z.output<typeof secretInput>,
  context: z.RefinementCtx,
  read: (text: string) => Read,
): readonly Secret[] {
  const isList = Array.isArray(given)
  const secrets: Secret[] = []
  for (const [at, entry] of (isList ? given : [given]).entries()) {
    const wrong = (message: string) =>
      context.addIssue({ code: 'custom', path: isList ? [at] : [], message: `the secret ${message}` })
    const one: Given = typeof entry === 'string' ? { value: entry } : entry
    const text = one.value.replace(/\r?\n$/, '')
    if (text === '' && isList) continue
    const secret = read(text)
    const validity = readValidity(one)
    if (typeof secret === 'string') wrong(secret)
    if (typeof validity === 'string') wrong(validity)
    if (typeof secret === 'string' || typeof validity === 'string') continue
    // Of two that are the same only the first would ever be found, and the validity of the other would say nothing.
    if (secrets.some((before) => before.text === secret.text && (isTimed(before) || isTimed(validity))))
      wrong('is there twice; leave one, with the time in which it is valid')
    secrets.push({ ...secret, ...validity })
  }
  if (secrets.length === 0 && context.issues.length === 0) {
    context.addIssue({ code: 'custom', message: 'all secrets of the list are empty; one must be set' })
  }
  return secrets
}

type Validity = Pick<Secret, 'notBefore' | 'notAfter'>

function readValidity({ not_before, not_after }: Given): Validity | string {
  const [notBefore, notAfter] = [not_before, not_after].map((text) =>
    text === undefined ? undefined : (parseTime(text, 'iso') ?? Number.NaN),
  )
  if (Number.isNaN(notBefore) || Number.isNaN(notAfter))
    return 'has a not_before or not_after that is no time; write 2026-12-01T00:00:00Z'
  if (notBefore !== undefined && notAfter !== undefined && notBefore >= notAfter)
    return 'is never valid: not_before is not before not_after'
  return { ...(notBefore !== undefined && { notBefore }), ...(notAfter !== undefined && { notAfter }) }
}

export function isTimed({ notBefore, notAfter }: Validity): boolean {
  return notBefore !== undefined || notAfter !== undefined
}

export function isValidAt({ notBefore, notAfter }: Validity, now: number): boolean {
  return (notBefore === undefined || now >= notBefore) && (notAfter === undefined || now <= notAfter)
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
 * another one verifies. One without a replacement goes from its list. What is no plain data stays as it is.
 */
export function withSecrets(
  options: unknown,
  replace: (secret: Secret, option: string) => Secret | undefined,
): unknown {
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
  replace: (secret: Secret, option: string) => Secret | undefined,
  option: string,
): unknown {
  if (Array.isArray(value)) {
    return value
      .map((item: unknown) => replaced(item, replace, option))
      .filter((item, at) => item !== undefined || value[at] === undefined)
  }
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
export function publicKeyField(
  algorithm: KeyAlgorithm,
  { stripPrefix = '' }: { readonly stripPrefix?: string } = {},
) {
  return secretInput
    .describe('The public key that the sender shows, or a list while it changes.')
    .transform((given, context) =>
      readSecrets(
        given,
        context,
        (text) =>
          publicSecret(withoutPrefix(text.trim(), stripPrefix), algorithm) ??
          `is not a public key for ${algorithm}; copy it whole`,
      ),
    )
}

/** The public key in `text`, or undefined unless it is one for the algorithm. */
export function publicSecret(text: string, algorithm: KeyAlgorithm): Secret | undefined {
  const publicKey = readPublicKey(text.trim())
  if (!publicKey || !isKeyFor(algorithm, publicKey)) return undefined
  return { text: text.trim(), key: publicKey.export({ type: 'spki', format: 'der' }), publicKey }
}

function readSecret(text: string, rule: SecretRule): Read {
  const { publicKeys } = rule
  if (publicKeys && text.startsWith(publicKeys.prefix)) {
    const bare = text.slice(publicKeys.prefix.length)
    const found = isPlaceholder(bare) ? undefined : publicSecret(bare, publicKeys.algorithm)
    return found ? { ...found, text } : `is not ${publicKeys.prefix} and a public key; copy it whole`
  }
  const key = readKey(text, rule)
  return typeof key === 'string' ? key : { text, key }
}

/** The key's bytes, or what is wrong. The text itself is never in the message. */
function readKey(text: string, rule: SecretRule): Uint8Array | string {
  const { encoding = 'utf8', stripPrefix = '', knownPrefix = '', isToken, refusedPrefixes = {} } = rule
  if (text === '') return 'is empty; set it to what the sender shows'
  if (text.trim() !== text) return 'begins or ends with white space; take it off'
  for (const [prefix, fault] of Object.entries(refusedPrefixes)) if (text.startsWith(prefix)) return fault
  if (isPlaceholder(text)) return 'is a placeholder; set it to what the sender shows'
  if (isToken && !/^[\x21-\x7e]+$/.test(text)) return 'has a character that a header cannot carry'
  const key = decode(withoutPrefix(text, stripPrefix), encoding)
  if (key === undefined) return `is not ${encoding}${stripPrefix === '' ? '' : ` after "${stripPrefix}"`}`
  const strength = key.length - (text.startsWith(knownPrefix) ? knownPrefix.length : 0)
  if (strength < leastBytes) return `has ${strength} bytes; it needs ${leastBytes} or more`
  return key
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text
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
