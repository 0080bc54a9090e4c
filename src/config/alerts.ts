import { z } from 'zod'
import type { AlertSettings, AlertTarget } from '../domain/alerting.js'
import { checkName } from './agents.js'
import { attempt, type LoadContext, parseEntry, scalarAt } from './context.js'
import type { Path } from './document.js'
import { alertRulesSchema, alertsSchema, alertTargetSchema } from './schema-alerts.js'
import { secretFault, secretOfUrl } from './secrets.js'
import { isLocalName, parseBaseUrl } from './urls.js'

/** Each target and each rule is parsed by itself, so that one fault hides no other. */
const shellSchema = alertsSchema.extend({
  to: z.array(z.unknown()).max(20).prefault([]),
  rules: z.unknown().optional(),
})

const ruleKeys = ['silence.*', 'refused', 'budget', 'waiting', 'backlog']
const kinds = ['webhook', 'slack', 'log'] as const

/** What holds where the file says nothing of it: rules as they are by default, and nobody is told. */
export function loadAlerts(sources: readonly string[], context: LoadContext): AlertSettings {
  const entry = parseEntry(shellSchema.nullish(), ['alerts'], context, ['repeat']) ?? shellSchema.parse({})
  const rules = parseEntry(alertRulesSchema.nullish(), ['alerts', 'rules'], context, ruleKeys)
  const { silence, refused, budget, waiting, backlog } = rules ?? alertRulesSchema.parse({})
  for (const name of Object.keys(silence)) {
    checkName('source', name, sources, ['alerts', 'rules', 'silence', name], context)
  }
  return {
    to: entry.to.flatMap((_, index) => targetAt(['alerts', 'to', index], context) ?? []),
    repeatMs: entry.repeat,
    rules: {
      silenceMs: new Map(Object.entries(silence)),
      refused,
      budgetShare: budget,
      waitingMs: waiting,
      backlogMs: backlog,
    },
  }
}

function targetAt(path: Path, context: LoadContext): AlertTarget | undefined {
  const { problems } = context
  const entry = parseEntry(alertTargetSchema, path, context, ['private'])
  if (entry === undefined) return undefined
  const given = kinds.filter((key) => entry[key] !== undefined)
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none' : given.join(' and ')
    problems.add(path, `expected exactly one of ${kinds.join(', ')}, found ${found}`)
    return undefined
  }
  const { webhook, slack, secret } = entry
  if (secret !== undefined && webhook === undefined) {
    problems.add([...path, 'secret'], 'only a webhook has a secret; remove it', 'key')
  }
  if (webhook !== undefined) {
    checkSigningSecret(secret, path, context)
    const where = placeOf(webhook, entry.private, [...path, 'webhook'], context)
    return where && { kind: 'webhook', ...where, secret: secret ?? '' }
  }
  if (slack !== undefined) {
    const fault = secretFault(slack, { minBytes: 1 })
    if (fault !== undefined) problems.add([...path, 'slack'], fault)
    warnOfLiteral([...path, 'slack'], context)
    const where = placeOf(slack, entry.private, [...path, 'slack'], context)
    return where && { kind: 'slack', ...where }
  }
  return { kind: 'log' }
}

const signingSecret = /^(whsec_)?[A-Za-z0-9+/]{22,}={0,2}$/

function checkSigningSecret(secret: string | undefined, path: Path, context: LoadContext): void {
  const at = [...path, 'secret']
  if (secret === undefined) {
    context.problems.add(at, 'missing: expected a secret to sign messages with')
    return
  }
  warnOfLiteral(at, context)
  const fault = secretFault(secret, { minBytes: 16 })
  if (fault !== undefined) context.problems.add(at, fault)
  else if (!signingSecret.test(secret)) {
    context.problems.add(at, 'expected "whsec_" and the base64 of 16 bytes or more: openssl rand -base64 32')
  }
}

function warnOfLiteral(path: Path, { document, problems }: LoadContext): void {
  if (scalarAt(document, path)?.inserted.length) return
  problems.warn(path, `a secret stands in the file itself; better: \${VAR} or \${file:/path}`)
}

function placeOf(
  written: string,
  wanted: boolean | undefined,
  path: Path,
  { problems }: LoadContext,
): { url: string; isPrivate: boolean } | undefined {
  const url = attempt(path, problems, () => parseBaseUrl(written))
  if (url === undefined) return undefined
  const isPrivate = wanted ?? isLocalName(url.hostname)
  if (url.protocol === 'http:' && !isPrivate) {
    problems.add(path, 'expected https: http is for this machine and, with "private: true", private networks')
  }
  return { url: url.href, isPrivate }
}

/** What of the targets may not be shown. */
export function alertSecrets({ to }: AlertSettings): string[] {
  const secrets = to.flatMap((target) => {
    if (target.kind === 'webhook') return [target.secret, target.secret.replace(/^whsec_/, '')]
    return target.kind === 'slack' ? [secretOfUrl(target.url)] : []
  })
  return secrets.filter((secret) => secret !== '')
}
