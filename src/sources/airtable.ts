import { z } from 'zod'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { joined } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'

/*
 * Airtable. https://airtable.com/developers/web/api/webhooks-overview, read 2026-11-21. Signed: the raw body; the key
 * is `macSecretBase64`, decoded. No time is signed. A notification says only that something changed: what, a tool (or a
 * poll) reads from the list of payloads. Dedupe: base, webhook and time of the notification, signed.
 * A webhook made with a personal token ends after seven days unless it is refreshed.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-airtable-content-mac', prefix: 'hmac-sha256=', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField({ encoding: 'base64' }), ...webhookFields('1MB') })

const rules = idRules({
  base: ['app[A-Za-z0-9]{14}', 'base.id'],
  webhook: ['ach[A-Za-z0-9]{14}', 'webhook.id'],
})

export const airtable = defineSender({
  kind: 'airtable',
  title: 'Airtable',
  link: 'https://airtable.com/developers/web/api/webhooks-overview',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ text }) => joined('/', text('base.id'), text('webhook.id'), text('timestamp')),
    type: () => 'changed',
    subject: ({ ids }) => ids['base'],
    time: ({ text }) => text('timestamp'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({ 'user-agent': 'Airtable' }),
  samples: [
    {
      type: 'changed',
      body: {
        base: { id: 'app00000000000000' },
        webhook: { id: 'ach00000000000000' },
        timestamp: '2026-01-01T00:00:00.000Z',
      },
    },
  ],
})
