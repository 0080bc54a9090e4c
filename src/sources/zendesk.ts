import { z } from 'zod'
import type { Ids } from '../domain/event.js'
import { compilePath, type Path, scalarText, valueAt } from '../util/path.js'
import { toleranceField, webhookFields } from './engine/fields.js'
import { headerId } from './engine/headers.js'
import { signatureProof } from './engine/proof.js'
import { firstText, type Reading } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'
import { zendeskSamples } from './samples/zendesk.js'

/*
 * Zendesk: event webhooks (`zen:event-type:…`), and the free bodies of triggers and automations.
 * https://developer.zendesk.com/documentation/webhooks/verifying, read 2026-11-21.
 * Signed: `{timestamp}{body}` with nothing between, the time in ISO 8601.
 * Dedupe: event webhooks have `id` in the body, signed. Triggers have X-Zendesk-Webhook-Invocation-Id, not
 * signed, the same over the attempts of one invocation.
 */
function scheme(toleranceMs: number): SignatureScheme {
  return {
    hash: 'sha256',
    signature: {
      header: 'x-zendesk-webhook-signature',
      encoding: 'base64',
    },
    message: compileMessage('{timestamp}{body}'),
    timestamp: {
      header: 'x-zendesk-webhook-signature-timestamp',
      unit: 'iso',
      tolerance: { pastMs: toleranceMs, futureMs: toleranceMs },
    },
  }
}

const options = z.strictObject({
  secret: secretField(),
  tolerance: toleranceField.transform(scheme),
  ...webhookFields('1MB'),
})

const eventPrefix = 'zen:event-type:'
const names = ['ticket', 'requester', 'user', 'organization'] as const

/** Where each id may stand. `detail` is the object that an event is about; the rest is common in triggers. */
const places: Readonly<Record<(typeof names)[number], readonly Path[]>> = {
  ticket: ['ticket.id', 'ticket_id'].map(compilePath),
  requester: ['detail.requester_id', 'ticket.requester.id', 'ticket.requester_id', 'requester_id'].map(
    compilePath,
  ),
  user: ['user.id', 'user_id'].map(compilePath),
  organization: [
    'detail.organization_id',
    'ticket.organization.id',
    'ticket.organization_id',
    'organization_id',
  ].map(compilePath),
}
const detailId = compilePath('detail.id')

/**
 * An id that stands in two places must be the same in both, or it is none: a trigger's body is a template
 * that people fill, and words of a ticket that break out of it can add a key, but cannot change one.
 */
function refineIds({ data, text, ids }: Reading): Ids {
  const found: Record<string, string> = {}
  const type = text('type')
  const about = type?.startsWith(eventPrefix) ? type.slice(eventPrefix.length).split('.')[0] : undefined
  for (const name of names) {
    const paths = about === name ? [detailId, ...places[name]] : places[name]
    const values = new Set(
      paths.map((path) => scalarText(valueAt(data, path))).filter((value) => value !== undefined),
    )
    const [value] = values
    if (values.size === 1 && value !== undefined && /^[1-9][0-9]{0,19}$/.test(value)) found[name] = value
  }
  return { ...found, ...ids }
}

/** What Zendesk sends by itself, not a trigger's words: its own attributes are there. */
function isEvent({ text }: Reading): boolean {
  return text('type')?.startsWith(eventPrefix) === true
}

export const zendesk = defineSender({
  kind: 'zendesk',
  title: 'Zendesk',
  link: 'https://developer.zendesk.com/documentation/webhooks/verifying',
  options,
  proof: ({ secret, tolerance }) => signatureProof(tolerance, secret),
  body: jsonObject,
  ids: [],
  refineIds,
  moreIdNames: names,
  event: {
    id: (reading) =>
      (isEvent(reading) ? reading.text('id') : undefined) ??
      headerId(reading.delivery, 'x-zendesk-webhook-invocation-id'),
    type: ({ text }) => {
      const type = text('type')
      return type === undefined || type.length > 200 ? 'trigger' : type
    },
    subject: (reading) => {
      const ticket = reading.ids['ticket']
      if (ticket !== undefined) return `zen:ticket:${ticket}`
      return isEvent(reading) ? reading.text('subject') : undefined
    },
    actor: firstText('detail.actor_id', 'event.comment.author.id'),
    time: (reading) => (isEvent(reading) ? reading.text('time') : undefined),
  },
  headers: ({ id }) => ({
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'Zendesk Webhook',
    'x-zendesk-account-id': '22129848',
    'x-zendesk-webhook-id': '01GTYHF5XXKZ4ZS4RE3MXZG7EE',
    'x-zendesk-webhook-invocation-id': id,
  }),
  samples: zendeskSamples,
})
