import { z } from 'zod'
import type { Ids } from '../domain/event.js'
import { sha256 } from '../util/signature.js'
import { webhookFields } from './engine/fields.js'
import { isPayloadForm, payloadOf, payloadProof } from './engine/form-payload.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { firstText, type Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { compileMessage } from './engine/template.js'
import { isObject, jsonObject, malformed } from './engine/verified.js'
import { giteaSamples } from './samples/gitea.js'
import type { SourceKind } from './source.js'

/*
 * Gitea and Forgejo. https://docs.gitea.com/usage/webhooks and services/webhook/deliver.go, read 2026-11-21.
 * Signed: the JSON, in hex without a prefix. In form mode it is the JSON in the field `payload` and not the form.
 * Without a secret the header is sent too, but empty: that is no signature. No time is signed.
 * Dedupe: the digest of the signed JSON. X-Gitea-Delivery is not signed; and the form around the JSON is not either,
 * so a captured delivery can be written in many ways, of which only the JSON is the same.
 * The event's name is in X-Gitea-Event, not signed: where an event is named after an object, the body must have it.
 * Any 2xx within 5 s (DELIVER_TIMEOUT); no retries, only by hand.
 */
const options = z.strictObject({ secret: secretField(), ...webhookFields('25MB') })

const number = '[1-9][0-9]{0,19}'
const rules = idRules({
  repo: [
    '[A-Za-z0-9_.-]*[A-Za-z0-9_-][A-Za-z0-9_.-]*/\\.{0,2}[A-Za-z0-9_-][A-Za-z0-9._-]*',
    'repository.full_name',
  ],
  repository: [number, 'repository.id'],
  comment: [number, 'comment.id'],
  release: [number, 'release.id'],
  run: [number, 'workflow_run.id', 'workflow_job.run_id'],
  job: [number, 'workflow_job.id'],
  sha: [
    '[0-9a-f]{40}|[0-9a-f]{64}',
    'pull_request.head.sha',
    'workflow_run.head_sha',
    'workflow_job.head_sha',
    'after',
    'sha',
  ],
})

/** A comment on a pull request names it as an issue. */
function refineIds({ ids, text, object }: Reading): Ids {
  const { sha, ...found } = ids
  const pull = text('pull_request.number')
  const issue = text('issue.number')
  const isPull = text('is_pull') === 'true' || object('issue.pull_request') !== undefined
  const [name, value] =
    pull === undefined ? [isPull ? 'pull_request' : 'issue', issue] : ['pull_request', pull]
  return {
    ...(value !== undefined && /^[1-9][0-9]{0,19}$/.test(value) ? { [name]: value } : {}),
    ...found,
    ...(sha === undefined || /^0+$/.test(sha) ? {} : { sha }),
  }
}

/** What the body has for events of these names. */
const objects: readonly (readonly [name: RegExp, object: string])[] = [
  [/^pull_request(?!_comment)(_|$)/, 'pull_request'],
  [/^issue_comment$/, 'comment'],
  [/^issues$|^issue_/, 'issue'],
  [/^release$/, 'release'],
  [/^workflow_run$/, 'workflow_run'],
  [/^workflow_job$/, 'workflow_job'],
]

function eventName({ data, header }: Reading, from: string): string {
  const name = header(from)
  if (name === undefined || !/^[a-z][a-z0-9_]{0,63}$/.test(name)) {
    throw malformed(`the header ${from} does not name an event`)
  }
  const object = objects.find(([pattern]) => pattern.test(name))?.[1]
  if (object !== undefined && !(isObject(data) && isObject(data[object]))) {
    throw malformed(`the header ${from} says ${name}, but the body has no ${object}`)
  }
  return name
}

/** `acme/web#42`, `acme/web@refs/heads/main`. Issues and pull requests are numbered together. */
function subjectOf({ text, ids }: Reading): string | undefined {
  const repo = text('repository.full_name')
  if (repo === undefined) return undefined
  const of = ids['pull_request'] ?? ids['issue']
  if (of !== undefined) return `${repo}#${of}`
  const ref = text('ref')
  return ref === undefined ? repo : `${repo}@${ref}`
}

/** A repository of an owner that not everybody sees is not public either, and neither is a release that is a draft. */
function isPublic({ object, text }: Reading): boolean {
  const { private: isPrivate, internal } = object('repository') ?? {}
  const visibility = text('repository.owner.visibility') ?? 'public'
  const isOpen = isPrivate === false && internal !== true && visibility === 'public'
  return isOpen && object('release')?.['draft'] !== true
}

interface Family {
  readonly kind: string
  readonly title: string
  readonly link: string
  /** Of the headers: `x-gitea`. */
  readonly prefix: string
  readonly agent: string
}

/** Gitea began as a copy of Gogs, and both still send the same. */
export function defineGitea({ kind, title, link, prefix, agent }: Family): SourceKind {
  const signature = { header: `${prefix}-signature`, encoding: 'hex' as const }
  const message = compileMessage('{body}')
  return defineSender({
    kind,
    title,
    link,
    options,
    proof: ({ secret }) => payloadProof(signatureProof({ hash: 'sha256', signature, message }, secret)),
    content: payloadOf,
    body: jsonObject,
    ids: rules,
    refineIds,
    moreIdNames: ['pull_request', 'issue'],
    event: {
      id: ({ delivery }) => `sha256:${sha256(payloadOf(delivery.body)).toString('hex')}`,
      isIdAuthentic: true, // made of nothing but what is signed
      type: (reading) => {
        const name = eventName(reading, `${prefix}-event`)
        const action = reading.text('action')
        return action === undefined ? name : `${name}.${action}`
      },
      subject: subjectOf,
      actor: firstText('sender.login', 'sender.username'),
      isPublic,
      time: ({ text }) =>
        text('comment.updated_at') ?? text('issue.updated_at') ?? text('pull_request.updated_at'),
    },
    headers: ({ type, id, body }) => ({
      'content-type': isPayloadForm(body) ? 'application/x-www-form-urlencoded' : 'application/json',
      'user-agent': agent,
      [`${prefix}-event`]: type.split('.')[0] ?? type,
      [`${prefix}-delivery`]: id,
    }),
    samples: giteaSamples,
  })
}

export const gitea = defineGitea({
  kind: 'gitea',
  title: 'Gitea and Forgejo',
  link: 'https://docs.gitea.com/usage/webhooks',
  prefix: 'x-gitea',
  agent: 'Go-http-client/2.0',
})
