import { z } from 'zod'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'
import { circleciSamples } from './samples/circleci.js'

/*
 * CircleCI. https://circleci.com/docs/guides/integration/outbound-webhooks, read 2026-11-21.
 * Signed: the raw body. The header may list several versions of signatures; only `v1` is known, others are ignored.
 * No time is signed. Dedupe: `id` of the body, signed, the same when it is sent again.
 * Any 2xx within 10 s, else it is sent again later; how often is not documented.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: {
    header: 'circleci-signature',
    listSeparator: ',',
    pairs: { separator: '=', select: ['v1'] },
    encoding: 'hex',
  },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const number = '[1-9][0-9]{0,19}'
const rules = idRules({
  organization: [uuid, 'organization.id'],
  project: [uuid, 'project.id'],
  // What the API asks for; the last part is a project's name at GitHub or Bitbucket, or an id.
  project_slug: ['(gh|bb|circleci)/[A-Za-z0-9_-]+/[A-Za-z0-9_-][A-Za-z0-9._-]*', 'project.slug'],
  pipeline: [uuid, 'pipeline.id'],
  pipeline_number: [number, 'pipeline.number'],
  workflow: [uuid, 'workflow.id'],
  job: [uuid, 'job.id'],
  job_number: [number, 'job.number'],
  sha: ['[0-9a-f]{40}', 'pipeline.vcs.revision'],
})

export const circleci = defineSender({
  kind: 'circleci',
  title: 'CircleCI',
  link: 'https://circleci.com/docs/guides/integration/outbound-webhooks',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ text }) => text('id'),
    type: ({ text }) => text('type'),
    subject: ({ text }) => text('workflow.id') ?? text('pipeline.id'),
    time: ({ text }) => text('happened_at'),
  },
  headers: ({ type }) => ({ 'user-agent': 'CircleCI-Webhook/1.0', 'circleci-event-type': type }),
  samples: circleciSamples,
})
