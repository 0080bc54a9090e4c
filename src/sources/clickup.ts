import { z } from 'zod'
import { webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { firstText, joined } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'

/*
 * ClickUp. https://developer.clickup.com/docs/webhooksignature, read 2026-11-21. Signed: the raw body; each webhook has
 * a secret of its own. No time is signed. Dedupe: ClickUp gives no id of a delivery; the webhook with the first history
 * item that it tells of, signed, the same when it is sent again. What is made or deleted comes without one, but only
 * once. An update of a list, a folder, a space or a goal comes without one too, and is the same, byte for byte, each
 * time: there each delivery is an event, and one that is sent again is one too many, never one too few.
 * A webhook that fails too often is suspended.
 */
const scheme: SignatureScheme = {
  hash: 'sha256',
  signature: { header: 'x-signature', encoding: 'hex' },
  message: compileMessage('{body}'),
}

const options = z.strictObject({ secret: secretField(), ...webhookFields('1MB') })

const id = '[0-9a-z]{1,20}'
const number = '[0-9]{1,20}'
const uuid = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const rules = idRules({
  webhook: [uuid, 'webhook_id'],
  task: [id, 'task_id'],
  list: [number, 'list_id'],
  folder: [number, 'folder_id'],
  space: [number, 'space_id'],
  goal: [uuid, 'goal_id'],
  key_result: [uuid, 'key_result_id'],
  history_item: [number, 'history_items[0].id'],
})

export const clickup = defineSender({
  kind: 'clickup',
  title: 'ClickUp',
  link: 'https://developer.clickup.com/docs/webhooksignature',
  options,
  proof: ({ secret }) => signatureProof(scheme, secret),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ ids, text, delivery }) =>
      joined('/', ids['webhook'], text('event'), ids['history_item']) ??
      (text('event')?.endsWith('Updated') ? delivery.id : undefined),
    isIdAuthentic: true,
    type: ({ text }) => text('event'),
    subject: ({ ids }) => ids['task'] ?? ids['list'] ?? ids['folder'] ?? ids['space'] ?? ids['goal'],
    actor: firstText('history_items[0].user.id'),
    time: ({ text }) => text('history_items[0].date'),
  },
  headers: () => ({ 'user-agent': 'Go-http-client/1.1' }),
  samples: [
    {
      type: 'taskStatusUpdated',
      body: {
        event: 'taskStatusUpdated',
        history_items: [
          {
            id: '2800787326392370170',
            type: 1,
            date: '1767225599000',
            field: 'status',
            parent_id: '162641062',
            before: { status: 'to do', type: 'open' },
            after: { status: 'in progress', type: 'custom' },
          },
        ],
        task_id: '1vj38vv',
        webhook_id: '7fa3ec74-69a8-4530-a251-8a13730bd204',
      },
      idPath: 'history_items[0].id',
    },
    {
      type: 'taskCommentPosted',
      body: {
        event: 'taskCommentPosted',
        history_items: [
          {
            id: '2800803631413624919',
            type: 1,
            date: '1767225599000',
            field: 'comment',
            parent_id: '162641285',
          },
        ],
        task_id: '1vj38vv',
        webhook_id: '7fa3ec74-69a8-4530-a251-8a13730bd204',
      },
      idPath: 'history_items[0].id',
    },
  ],
})
