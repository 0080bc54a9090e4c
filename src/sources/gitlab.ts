import { z } from 'zod'
import type { Ids } from '../domain/event.js'
import { toleranceField, webhookFields } from './engine/fields.js'
import { headerId } from './engine/headers.js'
import { type IdRule, idRules, readIds, ruleNames } from './engine/ids.js'
import { type Proof, signatureProof, tokenProof } from './engine/proof.js'
import { firstText, type Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { standardScheme, standardSecretField } from './engine/standard-scheme.js'
import { parseAnyTime } from './engine/time.js'
import { jsonObject, malformed } from './engine/verified.js'
import { gitlabSamples } from './samples/gitlab.js'

/*
 * GitLab. https://docs.gitlab.com/user/project/integrations/webhooks, read 2026-11-21. Two modes, by which
 * key is given. `secret:` is the signing token (GitLab 19): Standard Webhooks over `{id}.{timestamp}.{body}`.
 * `token:` is X-Gitlab-Token, the secret itself in clear: nothing of the body is signed. With both, the
 * signature is required and the token too.
 * Dedupe: `webhook-id` (signed) or `Idempotency-Key` (not signed), the same on each retry and resend.
 * X-Gitlab-Event-UUID is shared by recursive hooks and X-Gitlab-Webhook-UUID is of the hook: neither is an id.
 */
const options = z
  .strictObject({
    secret: standardSecretField.optional(),
    token: secretField({ isToken: true }).optional(),
    tolerance: toleranceField,
    ...webhookFields('25MB'),
  })
  .refine(({ secret, token }) => secret !== undefined || token !== undefined, {
    error: 'needs secret (the signing token, whsec_…) or token (what GitLab sends in X-Gitlab-Token)',
  })

const tokenScheme = { header: 'x-gitlab-token' }

/** Of the keys that are given, all have to be right. */
function proof({ secret, token, tolerance }: z.output<typeof options>): Proof {
  const scheme = standardScheme('webhook', tolerance)
  const byToken = token && tokenProof(tokenScheme, token)
  const bySignature = secret && signatureProof(scheme, secret)
  return {
    prove(delivery, now, trace) {
      const first = byToken?.prove(delivery, now, trace)
      const second = bySignature?.prove(delivery, now, trace)
      return second ?? first ?? { secretIndex: 0 }
    },
    sign(request, now) {
      const { secretIndex = 0 } = request
      const id = request.id.replaceAll('.', '-')
      const clear = byToken?.sign({ ...request, secretIndex: secret ? 0 : secretIndex }, now)
      const signed = bySignature?.sign({ ...request, id }, now)
      return { headers: { 'idempotency-key': id, ...clear?.headers, ...signed?.headers } }
    },
  }
}

const number = '[1-9][0-9]{0,19}'
const sha = '[0-9a-f]{40}|[0-9a-f]{64}'
const rules = idRules({
  project: [number, 'project.id', 'project_id'],
  sha: [
    sha,
    'checkout_sha',
    'object_attributes.sha',
    'object_attributes.last_commit.id',
    'sha',
    'commit.sha',
  ],
})

/** What `object_attributes` is depends on `object_kind`; the same path is another id in another kind. */
const rulesByKind: Readonly<Record<string, readonly IdRule[]>> = {
  merge_request: idRules({ merge_request: [number, 'object_attributes.iid'] }),
  issue: idRules({ issue: [number, 'object_attributes.iid'] }),
  work_item: idRules({ issue: [number, 'object_attributes.iid'] }),
  pipeline: idRules({ pipeline: [number, 'object_attributes.id'] }),
  build: idRules({ job: [number, 'build_id'], pipeline: [number, 'pipeline_id'] }),
  note: idRules({ note: [number, 'object_attributes.id'], issue: [number, 'issue.iid'] }),
  deployment: idRules({ deployment: [number, 'deployment_id'] }),
  release: idRules({ release: [number, 'id'] }),
}

const wordPattern = /^[a-z][a-z0-9_]{0,63}$/

function kindOf({ text }: Reading): string {
  const kind = text('object_kind') ?? text('event_name')
  if (kind === undefined || !wordPattern.test(kind)) throw malformed('the body has no object_kind')
  return kind
}

function refineIds(reading: Reading): Ids {
  const { data, text } = reading
  const { sha: commit, ...found } = reading.ids
  // A merge request that a note or pipeline points to has its number in the target project, which need not be this one.
  const iid = text('merge_request.iid')
  const target = text('merge_request.target_project_id')
  const isOurs = target !== undefined && target === found['project']
  return {
    ...(commit === undefined || /^0+$/.test(commit) ? {} : { sha: commit }),
    ...(isOurs && iid !== undefined && /^[1-9][0-9]{0,19}$/.test(iid) ? { merge_request: iid } : {}),
    ...readIds(rulesByKind[kindOf(reading)] ?? [], data),
    ...found,
  }
}

/** `merge_request.open`, `pipeline.failed`, `build.failed`, `push`. All of it from the body. */
function typeOf(reading: Reading): string {
  const { text } = reading
  const kind = kindOf(reading)
  const details: Readonly<Record<string, string>> = {
    pipeline: 'object_attributes.status',
    build: 'build_status',
  }
  const detail = text(details[kind] ?? 'object_attributes.action')
  return detail !== undefined && wordPattern.test(detail) ? `${kind}.${detail}` : kind
}

/** `group/app!7`, `group/app#3`, `group/app@<ref>`: as GitLab writes references. */
function subjectOf({ text, ids }: Reading): string | undefined {
  const project = text('project.path_with_namespace') ?? text('project.id') ?? text('project_id')
  if (project === undefined) return undefined
  if (ids['merge_request'] !== undefined) return `${project}!${ids['merge_request']}`
  if (ids['issue'] !== undefined) return `${project}#${ids['issue']}`
  const ref = text('ref') ?? text('object_attributes.ref')
  return ref === undefined ? project : `${project}@${ref}`
}

/** 20: public, of 0, 10 and 20. A confidential issue, and a note that is internal, are not for all even there. */
function isPublic({ object, text }: Reading): boolean {
  const { visibility_level: level } = object('project') ?? object('repository') ?? {}
  const [attributes, issue] = [object('object_attributes'), object('issue')]
  const isConfidential =
    text('event_type')?.startsWith('confidential_') === true ||
    [attributes?.['confidential'], attributes?.['internal'], issue?.['confidential']].includes(true)
  return level === 20 && !isConfidential
}

const times = [
  'object_attributes.updated_at',
  'object_attributes.finished_at',
  'object_attributes.created_at',
]

/** `2013-12-03T17:23:34Z`, and in older events `2013-12-03 17:23:34 UTC`. */
function timeOf({ text }: Reading): string | undefined {
  return times
    .map((path) => text(path)?.replace(/^(\S+) (\S+) UTC$/, '$1T$2Z'))
    .find((time) => time !== undefined && parseAnyTime(time) !== undefined)
}

const eventHeaders: Readonly<Record<string, string>> = {
  push: 'Push Hook',
  tag_push: 'Tag Push Hook',
  merge_request: 'Merge Request Hook',
  issue: 'Issue Hook',
  note: 'Note Hook',
  pipeline: 'Pipeline Hook',
  build: 'Job Hook',
  deployment: 'Deployment Hook',
  release: 'Release Hook',
}

export const gitlab = defineSender({
  kind: 'gitlab',
  title: 'GitLab',
  link: 'https://docs.gitlab.com/user/project/integrations/webhooks',
  options,
  proof,
  body: jsonObject,
  ids: rules,
  refineIds,
  moreIdNames: ruleNames(...Object.values(rulesByKind)),
  event: {
    id: ({ delivery }, { secret }) => headerId(delivery, secret ? 'webhook-id' : 'idempotency-key'),
    // Signed with the body, or as little as the body: a tag that is made, deleted and made again has the same
    // body twice, and only the id tells one from the other.
    isIdAuthentic: true,
    type: typeOf,
    subject: subjectOf,
    actor: firstText('user.username', 'user_username'),
    isPublic,
    time: timeOf,
  },
  headers: ({ type }) => ({
    'user-agent': 'GitLab/19.0.0',
    'x-gitlab-event': eventHeaders[type.split('.')[0] ?? ''] ?? 'System Hook',
  }),
  samples: gitlabSamples,
})
