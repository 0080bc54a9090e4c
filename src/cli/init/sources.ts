import { randomBytes } from 'node:crypto'
import { parse } from 'yaml'
import { createRemoteKeys } from '../../sources/engine/keys.js'
import { openSecretFile } from '../../sources/engine/secret-file.js'
import { sourceKinds } from '../../sources/registry.js'
import type { SourceKind } from '../../sources/source.js'
import { systemClock } from '../../util/clock.js'
import { createNetwork } from '../../util/fetch.js'

/** What `rouse init` lists; any other kind may be named. */
export const commonKinds: readonly string[] = [
  'github',
  'gitlab',
  'stripe',
  'zendesk',
  'sentry',
  'alertmanager',
  'standard-webhooks',
  'custom',
  'schedule',
]

const secret = (name: string) => `secret: \${${name}_WEBHOOK_SECRET}`

/** The keys below `kind:`, for kinds that take others than a secret. */
const keys: Readonly<Record<string, (name: string) => readonly string[]>> = {
  'aws-sns': () => ['topics: [arn:aws:sns:eu-central-1:000000000000:rouse]    # yours'],
  braintree: (name) => [`public_key: \${${name}_PUBLIC_KEY}`, secret(name)],
  chargebee: (name) => ['user: rouse', secret(name)],
  custom: (name) => [
    `verify: { scheme: hmac, secret: "\${${name}_WEBHOOK_SECRET}", signature: { header: x-signature } }`,
    'event: { id: id, type: type }    # where they stand in the body; docs/sources.md has the rest',
  ],
  discord: (name) => [`public_key: \${${name}_PUBLIC_KEY}`],
  'google-pubsub': () => [
    'audience: https://hooks.example.com/hooks/google-pubsub    # of the subscription',
    'service_account: push@project.iam.gserviceaccount.com      # yours',
  ],
  meta: (name) => [secret(name), `verify_token: \${${name}_VERIFY_TOKEN}`],
  paypal: () => ['webhook_id: "0AB12345CD678901E"    # yours, as PayPal shows it'],
  plaid: (name) => ['client_id: "000000000000000000000000"    # yours', secret(name)],
  postmark: (name) => ['user: rouse', secret(name)],
  schedule: () => ['cron: "0 7 * * 1-5"    # on weekdays at seven', 'timezone: Europe/Berlin'],
  'travis-ci': () => ['repositories: [owner/name]    # whose builds'],
  websub: (name) => ['topic: https://example.com/feed    # as it was given to the hub', secret(name)],
}

/** What takes more than a few lines can say: a request of one's own, a key that nobody can make up. */
const byHand: Readonly<Record<string, string>> = {
  poll: 'docs/polling.md',
  sendgrid: 'docs/sources/messages.md',
}

export interface ChosenSource {
  readonly name: string
  readonly title: string
  /** The lines below its name in config.yaml. */
  readonly lines: readonly string[]
  /** A type of its events, for the agent and for `rouse trigger`; undefined where nothing is sent to it. */
  readonly type: string | undefined
  readonly idNames: readonly string[]
}

/** Where a kind is described that has to be written by hand; undefined for all others. */
export function writtenByHand(kind: string): string | undefined {
  return byHand[kind]
}

export const offeredKinds: readonly string[] = Object.keys(sourceKinds).filter((kind) => !(kind in byHand))

export function chooseSource(name: string): ChosenSource | undefined {
  const kind: SourceKind | undefined = Object.values(sourceKinds).find((known) => known.kind === name)
  if (kind === undefined || name in byHand) return undefined
  const variable = name.toUpperCase().replaceAll('-', '_')
  const lines = (keys[name] ?? ((given: string) => [secret(given)]))(variable)
  // As `rouse dev` fills it in.
  const filled = lines.join('\n').replaceAll(/\$\{\w+\}/g, randomBytes(32).toString('hex'))
  const options: unknown = kind.options.parse(parse(filled))
  return {
    name,
    title: kind.title,
    lines: [`kind: ${name}`, ...lines],
    type: sampleType(kind, options),
    idNames: kind.idNames(options),
  }
}

function sampleType(kind: SourceKind, options: unknown): string | undefined {
  const published = createRemoteKeys({ network: createNetwork(), clock: systemClock })
  const url = `https://hooks.example.com/hooks/${kind.kind}`
  return kind.open?.(options, { url, keys: published, secretFile: openSecretFile }).samples[0]?.type
}
