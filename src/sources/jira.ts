import { z } from 'zod'
import { webhookFields } from './engine/fields.js'
import { jiraEvent, jiraRules, jiraSamples } from './engine/jira-events.js'
import { signatureProof } from './engine/proof.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'

/*
 * Jira and Confluence Cloud, webhooks that an administrator makes with a secret.
 * https://developer.atlassian.com/cloud/jira/platform/webhooks/, read 2026-11-21. Signed: the raw body. No time is
 * signed. Dedupe: X-Atlassian-Webhook-Identifier, the same over all retries, not signed. Webhooks that an app registers
 * are signed in another way: kind `jira-connect`.
 * Sent again up to five times, 5 to 15 minutes apart, after 408, 409, 425, 429, 5xx and time-outs.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-hub-signature', prefix: 'sha256=', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('5MB') })

export const jira = defineSender({
  kind: 'jira',
  title: 'Jira and Confluence',
  link: 'https://developer.atlassian.com/cloud/jira/platform/webhooks/',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  body: jsonObject,
  ids: jiraRules,
  event: jiraEvent,
  headers: ({ id }) => ({
    'user-agent': 'Atlassian Webhook HTTP Client',
    'x-atlassian-webhook-identifier': id,
  }),
  samples: jiraSamples,
})
