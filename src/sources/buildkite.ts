import { z } from 'zod'
import { toleranceField, webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { type Proof, signatureProof, tokenProof } from './engine/proof.js'
import { firstText, joined, type Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { cannotSign } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { parseAnyTime } from './engine/time.js'
import { jsonObject } from './engine/verified.js'
import { buildkiteSamples } from './samples/buildkite.js'

/*
 * Buildkite. https://buildkite.com/docs/apis/webhooks/pipelines, read 2026-11-21. A webhook sends its token in one of
 * two ways, by which key is given. `secret`: it signs `{timestamp}.{body}`. `token`: it is sent in clear, and nothing of
 * the body is signed. Buildkite sends one or the other, so there can be only one key.
 * Dedupe: there is no id of the delivery, and one build passes through the same state several times (blocked, then
 * unblocked), so the digest of the body stands for it. The type is `event` of the body.
 * Any 2xx; retries are not documented.
 */
const options = z
  .strictObject({
    secret: secretField().optional(),
    token: secretField({ isToken: true }).optional(),
    tolerance: toleranceField,
    ...webhookFields('1MB'),
  })
  .refine(({ secret, token }) => (secret === undefined) !== (token === undefined), {
    error:
      'needs secret (the token signs, X-Buildkite-Signature) or token (it is sent, X-Buildkite-Token), not both',
  })

function scheme(toleranceMs: number): SignatureScheme {
  return {
    hash: 'sha256',
    signature: {
      header: 'x-buildkite-signature',
      listSeparator: ',',
      pairs: { separator: '=', select: ['signature'] },
      encoding: 'hex',
    },
    message: compileMessage('{timestamp}.{body}'),
    timestamp: { pair: 'timestamp', unit: 's', tolerance: { pastMs: toleranceMs, futureMs: toleranceMs } },
  }
}

function proof({ secret, token, tolerance }: z.output<typeof options>): Proof {
  if (secret) return signatureProof(scheme(tolerance), secret)
  if (token) return tokenProof({ header: 'x-buildkite-token' }, token)
  throw cannotSign('there is neither secret nor token')
}

const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const number = '[1-9][0-9]{0,19}'
const rules = idRules({
  pipeline: [uuid, 'pipeline.id'],
  pipeline_slug: ['[a-z0-9]+(-[a-z0-9]+)*', 'pipeline.slug'],
  build: [uuid, 'build.id'],
  build_number: [number, 'build.number'],
  job: [uuid, 'job.id'],
  agent: [uuid, 'agent.id', 'job.agent.id'],
  sha: ['[0-9a-f]{40}', 'build.commit'],
})

const times = [
  'job.finished_at',
  'job.started_at',
  'build.finished_at',
  'build.started_at',
  'build.created_at',
]

/** ISO, and in older events `2015-05-09 21:05:59 UTC`. */
function timeOf({ text }: Reading): string | undefined {
  return times
    .map((path) => text(path)?.replace(/^(\S+) (\S+) UTC$/, '$1T$2Z'))
    .find((time) => time !== undefined && parseAnyTime(time) !== undefined)
}

export const buildkite = defineSender({
  kind: 'buildkite',
  title: 'Buildkite',
  link: 'https://buildkite.com/docs/apis/webhooks/pipelines',
  options,
  proof,
  body: jsonObject,
  ids: rules,
  event: {
    type: ({ text }) => text('event'),
    subject: ({ text, ids }) =>
      joined('#', text('pipeline.slug'), ids['build_number']) ?? text('pipeline.slug') ?? ids['agent'],
    actor: firstText('sender.id'),
    time: timeOf,
  },
  headers: ({ type }) => ({ 'user-agent': 'Buildkite-Request', 'x-buildkite-event': type }),
  samples: buildkiteSamples,
})
