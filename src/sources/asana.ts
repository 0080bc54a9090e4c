import { z } from 'zod'
import { type Delivery, headerValues, type Reply, type VerifiedDelivery } from '../domain/delivery.js'
import { webhookFields } from './engine/fields.js'
import {
  handedSecretFields,
  handedSecretProof,
  handedSecretsMissing,
  hasHandedSecrets,
  takeSecret,
} from './engine/handed-secrets.js'
import { requiredHeader } from './engine/headers.js'
import { idRules } from './engine/ids.js'
import { firstText, joined, type Reading } from './engine/reading.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { isObject, jsonObject, malformed, readableObject } from './engine/verified.js'
import type { SourceContext } from './source.js'

/*
 * Asana. https://developers.asana.com/docs/webhooks-guide, read 2026-11-21. Signed: the raw body, with a secret that
 * Asana hands over in X-Hook-Secret when the webhook is made: each webhook has its own. No time is signed.
 * Dedupe: Asana gives no id of an event; the object, what was done to it and to which of its values, its parent and
 * the time, signed. Two people who are added to a task at once differ in nothing but the value.
 * Must be answered within 10 s; sent again for 24 hours, then the webhook is deleted. `events` may be empty: a sign of
 * life. An event says what changed and not to what: a tool reads that.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-hook-signature', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z
  .strictObject({ ...handedSecretFields, ...webhookFields('1MB') })
  .refine(hasHandedSecrets, { error: handedSecretsMissing })
type Options = z.output<typeof options>

/** The first request of a new webhook: its secret is kept, and given back as Asana wants it. */
function register(delivery: Delivery, given: Options, context: SourceContext): Reply | undefined {
  if (headerValues(delivery.rawHeaders, 'x-hook-secret').length === 0) return undefined
  const handed = requiredHeader(delivery, 'x-hook-secret')
  takeSecret(handed, delivery, given, context)
  return { status: 200, headers: { 'x-hook-secret': handed }, body: '' }
}

/** A sign of life has no events. */
function alive(verified: VerifiedDelivery): Reply | undefined {
  const events = readableObject(verified)?.['events']
  return Array.isArray(events) && events.length === 0 ? { status: 200, body: '' } : undefined
}

const gid = '[0-9]{1,20}'
const rules = idRules({
  resource: [gid, 'resource.gid'],
  parent: [gid, 'parent.gid'],
  user: [gid, 'user.gid'],
})

/** The field, what was done to it and the object that it got or lost, as far as the event says. */
function changeOf(text: Reading['text']): string {
  const value =
    text('change.new_value.gid') ?? text('change.added_value.gid') ?? text('change.removed_value.gid')
  return [text('change.field'), text('change.action'), value].map((part) => part ?? '-').join(':')
}

export const asana = defineSender({
  kind: 'asana',
  title: 'Asana',
  link: 'https://developers.asana.com/docs/webhooks-guide',
  options,
  proof: (given, context) => handedSecretProof(scheme, given, context),
  greet: register,
  handshake: alive,
  body: jsonObject,
  items(body) {
    const events = isObject(body) ? body['events'] : undefined
    if (!Array.isArray(events)) throw malformed('the body has no list of events')
    return events
  },
  ids: rules,
  event: {
    id: ({ ids, text }) =>
      joined('/', ids['resource'], text('action'), changeOf(text), ids['parent'] ?? '-', text('created_at')),
    type: ({ text }) => joined('.', text('resource.resource_type'), text('action')),
    subject: ({ ids, text }) =>
      (text('resource.resource_type') === 'story' ? ids['parent'] : undefined) ?? ids['resource'],
    actor: firstText('user.gid'),
    time: ({ text }) => text('created_at'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({ 'user-agent': 'Asana' }),
  samples: [
    {
      type: 'task.changed',
      body: {
        events: [
          {
            user: { gid: '12345', resource_type: 'user' },
            created_at: '2026-01-01T00:00:00.000Z',
            action: 'changed',
            resource: { gid: '1337', resource_type: 'task', resource_subtype: 'default_task' },
            parent: null,
            change: { field: 'completed', action: 'changed' },
          },
        ],
      },
    },
  ],
})
