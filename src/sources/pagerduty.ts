import { z } from 'zod'
import type { Ids } from '../domain/event.js'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import type { Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject, malformed } from './engine/verified.js'
import { pagerdutySamples } from './samples/pagerduty.js'

/*
 * PagerDuty, v3 webhook subscriptions. https://developer.pagerduty.com/docs/webhooks/webhook-signatures, read 2026-11-21.
 * Signed: the raw body; no time. While a secret is rotated there are several `v1=`, of which any may match.
 * Dedupe: `event.id`, signed, the same on each attempt.
 * Answer 2xx within 5 s (16 s for custom actions). 5xx, 429 and timeouts are tried again for 48 hours, and what is
 * queued behind waits, in order per incident. Any other 4xx drops the webhook at once, and three drops in a row disable
 * the subscription for a day: what is busy here answers 503, never a 4xx.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: {
    header: 'x-pagerduty-signature',
    listSeparator: ',',
    pairs: { separator: '=', select: ['v1'] },
    encoding: 'hex',
  },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const id = '[A-Z0-9]{7,32}'
const rules = idRules({
  event: ['[0-9A-Z]{26}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'event.id'],
  escalation_policy: [id, 'event.data.escalation_policy.id'],
  priority: [id, 'event.data.priority.id'],
  assignee: [id, 'event.data.assignees[0].id'],
  agent: [id, 'event.agent.id'],
})

/** What `event.data` is, by its `type`, and where else the same is named. */
const objects: Readonly<Record<string, readonly [type: string, reference: string]>> = {
  incident: ['incident', 'event.data.incident.id'],
  service: ['service', 'event.data.service.id'],
  note: ['incident_note', 'event.data.incident_note.id'],
}

/** `event.data` is an incident, something of one, or a service: the same path is another id each time. */
function refineIds({ text, ids }: Reading): Ids {
  const found: Record<string, string> = { ...ids }
  for (const [name, [type, reference]] of Object.entries(objects)) {
    const value = text(text('event.data.type') === type ? 'event.data.id' : reference)
    if (value !== undefined && /^[A-Z0-9]{7,32}$/.test(value)) found[name] ??= value
  }
  return found
}

export const pagerduty = defineSender({
  kind: 'pagerduty',
  title: 'PagerDuty',
  link: 'https://developer.pagerduty.com/docs/webhooks/webhook-signatures',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  body: jsonObject,
  ids: rules,
  refineIds,
  moreIdNames: Object.keys(objects),
  event: {
    id({ text }) {
      const found = text('event.id')
      if (found === undefined) throw malformed('the body has no event.id')
      return found
    },
    type: ({ text }) => text('event.event_type'),
    subject: ({ ids, text }) => ids['incident'] ?? text('event.data.id'),
    // A service or an integration is nobody who does something.
    actor: ({ text }) => (text('event.agent.type') === 'user_reference' ? text('event.agent.id') : undefined),
    time: ({ text }) => text('event.occurred_at'),
  },
  headers: ({ id: webhook }) => ({ 'user-agent': 'PagerDuty-Webhook/V3.0', 'x-webhook-id': webhook }),
  samples: pagerdutySamples,
})
