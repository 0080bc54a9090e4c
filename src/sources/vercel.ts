import { z } from 'zod'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { firstText } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'
import { vercelSamples } from './samples/vercel.js'

/*
 * Vercel. https://vercel.com/docs/webhooks/webhooks-api, read 2026-11-21. Signed: the raw body, with HMAC-SHA1 in hex,
 * no prefix (a SHA-256 digest is never Vercel's). No time is signed.
 * Dedupe: `id` of the body, signed, the same when it is sent again. Any 2xx within 30 s; sent again for 24 hours.
 */
const scheme: SignatureScheme = {
  hash: 'sha1',
  signature: { header: 'x-vercel-signature', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const rules = idRules({
  deployment: ['dpl_[A-Za-z0-9]+', 'payload.deployment.id', 'payload.deploymentId'],
  project: ['prj_[A-Za-z0-9]+', 'payload.project.id', 'payload.projectId', 'payload.deployment.projectId'],
  team: ['team_[A-Za-z0-9]+', 'payload.team.id'],
  sha: ['[0-9a-f]{40}', 'payload.deployment.meta.githubCommitSha', 'payload.deployment.meta.gitlabCommitSha'],
})

export const vercel = defineSender({
  kind: 'vercel',
  title: 'Vercel',
  link: 'https://vercel.com/docs/webhooks/webhooks-api',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ text }) => text('id'),
    type: ({ text }) => text('type'),
    subject: ({ ids }) => ids['deployment'] ?? ids['project'] ?? ids['team'],
    actor: firstText('payload.user.id'),
    time: ({ text }) => text('createdAt'),
  },
  headers: () => ({ 'user-agent': 'Vercel Webhooks' }),
  samples: vercelSamples,
})
