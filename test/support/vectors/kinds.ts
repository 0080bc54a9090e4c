import { readdirSync } from 'node:fs'
import { sourceKinds } from '../../../src/sources/registry.js'
import type { SourceKind } from '../../../src/sources/source.js'
import { readFixture, readFixtureText, type SourceFixture } from '../../sources/setting.js'
import { isBasic, isPublicKey, isToken, optionFacts, said, secretsOf } from './facts.js'
import type { Vector } from './format.js'
import type { Setting } from './open.js'

/**
 * Which kind of source a vector is for, and with which options: the sender's own kind; else, for a scheme that many
 * senders have, `custom`; else a kind that has the scheme's name. Undefined for a scheme that nobody here knows.
 */
export function settingOf(vector: Vector): Setting | undefined {
  const own = kindNamed(schemeKinds[vector.scheme] ?? vector.provider)
  if (own) return ownSetting(own, vector)
  const verify = genericVerify(vector)
  if (verify) return describedBy(verify, vector)
  const kind = kindNamed(vector.scheme) ?? kindOfFamily(vector)
  return kind ? ownSetting(kind, vector) : describedSetting(vector)
}

const kinds: readonly SourceKind[] = Object.values(sourceKinds)
const bare = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '')
const byName = new Map(kinds.filter(({ open }) => open).map((kind) => [bare(kind.kind), kind]))

/** Other names of senders and schemes, in the order in which their kinds are tried. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  svix: ['standard-webhooks'],
  clerk: ['standard-webhooks'],
  resend: ['standard-webhooks'],
  brex: ['standard-webhooks'],
  openai: ['standard-webhooks'],
  anthropic: ['standard-webhooks'],
  replicate: ['standard-webhooks'],
  polar: ['standard-webhooks'],
  render: ['standard-webhooks'],
  loops: ['standard-webhooks'],
  recall: ['standard-webhooks'],
  recallai: ['standard-webhooks'],
  standardwebhook: ['standard-webhooks'],
  bitbucketcloud: ['bitbucket'],
  bitbucketserver: ['bitbucket-data-center', 'bitbucket-datacenter', 'bitbucket-server', 'bitbucket'],
  bitbucketdatacenter: ['bitbucket-server', 'bitbucket'],
  forgejo: ['gitea'],
  gogs: ['gitea'],
  sns: ['aws-sns'],
  amazonsns: ['aws-sns'],
  pubsub: ['google-pubsub'],
  googlecloudpubsub: ['google-pubsub'],
  msgraph: ['microsoft-graph'],
  graph: ['microsoft-graph'],
  travis: ['travis-ci'],
  azure: ['azure-devops'],
  whatsapp: ['meta'],
  facebook: ['meta'],
  instagram: ['meta'],
  messenger: ['meta'],
  mailchimptransactional: ['mandrill'],
  coinbase: ['coinbase-commerce'],
  confluence: ['jira', 'atlassian'],
  jiracloud: ['jira'],
  prometheus: ['alertmanager'],
  circle: ['circleci'],
}

/** Senders that sign in two ways, with a kind for each: the one that is not named after the sender. */
const schemeKinds: Readonly<Record<string, string>> = { 'adyen-header': 'adyen-platform' }

function kindNamed(name: string): SourceKind | undefined {
  const whole = bare(name)
  const short = bare(
    name.replace(/[-_](v\d+\w*|json|form|header|standard|basic|ts|next-?gen|sig(nature)?)$/, ''),
  )
  for (const each of [whole, short]) {
    const found = byName.get(each) ?? aliases[each]?.map((alias) => byName.get(bare(alias))).find(Boolean)
    if (found) return found
  }
  return undefined
}

/** Schemes that several senders share, and that a kind has for all of them. */
function kindOfFamily({ scheme }: Vector): SourceKind | undefined {
  if (/^jws-|body-?hash/.test(scheme)) return byName.get('netlify')
  if (/standard-?webhooks|svix/.test(scheme)) return byName.get('standardwebhooks')
  return undefined
}

/** Of a sender that hands its secret over: the token of the registered URL, and where the secret is kept. */
export const registrationToken = 'k9vQ-2mXw-7bTz-4rNd'
const registering = { secret_file: 'handed-over', registration: registrationToken }

function ownSetting(kind: SourceKind, vector: Vector): Setting {
  const { shape } = kind.options
  const facts = optionFacts(vector)
  const known = Object.fromEntries(Object.entries(facts).filter(([key]) => key in shape))
  if (vector.secrets.length === 0) {
    const example = 'registration' in shape ? registering : (exampleOf(kind)?.options ?? {})
    return { kind, secrets: [], options: () => ({ ...example, ...known }) }
  }
  const key = secretKey(kind, vector)
  const complete = (options: Record<string, unknown>) => ({ ...missing(kind, options), ...options })
  return {
    kind,
    secrets: secretsOf(vector),
    options: (secrets) => complete({ ...known, ...(key === undefined ? {} : { [key]: [...secrets] }) }),
  }
}

/** Which option the vector's secrets are for; none where the sender publishes them. */
function secretKey({ options: { shape } }: SourceKind, vector: Vector): string | undefined {
  const isClear = isBasic(vector) || isToken(vector)
  const order = isClear ? ['token', 'password', 'secret'] : ['secret', 'token', 'password']
  const [first = ''] = vector.secrets
  if (isPublicKey(first) && !('public_key' in shape)) return undefined
  if ('public_key' in shape && (!('secret' in shape) || /^whpk_|^-----BEGIN/.test(first))) return 'public_key'
  return order.find((key) => key in shape)
}

/** What a kind cannot do without and no vector says. */
function missing(kind: SourceKind, options: Record<string, unknown>): Record<string, unknown> {
  const example = exampleOf(kind)?.options ?? {}
  return Object.fromEntries(
    Object.entries(kind.options.shape).flatMap(([key, field]) => {
      const isNeeded = !(key in options) && !field.safeParse(undefined).success
      return isNeeded && key in example ? [[key, example[key]]] : []
    }),
  )
}

/** The first fixture of the kind. */
export function exampleOf({ kind }: SourceKind): (SourceFixture & { readonly name: string }) | undefined {
  return fixtures().find((fixture) => fixture.kind === kind)
}

let read: readonly (SourceFixture & { readonly name: string })[] | undefined
function fixtures(): readonly (SourceFixture & { readonly name: string })[] {
  read ??= readdirSync(new URL('../../fixtures/sources/', import.meta.url))
    .filter((file) => file.endsWith('.json') && !file.startsWith('senders'))
    .map((file) => file.slice(0, -'.json'.length))
    .map((name) => ({ ...readFixture(name), name }))
  return read
}

interface Described {
  readonly provider: string
  readonly scheme: string
  /** Only vectors whose id begins with one of these. */
  readonly only?: readonly string[]
  readonly verify: Record<string, unknown> & { readonly scheme: string }
  /** Other options than `verify`. */
  readonly form?: unknown
  readonly event?: unknown
}

export const described = JSON.parse(readFixtureText('sources/senders.json')) as readonly Described[]

/** `custom`, as a person would describe the sender. */
export function describedSetting(vector: Vector): Setting | undefined {
  const written = writtenDown(vector)
  const verify = written?.verify ?? genericVerify(vector)
  return verify && describedBy(verify, vector, written)
}

function describedBy(verify: Record<string, unknown>, vector: Vector, written?: Described): Setting {
  const key = /^(ed25519|ecdsa-p256|rsa)$/.test(String(verify['scheme'])) ? 'public_key' : 'secret'
  const url = String(verify['message']).includes('{url}') ? { url: vector.url } : {}
  const { form, event } = written ?? {}
  const more = { ...url, ...(form === undefined ? {} : { form }), ...(event === undefined ? {} : { event }) }
  const options = (texts: readonly string[]) => ({ verify: { ...verify, [key]: [...texts] }, ...more })
  return { kind: sourceKinds.custom, secrets: secretsOf(vector), options }
}

function writtenDown({ id, provider, scheme }: Vector): Described | undefined {
  return described.find(
    (each) =>
      each.provider === provider &&
      each.scheme === scheme &&
      (each.only === undefined || each.only.some((prefix) => id.startsWith(prefix))),
  )
}

/** By the scheme alone, whoever the sender is. */
function genericVerify(vector: Vector): Record<string, unknown> | undefined {
  if (isBasic(vector)) return { scheme: 'basic', user: optionFacts(vector)['user'] }
  if (isToken(vector)) return tokenVerify(vector)
  if (/^(github-(v|sha)256|x-hub-signature-256)$/.test(vector.scheme))
    return hmacVerify(vector, { header: 'x-hub-signature-256', prefix: 'sha256=' })
  const hub = /^(?:github|hub|websub|x-hub)-(sha1|sha256|sha512)$/.exec(vector.scheme)?.[1]
  if (hub !== undefined)
    return hmacVerify(vector, { header: 'x-hub-signature', prefix: `${hub}=`, hash: hub })
  const plain = /^(?:generic-)?hmac-?(sha1|sha256|sha512)?(?:-(hex|base64))?(?:-body)?$/.exec(vector.scheme)
  if (!plain) return undefined
  const [, hash, encoding] = plain
  return hmacVerify(vector, { ...(hash ? { hash } : {}), ...(encoding ? { encoding } : {}) })
}

function tokenVerify(vector: Vector): Record<string, unknown> | undefined {
  const isBearer = vector.scheme.startsWith('bearer')
  const header =
    said(vector, 'token_header', 'header', 'header_name') ?? (isBearer ? 'authorization' : undefined)
  const prefix = String(optionFacts(vector)['prefix'] ?? (isBearer ? 'Bearer ' : ''))
  return header === undefined ? undefined : { scheme: 'token', header, prefix }
}

interface Plain {
  readonly header?: string
  readonly prefix?: string
  readonly hash?: string
  readonly encoding?: string
}

function hmacVerify(vector: Vector, plain: Plain): Record<string, unknown> | undefined {
  const header = said(vector, 'signature_header', 'header', 'header_name') ?? plain.header
  if (header === undefined) return undefined
  const timestamp = said(vector, 'timestamp_header')
  const tolerance = said(vector, 'tolerance', 'tolerance_seconds')
  return {
    scheme: 'hmac',
    hash: said(vector, 'hash', 'algorithm')?.replace(/^hmac-?/, '') ?? plain.hash ?? 'sha256',
    secret_encoding: said(vector, 'secret_encoding') ?? 'utf8',
    signature: {
      header,
      prefix: said(vector, 'signature_prefix', 'prefix') ?? plain.prefix ?? '',
      encoding: said(vector, 'signature_encoding', 'encoding') ?? plain.encoding ?? 'hex',
    },
    message: said(vector, 'message', 'template', 'signed_payload') ?? '{body}',
    ...(timestamp === undefined
      ? {}
      : {
          timestamp: {
            header: timestamp,
            unit: said(vector, 'timestamp_unit') ?? 's',
            ...(tolerance === undefined ? {} : { tolerance: `${tolerance}s` }),
          },
        }),
  }
}
