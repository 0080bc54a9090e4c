import { z } from 'zod'
import { signedUrlField, webhookFields } from './engine/fields.js'
import { idRules } from './engine/ids.js'
import { signatureProof } from './engine/proof.js'
import { firstText } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import type { SignatureScheme } from './engine/signature-scheme.js'
import { compileMessage } from './engine/template.js'
import { jsonObject } from './engine/verified.js'

/*
 * Trello. https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/, read 2026-11-21.
 * Signed: `{body}{callback URL}` with HMAC-SHA1 and the app's secret; the URL exactly as it was registered.
 * No time is signed. Dedupe: `action.id`, signed. Handshake: HEAD, not signed, wants 200; it is said nothing else.
 * Sent again after 30, 60 and 120 s; 410 deletes the webhook.
 */
function scheme(url: string): SignatureScheme {
  return {
    hash: 'sha1',
    signature: { header: 'x-trello-webhook', encoding: 'base64' },
    message: compileMessage('{body}{url}'),
    url,
  }
}

const options = z.strictObject({ secret: secretField(), url: signedUrlField, ...webhookFields('1MB') })

const id = '[0-9a-f]{24}'
const rules = idRules({
  action: [id, 'action.id'],
  card: [id, 'action.data.card.id'],
  list: [id, 'action.data.list.id', 'action.data.listAfter.id'],
  board: [id, 'action.data.board.id'],
  member: [id, 'action.idMemberCreator'],
  webhook: [id, 'webhook.id'],
})

export const trello = defineSender({
  kind: 'trello',
  title: 'Trello',
  link: 'https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/',
  options,
  proof: ({ secret, url }, context) => signatureProof(scheme(url ?? context.url), secret),
  greetingMethods: ['HEAD'],
  greet: ({ method }) => (method === 'HEAD' ? { status: 200, body: '' } : undefined),
  body: jsonObject,
  ids: rules,
  event: {
    id: ({ ids }) => ids['action'],
    type: ({ text }) => text('action.type'),
    subject: ({ ids }) => ids['card'] ?? ids['list'] ?? ids['board'],
    actor: firstText('action.idMemberCreator'),
    time: ({ text }) => text('action.date'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: () => ({ 'user-agent': 'Trello Webhooks' }),
  samples: [
    {
      type: 'updateCard',
      body: {
        action: {
          id: '51f9424bcd6e040f3c002412',
          idMemberCreator: '4fc78a59a885233f4b349bd9',
          type: 'updateCard',
          date: '2026-01-01T00:00:00.000Z',
          data: {
            board: { id: '4d5ea62fd76aa1136000000c', name: 'Trello Development' },
            card: { id: '51a79e72dbb7e23c7c003778', idShort: 1458, name: 'Webhooks' },
            listBefore: { id: '4eea4ffc91e31d1746000046', name: 'Next up' },
            listAfter: { id: '4eea503d91e31d174600008f', name: 'In progress' },
          },
        },
        model: { id: '4d5ea62fd76aa1136000000c' },
        webhook: { id: '51f9424bcd6e040f3c002400' },
      },
      idPath: 'action.id',
    },
    {
      type: 'commentCard',
      body: {
        action: {
          id: '51f9424bcd6e040f3c002413',
          idMemberCreator: '4fc78a59a885233f4b349bd9',
          type: 'commentCard',
          date: '2026-01-01T00:00:00.000Z',
          data: {
            board: { id: '4d5ea62fd76aa1136000000c', name: 'Trello Development' },
            card: { id: '51a79e72dbb7e23c7c003778', idShort: 1458, name: 'Webhooks' },
            text: 'Looks good.',
          },
        },
        model: { id: '4d5ea62fd76aa1136000000c' },
      },
      idPath: 'action.id',
    },
  ],
})
