import { z } from 'zod'
import type { Delivery } from '../domain/delivery.js'
import type { EventDraft, Ids } from '../domain/event.js'
import type { JsonObject } from '../util/json.js'
import { compilePath, type Path, scalarText, valueAt } from '../util/path.js'
import { toleranceField, webhookFields } from './fields.js'
import { gitlabSamples } from './gitlab-samples.js'
import { headerId } from './headers.js'
import { type IdRule, idRules, readIds, ruleNames } from './ids.js'
import { signHmac, verifyHmac } from './scheme-hmac.js'
import { signToken, verifyToken } from './scheme-token.js'
import { secretField } from './secret.js'
import { defineWebhookKind } from './source.js'
import { standardScheme, standardSecretField } from './standard-scheme.js'
import { parseAnyTime } from './time.js'
import { jsonObject, malformed, verifiedDelivery } from './verified.js'

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

type Options = z.output<typeof options>

const tokenScheme = { header: 'x-gitlab-token', prefix: '' }

function verify(delivery: Delivery, { secret, token, tolerance }: Options, now: number): number {
  const byToken = token && verifyToken(tokenScheme, token, delivery)
  const bySignature =
    secret && verifyHmac(standardScheme('webhook', tolerance), secret, delivery, now).secretIndex
  return bySignature ?? byToken ?? 0
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
const kindRules = Object.values(rulesByKind)

const projectId = compilePath('project.id')
const mergeRequestIid = compilePath('merge_request.iid')
const mergeRequestTarget = compilePath('merge_request.target_project_id')

function text(data: JsonObject, path: Path): string | undefined {
  return scalarText(valueAt(data, path))
}

function idsOf(kind: string, data: JsonObject, declared: readonly IdRule[]): Ids {
  const { sha: commit, ...found } = readIds(rules, data)
  // A merge request that a note or pipeline points to has its number in the target project, which need not be this one.
  const iid = text(data, mergeRequestIid)
  const target = text(data, mergeRequestTarget)
  const isOurs = target !== undefined && target === found['project']
  return {
    ...found,
    ...(commit === undefined || /^0+$/.test(commit) ? {} : { sha: commit }),
    ...(isOurs && iid !== undefined && /^[1-9][0-9]{0,19}$/.test(iid) ? { merge_request: iid } : {}),
    ...readIds(rulesByKind[kind] ?? [], data),
    ...readIds(declared, data),
  }
}

const action = compilePath('object_attributes.action')
const status = compilePath('object_attributes.status')
const wordPattern = /^[a-z][a-z0-9_]{0,63}$/

/** `merge_request.open`, `pipeline.failed`, `build.failed`, `push`. All of it from the body. */
function typeOf(kind: string, data: JsonObject): string {
  const detail =
    kind === 'pipeline' ? text(data, status) : kind === 'build' ? data['build_status'] : text(data, action)
  return typeof detail === 'string' && wordPattern.test(detail) ? `${kind}.${detail}` : kind
}

const ownPath = compilePath('project.path_with_namespace')

/** `group/app!7`, `group/app#3`, `group/app@<ref>`: as GitLab writes references. */
function subjectOf(ids: Ids, data: JsonObject): string | undefined {
  const project = text(data, ownPath) ?? text(data, projectId) ?? scalarText(data['project_id'])
  if (project === undefined) return undefined
  if (ids['merge_request'] !== undefined) return `${project}!${ids['merge_request']}`
  if (ids['issue'] !== undefined) return `${project}#${ids['issue']}`
  const ref = scalarText(data['ref']) ?? text(data, pipelineRef)
  return ref === undefined ? project : `${project}@${ref}`
}

const pipelineRef = compilePath('object_attributes.ref')
const times = [
  'object_attributes.updated_at',
  'object_attributes.finished_at',
  'object_attributes.created_at',
].map(compilePath)

/** `2013-12-03T17:23:34Z`, and in older events `2013-12-03 17:23:34 UTC`. */
function timeOf(data: JsonObject): number | undefined {
  for (const path of times) {
    const at = parseAnyTime((text(data, path) ?? '').replace(/^(\S+) (\S+) UTC$/, '$1T$2Z'))
    if (at !== undefined) return at
  }
  return undefined
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

export const gitlab = defineWebhookKind({
  kind: 'gitlab',
  title: 'GitLab',
  link: 'https://docs.gitlab.com/user/project/integrations/webhooks',
  options,
  idNames: ({ ids }) => ruleNames(rules, ...kindRules, ids),
  maxBodyBytes: ({ max_body }) => max_body,
  verify: (delivery, parsed, now) => verifiedDelivery(delivery, verify(delivery, parsed, now)),
  events(verified, { ids: declared, secret }): EventDraft[] {
    const data = jsonObject(verified)
    const kind = data['object_kind'] ?? data['event_name']
    if (typeof kind !== 'string' || !wordPattern.test(kind)) throw malformed('the body has no object_kind')
    const { delivery } = verified
    const ids = idsOf(kind, data, declared)
    return [
      {
        sourceEventId: headerId(delivery, secret ? 'webhook-id' : 'idempotency-key'),
        // Signed with the body, or as little as the body: a tag that is made, deleted and made again has the same
        // body twice, and only the id tells one from the other.
        isIdAuthentic: true,
        type: typeOf(kind, data),
        subject: subjectOf(ids, data),
        time: timeOf(data) ?? delivery.receivedAt,
        ids,
      },
    ]
  },
  sign({ body, type, id, secretIndex = 0 }, { secret, token, tolerance }, now) {
    const signing = secret?.[secretIndex]
    const clear = token?.[secret ? 0 : secretIndex]
    if (!signing && !clear) return {}
    const deliveryId = id.replaceAll('.', '-')
    return {
      'content-type': 'application/json',
      'user-agent': 'GitLab/19.0.0',
      'x-gitlab-event': eventHeaders[type.split('.')[0] ?? ''] ?? 'System Hook',
      'idempotency-key': deliveryId,
      ...(clear ? signToken(tokenScheme, clear) : {}),
      ...(signing
        ? signHmac(standardScheme('webhook', tolerance), signing, { body, id: deliveryId }, now)
        : {}),
    }
  },
  samples: gitlabSamples,
})
