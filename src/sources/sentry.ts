import { z } from 'zod'
import { webhookFields } from './engine/fields.js'
import { headerId } from './engine/headers.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import type { Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject, malformed } from './engine/verified.js'
import { sentrySamples } from './samples/sentry.js'

/*
 * Sentry, integration platform (internal and public integrations).
 * https://docs.sentry.io/organization/integrations/integration-platform/webhooks, read 2026-11-21.
 * Signed: the raw body, with the integration's client secret. Request-ID, Sentry-Hook-Resource and
 * Sentry-Hook-Timestamp are not signed: the body must have the object that the resource names.
 * Dedupe: Request-ID, not signed; a replay under another id is caught by the body's digest.
 * Must be answered within 1 s; 1000 timeouts in 24 hours end the subscription. That Sentry does not try again is
 * believed but not written on its page.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'sentry-hook-signature', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const number = '[1-9][0-9]{0,19}'
const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const rules = idRules({
  issue: [number, 'data.issue.id', 'data.event.issue_id', 'data.error.issue_id', 'data.issue_id'],
  event: ['[0-9a-f]{32}', 'data.event.event_id', 'data.error.event_id'],
  project: [number, 'data.issue.project.id', 'data.event.project', 'data.error.project'],
  metric_alert: [number, 'data.metric_alert.id'],
  alert_rule: [number, 'data.metric_alert.alert_rule.id'],
  comment: [number, 'data.comment_id'],
  installation: [uuid, 'installation.uuid', 'data.installation.uuid'],
})

/** What the body has for each resource. */
const places: Readonly<Record<string, string>> = {
  issue: 'data.issue.id',
  error: 'data.error.event_id',
  event_alert: 'data.event.event_id',
  metric_alert: 'data.metric_alert.id',
  comment: 'data.comment_id',
  installation: 'data.installation.uuid',
}
const wordPattern = /^[a-z][a-z0-9_]{0,63}$/

function typeOf({ header, text }: Reading): string {
  const resource = header('sentry-hook-resource')
  if (resource === undefined || !wordPattern.test(resource)) {
    throw malformed('the header sentry-hook-resource does not name a resource')
  }
  const place = Object.hasOwn(places, resource) ? places[resource] : undefined
  if (place !== undefined && text(place) === undefined) {
    throw malformed(`the header sentry-hook-resource says ${resource}, but the body has no ${place}`)
  }
  const action = text('action')
  return action !== undefined && wordPattern.test(action) ? `${resource}.${action}` : resource
}

/** An alert on an issue is about the issue, so that it and what becomes of it are one subject. */
function subjectOf({ ids }: Reading): string | undefined {
  const { issue, metric_alert, installation } = ids
  if (issue !== undefined) return `issue/${issue}`
  return metric_alert === undefined ? installation : `metric_alert/${metric_alert}`
}

const times = [
  'data.event.datetime',
  'data.error.datetime',
  'data.timestamp',
  'data.metric_alert.date_detected',
  'data.issue.lastSeen',
]

export const sentry = defineSender({
  kind: 'sentry',
  title: 'Sentry',
  link: 'https://docs.sentry.io/organization/integrations/integration-platform/webhooks',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ delivery }) => headerId(delivery, 'request-id'),
    type: typeOf,
    subject: subjectOf,
    // Sentry itself names itself; what it finds is nobody's doing.
    actor: ({ text }) => (text('actor.id') === 'sentry' ? undefined : text('actor.id')),
    time: ({ text }) => times.map(text).find((time) => time !== undefined),
  },
  headers: ({ type, id }) => ({
    'request-id': id,
    'sentry-hook-resource': type.split('.')[0] ?? '',
    'user-agent': 'sentry-webhook',
  }),
  samples: sentrySamples,
})
