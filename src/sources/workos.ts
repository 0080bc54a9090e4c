import { z } from 'zod'
import { durationField, webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject, malformed } from './engine/verified.js'
import { workosSamples } from './samples/workos.js'

/*
 * WorkOS. https://workos.com/docs/events/data-syncing/webhooks, read 2026-11-21.
 * Signed: `{t}.{body}`, t in milliseconds; a space stands behind the comma of the header. Three minutes are the
 * tolerance of its library.
 * Dedupe: `id` (event_…), signed, the same on each attempt.
 * Must be answered 200; tried again six times over three days (not on the page that was read).
 */
function scheme(toleranceMs: number): SignatureScheme {
  return {
    hash: 'sha256',
    signature: {
      header: 'workos-signature',
      listSeparator: ',',
      pairs: { separator: '=', select: ['v1'] },
      encoding: 'hex',
    },
    message: compileMessage('{timestamp}.{body}'),
    timestamp: { pair: 't', unit: 'ms', tolerance: { pastMs: toleranceMs, futureMs: toleranceMs } },
  }
}

const options = z.strictObject({
  secret: secretField(),
  tolerance: durationField(1000, 86_400_000, 'from 1s to 1d').prefault('3m').transform(scheme),
  ...webhookFields('1MB'),
})

const ulid = '[0-9A-Z]{26}'
const rules = idRules({
  event: [`event_${ulid}`, 'id'],
  organization: [`org_${ulid}`, 'data.organization_id', 'data.id'],
  user: [`user_${ulid}`, 'data.user_id', 'data.id'],
  directory: [`directory_${ulid}`, 'data.directory_id', 'data.id'],
  directory_user: [`directory_user_${ulid}`, 'data.user.id', 'data.id'],
  directory_group: [`directory_group_${ulid}`, 'data.group.id', 'data.id'],
  connection: [`conn_${ulid}`, 'data.connection_id', 'data.id'],
  session: [`session_${ulid}`, 'data.session_id', 'data.id'],
  membership: [`om_${ulid}`, 'data.id'],
  invitation: [`invitation_${ulid}`, 'data.id'],
})

export const workos = defineSender({
  kind: 'workos',
  title: 'WorkOS',
  link: 'https://workos.com/docs/events/data-syncing/webhooks',
  options,
  proof: ({ secret, tolerance }) => signatureProof(tolerance, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id({ text }) {
      const id = text('id')
      if (id === undefined) throw malformed('the event has no id')
      return id
    },
    type: ({ text }) => text('event'),
    // Who joins or leaves a group is about the person.
    subject: ({ text }) => text('data.user.id') ?? text('data.id') ?? text('data.user_id'),
    time: ({ text }) => text('created_at'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({ 'user-agent': 'WorkOS' }),
  samples: workosSamples,
})
