import { z } from 'zod'
import type { Delivery } from '../domain/delivery.js'
import { AppError, VerificationError } from '../domain/errors.js'
import { JsonError, parseJson } from '../util/json.js'
import { compilePath, scalarText, valueAt } from '../util/path.js'
import { sha256 } from '../util/signature.js'
import { webhookFields } from './engine/fields.js'
import { payloadOf, payloadProof } from './engine/form-payload.js'
import { idRules } from './engine/ids.js'
import type { KeyRequest, RemoteKeys } from './engine/keys.js'
import type { Proof } from './engine/proof.js'
import { joined, type Reading } from './engine/reading.js'
import { publicKeyField, publicSecret, type Secret } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { cannotSign, type SignatureScheme, verifySignature } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'
import { travisSamples } from './samples/travis-ci.js'

/*
 * Travis CI. https://docs.travis-ci.com/user/notifications/#verifying-webhook-requests, read 2026-11-21.
 * Signed: the JSON in the form field `payload`, decoded, by RSA with SHA-1, base64 in `Signature`; with the key that
 * https://api.travis-ci.com/config publishes. No time is signed.
 * That one key signs for every repository of everybody, so the signature says "Travis CI" and not whose build it is:
 * only builds of the repositories that are listed are accepted. An installation of one's own has a key of its own;
 * with that in `public_key` the list may be left out.
 * Dedupe: `id`, `state` and the time of the run, all signed; a build that is restarted keeps its id.
 */
const options = z
  .strictObject({
    repositories: z
      .array(z.string().regex(/^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/, 'is not owner/name'))
      .min(1)
      .max(100)
      .optional()
      .describe('Whose builds are accepted: owner/name, as Travis CI writes them.'),
    public_key: publicKeyField('rsa')
      .optional()
      .describe('Of an installation of your own; never the public one’s.'),
    ...webhookFields('1MB'),
  })
  .refine(({ repositories, public_key }) => repositories !== undefined || public_key !== undefined, {
    path: ['repositories'],
    error: 'is needed: Travis CI signs with one key for everybody. Write whose builds you mean: [owner/name]',
  })

const scheme: SignatureScheme = {
  algorithm: 'rsa',
  hash: 'sha1',
  signature: { header: 'signature', encoding: 'base64' },
  message: compileMessage('{body}'),
}

const published: KeyRequest = {
  url: 'https://api.travis-ci.com/config',
  hosts: ['api.travis-ci.com'],
  maxAgeMs: 24 * 3_600_000,
}
const keyPath = compilePath('config.notifications.webhook.public_key')

function publishedKey(keys: RemoteKeys): Secret {
  const text = scalarText(valueAt(parsed(Buffer.from(keys.get(published) ?? 'null')), keyPath))
  const secret = text === undefined ? undefined : publicSecret(text, 'rsa')
  if (secret) return secret
  const message = 'there is no public key in what api.travis-ci.com publishes'
  throw new AppError('verification.key_unavailable', message, { retry: 'later' })
}

function parsed(bytes: Uint8Array) {
  try {
    return parseJson(bytes)
  } catch (cause) {
    if (cause instanceof JsonError) return undefined
    throw cause
  }
}

const owner = compilePath('repository.owner_name')
const name = compilePath('repository.name')

/** Reads what was proved a moment ago to be Travis CI's. Their names do not tell upper from lower case. */
function checkRepository({ body }: Delivery, repositories: readonly string[]): void {
  const data = parsed(body)
  const found = joined('/', scalarText(valueAt(data, owner)), scalarText(valueAt(data, name)))?.toLowerCase()
  if (repositories.some((each) => each.toLowerCase() === found)) return
  throw new VerificationError(
    'verification.not_a_delivery',
    'the build is of a repository that is not one of `repositories`',
  )
}

function proof({ repositories, public_key }: z.output<typeof options>, keys: RemoteKeys): Proof {
  return {
    ...payloadProof({
      prove(delivery, now, trace) {
        const secrets = public_key ?? [publishedKey(keys)]
        const proven = verifySignature(scheme, secrets, delivery, now, trace)
        if (repositories) checkRepository(delivery, repositories)
        return proven
      },
      sign() {
        throw cannotSign('Travis CI signs with a key that only it has')
      },
    }),
    ...(public_key ? {} : { prepare: () => keys.load(published) }),
  }
}

const number = '[1-9][0-9]{0,19}'
const rules = idRules({
  repository: [number, 'repository.id'],
  build: [number, 'id'],
  build_number: [number, 'number'],
  pull_request: [number, 'pull_request_number'],
  sha: ['[0-9a-f]{40}', 'head_commit', 'commit'],
})

function repositoryOf({ text }: Reading): string | undefined {
  return joined('/', text('repository.owner_name'), text('repository.name'))
}

export const travisCi = defineSender({
  kind: 'travis-ci',
  title: 'Travis CI',
  link: 'https://docs.travis-ci.com/user/notifications/#verifying-webhook-requests',
  options,
  proof: (given, { keys }) => proof(given, keys),
  content: payloadOf,
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ text, delivery }) =>
      joined(':', text('id'), text('state'), text('finished_at') ?? text('started_at')) ??
      `sha256:${sha256(payloadOf(delivery.body)).toString('hex')}`,
    isIdAuthentic: true, // signed; the form around it could be written in many ways
    type({ text }) {
      const state = text('state')
      return state !== undefined && /^[a-z_]{1,40}$/.test(state) ? `build.${state}` : 'build'
    },
    subject: (reading) => joined('/builds/', repositoryOf(reading), reading.ids['build']),
    time: ({ text }) => text('finished_at') ?? text('started_at'),
  },
  headers: () => ({ 'content-type': 'application/x-www-form-urlencoded' }),
  samples: travisSamples,
})
