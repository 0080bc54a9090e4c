import { z } from 'zod'
import type { EventDraft, Ids } from '../domain/event.js'
import type { JsonObject } from '../util/json.js'
import { compilePath, type Path, scalarText, valueAt } from '../util/path.js'
import { toleranceField, webhookFields } from './fields.js'
import { headerId } from './headers.js'
import { type IdRule, readIds, ruleNames } from './ids.js'
import { type HmacScheme, signHmac, verifyHmac } from './scheme-hmac.js'
import { secretField } from './secret.js'
import { defineWebhookKind } from './source.js'
import { compileMessage } from './template.js'
import { parseAnyTime } from './time.js'
import { jsonObject, verifiedDelivery } from './verified.js'
import { zendeskSamples } from './zendesk-samples.js'

/*
 * Zendesk: event webhooks (`zen:event-type:…`), and the free bodies of triggers and automations.
 * https://developer.zendesk.com/documentation/webhooks/verifying, read 2026-11-21.
 * Signed: `{timestamp}{body}` with nothing between, the time in ISO 8601.
 * Dedupe: event webhooks have `id` in the body, signed. Triggers have X-Zendesk-Webhook-Invocation-Id, not
 * signed, the same over the attempts of one invocation.
 */
function scheme(toleranceMs: number): HmacScheme {
  return {
    hash: 'sha256',
    signature: {
      header: 'x-zendesk-webhook-signature',
      listSeparator: undefined,
      pairs: undefined,
      prefix: '',
      encoding: 'base64',
    },
    message: compileMessage('{timestamp}{body}'),
    timestamp: {
      header: 'x-zendesk-webhook-signature-timestamp',
      unit: 'iso',
      tolerance: { pastMs: toleranceMs, futureMs: toleranceMs },
    },
    idHeader: undefined,
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
function idsOf(data: JsonObject, type: string | undefined, declared: readonly IdRule[]): Ids {
  const found: Record<string, string> = {}
  const about = type?.startsWith(eventPrefix) ? type.slice(eventPrefix.length).split('.')[0] : undefined
  for (const name of names) {
    const paths = about === name ? [detailId, ...places[name]] : places[name]
    const values = new Set(
      paths.map((path) => scalarText(valueAt(data, path))).filter((text) => text !== undefined),
    )
    const [value] = values
    if (values.size === 1 && value !== undefined && /^[1-9][0-9]{0,19}$/.test(value)) found[name] = value
  }
  return { ...found, ...readIds(declared, data) }
}

export const zendesk = defineWebhookKind({
  kind: 'zendesk',
  title: 'Zendesk',
  link: 'https://developer.zendesk.com/documentation/webhooks/verifying',
  options,
  idNames: ({ ids }) => [...new Set([...names, ...ruleNames(ids)])],
  maxBodyBytes: ({ max_body }) => max_body,
  verify(delivery, { secret, tolerance }, now) {
    return verifiedDelivery(delivery, verifyHmac(tolerance, secret, delivery, now).secretIndex)
  },
  events(verified, { ids: declared }): EventDraft[] {
    const { delivery } = verified
    const data = jsonObject(verified)
    const type = scalarText(data['type'])
    const isEvent = type?.startsWith(eventPrefix) === true
    const ids = idsOf(data, type, declared)
    const bodyId = isEvent ? scalarText(data['id']) : undefined
    const time = isEvent ? parseAnyTime(scalarText(data['time']) ?? '') : undefined
    const subject = isEvent ? scalarText(data['subject']) : undefined
    return [
      {
        sourceEventId: bodyId ?? headerId(delivery, 'x-zendesk-webhook-invocation-id'),
        type: type === undefined || type === '' || type.length > 200 ? 'trigger' : type,
        subject: ids['ticket'] === undefined ? subject : `zen:ticket:${ids['ticket']}`,
        time: time ?? delivery.receivedAt,
        ids,
      },
    ]
  },
  sign({ body, id, secretIndex = 0 }, { secret, tolerance }, now) {
    const key = secret[secretIndex]
    if (!key) return {}
    return {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Zendesk Webhook',
      'x-zendesk-account-id': '22129848',
      'x-zendesk-webhook-id': '01GTYHF5XXKZ4ZS4RE3MXZG7EE',
      'x-zendesk-webhook-invocation-id': id,
      ...signHmac(tolerance, key, { body, id }, now),
    }
  },
  samples: zendeskSamples,
})
