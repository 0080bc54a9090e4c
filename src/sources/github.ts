import { z } from 'zod'
import type { Ids } from '../domain/event.js'
import type { JsonObject } from '../util/json.js'
import { compilePath, scalarText, valueAt } from '../util/path.js'
import { webhookFields } from './engine/fields.js'
import { formBody, parseForm } from './engine/form.js'
import { headerId } from './engine/headers.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { firstText, type Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { parseAnyTime } from './engine/time.js'
import { isObject, jsonObject, malformed } from './engine/verified.js'
import { githubSamples } from './samples/github.js'

/*
 * GitHub. https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries, read 2026-11-21.
 * Signed: the raw body, also of the form content type, where the JSON is the field `payload`. No time is
 * signed. X-Hub-Signature (SHA-1) is sent too and ignored.
 * Dedupe: X-GitHub-Delivery, the same on a redelivery, not signed; a replay under another id is caught by
 * the body's digest. The event's name is in X-GitHub-Event, not signed: where an event is named after an
 * object, the body must have it.
 * No retries: what is refused here is only sent again by hand.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-hub-signature-256', prefix: 'sha256=', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('25MB') })

const number = '[1-9][0-9]{0,19}'
const sha = '[0-9a-f]{40}|[0-9a-f]{64}'

/** Branch names, logins, titles and labels are people's words, so they are no ids. */
const rules = idRules({
  repo: ['[A-Za-z0-9][A-Za-z0-9_-]*/\\.{0,2}[A-Za-z0-9_-][A-Za-z0-9._-]*', 'repository.full_name'],
  repository: [number, 'repository.id'],
  installation: [number, 'installation.id'],
  issue: [number, 'issue.number'],
  comment: [number, 'comment.id'],
  review: [number, 'review.id'],
  discussion: [number, 'discussion.number'],
  run: [number, 'workflow_run.id', 'workflow_job.run_id'],
  run_attempt: [number, 'workflow_run.run_attempt', 'workflow_job.run_attempt'],
  workflow: [number, 'workflow_run.workflow_id', 'workflow.id'],
  job: [number, 'workflow_job.id'],
  check_run: [number, 'check_run.id'],
  check_suite: [number, 'check_suite.id', 'check_run.check_suite.id'],
  deployment: [number, 'deployment.id'],
  release: [number, 'release.id'],
  alert: [number, 'alert.number'],
  sha: [
    sha,
    'workflow_run.head_sha',
    'workflow_job.head_sha',
    'check_run.head_sha',
    'check_suite.head_sha',
    'pull_request.head.sha',
    'merge_group.head_sha',
    'deployment.sha',
    'comment.commit_id',
    'sha',
    'after',
  ],
})

const ownNumber = compilePath('pull_request.number')
const repositoryId = compilePath('repository.id')
const listsOfPullRequests = ['workflow_run', 'check_run', 'check_suite'].map((name) =>
  compilePath(`${name}.pull_requests`),
)

/**
 * The number of the pull request. Runs and checks list the pull requests that have their head, also those of
 * another repository in a network of forks; only one of this repository is meant by its number.
 */
function pullRequestOf(data: JsonObject): string | undefined {
  const own = scalarText(valueAt(data, ownNumber))
  if (own !== undefined) return own
  const issue = data['issue']
  if (isObject(issue) && isObject(issue['pull_request'])) return scalarText(issue['number'])
  const repository = scalarText(valueAt(data, repositoryId))
  for (const path of listsOfPullRequests) {
    const list = valueAt(data, path)
    if (!Array.isArray(list)) continue
    const here = list.find(
      (item) => repository !== undefined && scalarText(valueAt(item, baseRepositoryId)) === repository,
    )
    if (isObject(here)) return scalarText(here['number'])
  }
  return undefined
}

const baseRepositoryId = compilePath('base.repo.id')

/** Ids of what runs on a commit of a fork, and of that commit: the code is a stranger's, so they have names of their own. */
const forkNames: Readonly<Record<string, string>> = {
  run: 'fork_run',
  run_attempt: 'fork_run_attempt',
  check_run: 'fork_check_run',
  check_suite: 'fork_check_suite',
  sha: 'fork_sha',
}

const headRepositories = ['workflow_run.head_repository', 'pull_request.head.repo'].map((path) =>
  compilePath(path),
)
const headBranches = ['check_suite.head_branch', 'check_run.check_suite.head_branch'].map((path) =>
  compilePath(path),
)

/**
 * Whether the event is about a commit of another repository. One that says null is a fork's that is gone; checks name no
 * repository, but a branch only of their own.
 */
function isOfFork({ data, text }: Reading): boolean {
  const here = text('repository.id')
  const isElsewhere = headRepositories.some((path) => {
    const head = valueAt(data, path)
    if (head === undefined) return false
    return !isObject(head) || here === undefined || scalarText(head['id']) !== here
  })
  return isElsewhere || headBranches.some((path) => valueAt(data, path) === null)
}

function refineIds(reading: Reading): Ids {
  const { data, ids } = reading
  const { sha, ...found } = isOfFork(reading) ? renamed(ids) : ids
  const pullRequest = isObject(data) ? pullRequestOf(data) : undefined
  const isNumber = pullRequest !== undefined && /^[1-9][0-9]{0,19}$/.test(pullRequest)
  return {
    ...(isNumber ? { pull_request: pullRequest } : {}),
    ...found,
    // A push that deletes a branch says that its commit is forty zeros.
    ...(sha === undefined || /^0+$/.test(sha) ? {} : { sha }),
  }
}

function renamed(ids: Ids): Ids {
  const isZero = ids['sha'] !== undefined && /^0+$/.test(ids['sha'])
  const kept = Object.entries(ids).filter(([name]) => name !== 'sha' || !isZero)
  return Object.fromEntries(kept.map(([name, value]) => [forkNames[name] ?? name, value]))
}

/** Events whose body has an object of the event's own name. */
const namedObjects = new Set(
  `check_run check_suite deployment discussion installation label member milestone package pull_request
  release review team workflow_job workflow_run`.split(/\s+/),
)

function eventName({ data, header }: Reading): string {
  const name = header('x-github-event')
  if (name === undefined || !/^[a-z][a-z0-9_]{0,63}$/.test(name)) {
    throw malformed('the header x-github-event does not name an event')
  }
  const object = name === 'issues' ? 'issue' : name
  if ((name === 'issues' || namedObjects.has(name)) && !(isObject(data) && isObject(data[object]))) {
    throw malformed(`the header x-github-event says ${name}, but the body has no ${object}`)
  }
  return name
}

/** `acme/web#42`, `acme/web@<commit>` for what runs on a commit, `acme/web@refs/heads/main` for a push. */
function subjectOf({ text, ids }: Reading): string | undefined {
  const repo = text('repository.full_name')
  if (repo === undefined) return text('organization.login')
  const number = text('issue.number') ?? text('pull_request.number') ?? text('discussion.number')
  if (number !== undefined) return `${repo}#${number}`
  const at = text('ref') ?? ids['sha'] ?? ids['fork_sha']
  return at === undefined ? repo : `${repo}@${at}`
}

/** Of these everybody sees what a public repository has; alerts on its code, its teams and its settings are not for all. */
const openEvents = new Set(
  `check_run check_suite commit_comment create delete deployment deployment_status discussion
  discussion_comment fork gollum issue_comment issues label milestone page_build public pull_request
  pull_request_review pull_request_review_comment pull_request_review_thread push release star status watch
  workflow_job workflow_run`.split(/\s+/),
)

function isPublic(reading: Reading): boolean {
  const { object } = reading
  const repository = object('repository')
  const { private: isPrivate, visibility = 'public' } = repository ?? {}
  const isOpen = isPrivate === false && visibility === 'public' && openEvents.has(eventName(reading))
  return isOpen && object('release')?.['draft'] !== true
}

const times = [
  'workflow_run.updated_at',
  'comment.updated_at',
  'review.submitted_at',
  'issue.updated_at',
  'pull_request.updated_at',
  'check_run.completed_at',
  'release.published_at',
  'head_commit.timestamp',
]

/** By the signed bytes, not by the Content-Type, which is not signed: JSON never begins like this. */
function isForm(body: Uint8Array): boolean {
  return Buffer.from(body.subarray(0, 8)).toString('latin1') === 'payload='
}

export const github = defineSender({
  kind: 'github',
  title: 'GitHub',
  link: 'https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  content: (body) => (isForm(body) ? (parseForm(body).get('payload') ?? Buffer.alloc(0)) : body),
  body: jsonObject,
  ids: rules,
  refineIds,
  moreIdNames: ['pull_request', ...Object.values(forkNames)],
  event: {
    id: ({ delivery }) => headerId(delivery, 'x-github-delivery'),
    type: (reading) => {
      const name = eventName(reading)
      const action = reading.text('action')
      return action === undefined ? name : `${name}.${action}`
    },
    subject: subjectOf,
    actor: firstText('sender.login'),
    isPublic,
    time({ text }) {
      for (const path of times) {
        const time = text(path)
        if (time !== undefined && parseAnyTime(time) !== undefined) return time
      }
      return undefined
    },
  },
  headers: ({ type, id, body }) => ({
    'content-type': isForm(body) ? 'application/x-www-form-urlencoded' : 'application/json',
    'user-agent': 'GitHub-Hookshot/3a1c2f0',
    'x-github-event': type.split('.')[0] ?? type,
    'x-github-delivery': id,
    'x-github-hook-id': '292430182',
  }),
  samples: githubSamples,
})

/** The same delivery in the form content type. */
export function githubForm(json: Uint8Array): Uint8Array {
  return formBody('payload', json)
}
