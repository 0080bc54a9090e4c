import { z } from 'zod'
import type { Reply, VerifiedDelivery } from '../domain/delivery.js'
import { webhookFields } from './engine/fields.js'
import { headerId } from './engine/headers.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { firstText, joined, type Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'
import { bitbucketServerSamples } from './samples/bitbucket-server.js'

/*
 * Bitbucket Data Center. https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html and
 * manage-webhooks, read 2026-11-21. Signed: the raw body, SHA-256 in X-Hub-Signature. No time is signed.
 * Dedupe: X-Request-Id, of the request and not signed; a replay under another id is caught by the body's digest.
 * The type is `eventKey` of the body, signed, and so needs no header.
 * "Test connection" sends `diagnostics:ping` with `{"test": true}`: it is answered, and is no event. It is signed only
 * where the secret was saved before.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-hub-signature', prefix: 'sha256=', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('5MB') })

const number = '[1-9][0-9]{0,19}'
const target = 'pullRequest.toRef.repository'
const rules = idRules({
  project: ['~?[A-Za-z0-9][A-Za-z0-9_.-]*', 'repository.project.key', `${target}.project.key`],
  repo: ['[a-z0-9][a-z0-9._-]*', 'repository.slug', `${target}.slug`],
  repository: [number, 'repository.id', `${target}.id`],
  pull_request: [number, 'pullRequest.id'],
  comment: [number, 'comment.id'],
  sha: ['[0-9a-f]{40}', 'pullRequest.fromRef.latestCommit', 'changes[0].toHash', 'commit'],
})

function subjectOf({ ids }: Reading): string | undefined {
  const repo = joined('/', ids['project'], ids['repo'])
  return joined('/pull-requests/', repo, ids['pull_request']) ?? repo
}

const pingPattern = /^\s*\{\s*"test"\s*:\s*true\s*\}\s*$/

function answerPing({ delivery }: VerifiedDelivery): Reply | undefined {
  const isPing = delivery.body.length < 100 && pingPattern.test(Buffer.from(delivery.body).toString('latin1'))
  return isPing ? { status: 200, body: '' } : undefined
}

export const bitbucketServer = defineSender({
  kind: 'bitbucket-server',
  title: 'Bitbucket Data Center',
  link: 'https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  handshake: answerPing,
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ delivery }) => headerId(delivery, 'x-request-id'),
    type: ({ text }) => text('eventKey'),
    actor: firstText('actor.name'),
    subject: subjectOf,
    time: ({ text }) => text('date'),
  },
  headers: ({ type, id }) => ({
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'Atlassian HttpClient unknown / Bitbucket-9.4.0',
    'x-event-key': type,
    'x-request-id': id,
  }),
  samples: bitbucketServerSamples,
})
