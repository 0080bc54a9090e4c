import { z } from 'zod'
import { webhookFields } from './engine/fields.js'
import { headerId } from './engine/headers.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { firstText, joined, type Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { isObject, jsonObject, malformed } from './engine/verified.js'
import { bitbucketSamples } from './samples/bitbucket.js'

/*
 * Bitbucket Cloud. https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks, read 2026-11-21.
 * Signed: the raw body. The header has the name that GitHub gives to SHA-1, but holds SHA-256. No time is signed.
 * Dedupe: X-Request-UUID with the event's key, neither signed; a replay under another id is caught by the body's
 * digest. The key is a part of the id because one request of a person may cause several events.
 * The event's key is in X-Event-Key, not signed: where an event is named after an object, the body must have it.
 * Further attempts are counted in X-Attempt-Number; 10 s and two of them are from memory.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-hub-signature', prefix: 'sha256=', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const number = '[1-9][0-9]{0,19}'
const rules = idRules({
  repo: ['[A-Za-z0-9_-]+/\\.{0,2}[A-Za-z0-9_-][A-Za-z0-9._-]*', 'repository.full_name'],
  repository: ['\\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\}', 'repository.uuid'],
  pull_request: [number, 'pullrequest.id'],
  issue: [number, 'issue.id'],
  comment: [number, 'comment.id'],
  // Twelve digits in a pull request; of a push with several branches the first one's.
  sha: [
    '[0-9a-f]{12}|[0-9a-f]{40}',
    'pullrequest.source.commit.hash',
    'commit.hash',
    'push.changes[0].new.target.hash',
  ],
})

/** What the body has for events of these names. */
const objects: Readonly<Record<string, string>> = {
  pullrequest: 'pullrequest',
  issue: 'issue',
  'repo:push': 'push',
  'repo:fork': 'fork',
  'repo:commit_comment_created': 'comment',
  'repo:commit_status_created': 'commit_status',
  'repo:commit_status_updated': 'commit_status',
}

function eventKey({ data, header }: Reading): string {
  const key = header('x-event-key')
  if (key === undefined || !/^[a-z]+(:[a-z_]+){1,3}$/.test(key)) {
    throw malformed('the header x-event-key does not name an event')
  }
  const object = objects[key] ?? objects[key.split(':')[0] ?? '']
  if (object !== undefined && !(isObject(data) && isObject(data[object]))) {
    throw malformed(`the header x-event-key says ${key}, but the body has no ${object}`)
  }
  return key
}

/** `acme/web/pull-requests/7`, `acme/web/issues/3`: as in Bitbucket's own addresses. The two are numbered apart. */
function subjectOf({ text, ids }: Reading): string | undefined {
  const repo = text('repository.full_name')
  return (
    joined('/pull-requests/', repo, ids['pull_request']) ?? joined('/issues/', repo, ids['issue']) ?? repo
  )
}

export const bitbucket = defineSender({
  kind: 'bitbucket',
  title: 'Bitbucket Cloud',
  link: 'https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id: (reading) => joined(' ', eventKey(reading), headerId(reading.delivery, 'x-request-uuid')),
    type: eventKey,
    actor: firstText('actor.uuid'),
    isPublic: ({ object }) => object('repository')?.['is_private'] === false,
    subject: subjectOf,
    time: ({ text }) =>
      text('comment.updated_on') ??
      text('pullrequest.updated_on') ??
      text('issue.updated_on') ??
      text('commit_status.updated_on'),
  },
  headers: ({ type, id }) => ({
    'user-agent': 'Bitbucket-Webhooks/2.0',
    'x-event-key': type,
    'x-request-uuid': id,
    'x-attempt-number': '1',
  }),
  samples: bitbucketSamples,
})
