import { z } from 'zod'
import type { JsonValue } from '../util/json.js'
import { echoText } from './engine/echo.js'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { queryValue } from './engine/query.js'
import { joined } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { isObject, jsonObject } from './engine/verified.js'

/*
 * Dropbox. https://www.dropbox.com/developers/reference/webhooks, read 2026-11-21. Signed: the raw body, with the app
 * secret. No time is signed. Handshake: GET ?challenge=…, not signed, echoed as text. A notification says only whose
 * files changed, of one account or several: an event each. What changed, a tool reads with its cursor. There is no id:
 * the same accounts may have changed again with the very same bytes, so each delivery is new, and one that is sent again
 * is one too many, never one too few.
 * Must be answered within 10 s; sent again for about ten minutes.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-dropbox-signature', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const rules = idRules({ account: ['dbid:[A-Za-z0-9_-]{10,60}', 'list_folder.accounts[0]'] })

/** The notification of each account, as if it had come alone. */
function accountsOf(body: JsonValue): readonly JsonValue[] | undefined {
  const list = isObject(body) ? body['list_folder'] : undefined
  const accounts = isObject(list) ? list['accounts'] : undefined
  if (!Array.isArray(accounts) || accounts.length === 0) return undefined
  return accounts.map((account) => ({ list_folder: { accounts: [account] } }))
}

export const dropbox = defineSender({
  kind: 'dropbox',
  title: 'Dropbox',
  link: 'https://www.dropbox.com/developers/reference/webhooks',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  greetingMethods: ['GET'],
  greet: (delivery) =>
    delivery.method === 'GET' ? echoText(queryValue(delivery.url, 'challenge')) : undefined,
  body: jsonObject,
  items: accountsOf,
  ids: rules,
  event: {
    id: ({ delivery, ids }) => joined('/', delivery.id, ids['account']) ?? delivery.id,
    isIdAuthentic: true,
    type: () => 'files.changed',
    subject: ({ ids }) => ids['account'],
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({ 'user-agent': 'DropboxWebhooks/1.0' }),
  samples: [
    {
      type: 'files.changed',
      body: {
        list_folder: { accounts: ['dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc'] },
        delta: { users: [12345678] },
      },
    },
  ],
})
