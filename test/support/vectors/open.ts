import type { Secret, SecretRule } from '../../../src/sources/engine/secret.js'
import { secretRuleOf, withSecrets } from '../../../src/sources/engine/secret.js'
import type { SourceContext, SourceKind, WebhookSource } from '../../../src/sources/source.js'

/** A kind and its options, which depend on what stands for the secrets. */
export interface Setting {
  readonly kind: SourceKind
  readonly secrets: readonly string[]
  options(secrets: readonly string[]): Record<string, unknown>
}

export interface Opened {
  readonly source: WebhookSource
  /** Secrets that the schema refuses, and that are used all the same: published examples have `s3cr3t`. */
  readonly refusedSecrets: readonly string[]
}

/**
 * Opens a source with the secrets as they are. The schema is as strict as in production; what it refuses is put in
 * the place of a good secret after it. Throws an Error that says what is wrong with the options.
 */
export function openPastSchema(setting: Setting, context: SourceContext): Opened {
  const { kind, secrets, options } = setting
  const strict = kind.options.safeParse(options(secrets))
  if (strict.success) return { source: open(kind, strict.data, context), refusedSecrets: [] }
  const stand = secrets.map((_, at) => standIn(at))
  const others = otherSecrets(kind, options(stand), stand)
  const loose = kind.options.safeParse({ ...options(stand), ...others.options })
  if (!loose.success) throw new Error(said(loose.error))
  let isUsed = false
  const parsed = withSecrets(loose.data, (found, field) => {
    const text = secrets[stand.indexOf(found.text)] ?? others.texts.get(found.text)
    if (text === undefined) return found
    const rule = secretRuleOf(kind.options.shape[field]) ?? inferredRule(found, options(stand))
    // A key of another sort is no weak secret.
    if (Object.keys(rule.refusedPrefixes ?? {}).some((prefix) => text.startsWith(prefix))) return found
    isUsed = true
    return { text, key: keyOf(text, rule) }
  })
  if (!isUsed) throw new Error(said(strict.error))
  return { source: open(kind, parsed, context), refusedSecrets: [...secrets, ...others.texts.values()] }
}

/** Secrets under other options than the one that signs, such as the token of a handshake. */
function otherSecrets(
  { options: { shape } }: SourceKind,
  options: Record<string, unknown>,
  stand: readonly string[],
): { options: Record<string, string>; texts: Map<string, string> } {
  const texts = new Map<string, string>()
  const entries = Object.entries(options).flatMap(([key, value]) => {
    if (typeof value !== 'string' || stand.includes(value)) return []
    if (!secretRuleOf(shape[key]) || shape[key]?.safeParse(value).success) return []
    const other = standIn(100 + texts.size)
    texts.set(other, value)
    return [[key, other] as const]
  })
  return { options: Object.fromEntries(entries), texts }
}

function open(kind: SourceKind, options: unknown, context: SourceContext): WebhookSource {
  const source = kind.open?.(options, context)
  if (!source) throw new Error(`${kind.kind} receives no deliveries`)
  return source
}

/** 64 hex digits: good as text, as hex and as base64, and like no other. */
function standIn(at: number): string {
  return Buffer.from(`stand-in ${String(at).padStart(23, 'x!q')}`).toString('hex')
}

/** What the schema made of the stand-in tells how it reads a secret, where the field itself does not. */
function inferredRule({ text, key }: Secret, options: Record<string, unknown>): SecretRule {
  const encodings = ['utf8', 'hex', 'base64'] as const
  const encoding = encodings.find((each) => Buffer.from(text, each).equals(key)) ?? 'utf8'
  const { strip_prefix } = (options['verify'] ?? {}) as { strip_prefix?: unknown }
  return { encoding, ...(typeof strip_prefix === 'string' ? { stripPrefix: strip_prefix } : {}) }
}

function keyOf(text: string, { encoding = 'utf8', stripPrefix = '' }: SecretRule): Uint8Array {
  const bare = text.startsWith(stripPrefix) ? text.slice(stripPrefix.length) : text
  return Buffer.from(bare, encoding)
}

function said(error: { readonly issues: readonly { path: PropertyKey[]; message: string }[] }): string {
  return error.issues.map(({ path, message }) => `${path.join('.') || 'options'}: ${message}`).join('; ')
}
