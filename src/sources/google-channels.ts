import { z } from 'zod'
import type { Reply, VerifiedDelivery } from '../domain/delivery.js'
import type { JsonObject } from '../util/json.js'
import { webhookFields } from './engine/fields.js'
import { headerId, plainHeader } from './engine/headers.js'
import { idRules } from './engine/ids.js'
import { tokenProof } from './engine/proof.js'
import { joined } from './engine/reading.js'
import { secretField } from './engine/secret.js'
import { defineSender } from './engine/sender.js'
import { malformed } from './engine/verified.js'

/*
 * Google Drive, Calendar and other APIs with notification channels (`watch`).
 * https://developers.google.com/workspace/drive/api/guides/push, read 2026-11-21.
 * Nothing is signed: X-Goog-Channel-Token, which was given when the channel was made, alone speaks. The body is empty, so
 * the event is what the headers say; what changed has to be fetched.
 * Dedupe: channel and X-Goog-Message-Number, which grows with each message of the channel.
 * The first message of a channel has the state `sync` and is about nothing.
 * 200, 201, 202, 204 and 102 are success; 500, 502, 503 and 504 are tried again. Channels expire and have to be made anew.
 */
const options = z.strictObject({ secret: secretField({ isToken: true }), ...webhookFields('64KB') })

const rules = idRules({
  channel: ['[A-Za-z0-9_-]{1,64}', 'channel_id'],
  resource: ['[A-Za-z0-9_-]{10,100}', 'resource_id'],
  file: ['[A-Za-z0-9_-]{20,80}', 'file_id'],
})

const stateHeader = 'x-goog-resource-state'

function contentOf({ delivery }: VerifiedDelivery): JsonObject {
  const header = (name: string) => plainHeader(delivery, `x-goog-${name}`) ?? null
  const uri = header('resource-uri')
  return {
    channel_id: header('channel-id'),
    channel_expiration: header('channel-expiration'),
    message_number: header('message-number'),
    resource_id: header('resource-id'),
    resource_state: header('resource-state'),
    resource_uri: uri,
    file_id: /\/drive\/v[23]\/files\/([A-Za-z0-9_-]+)(\?|$)/.exec(uri ?? '')?.[1] ?? null,
    changed: header('changed'),
  }
}

/** The first message says that the channel is there. */
function answerSync({ delivery }: VerifiedDelivery): Reply | undefined {
  return plainHeader(delivery, stateHeader) === 'sync' ? { status: 200, body: '' } : undefined
}

export const googleChannels = defineSender({
  kind: 'google-channels',
  title: 'Google Drive and Calendar channels',
  link: 'https://developers.google.com/workspace/drive/api/guides/push',
  options,
  proof: ({ secret }) => tokenProof({ header: 'x-goog-channel-token' }, secret),
  handshake: answerSync,
  body: contentOf,
  ids: rules,
  event: {
    id({ delivery }) {
      const channel = headerId(delivery, 'x-goog-channel-id')
      const number = headerId(delivery, 'x-goog-message-number')
      // Every body is the same empty one, so without these nothing tells one change from the next.
      const id = joined('/', channel, number)
      if (id === undefined) throw malformed('the headers do not name channel and message')
      return id
    },
    isIdAuthentic: true,
    type({ text }) {
      const state = text('resource_state')
      if (state === undefined || !/^[a-z_]{1,40}$/.test(state)) {
        throw malformed(`the header ${stateHeader} does not say what happened`)
      }
      return state
    },
    subject: ({ text }) => text('resource_id') ?? text('channel_id'),
  },
  reply: () => ({ status: 200, body: '' }),
  headers: ({ type, id }) => ({
    'x-goog-channel-id': '4ba78bf0-6a47-11e2-bcfd-0800200c9a66',
    'x-goog-message-number': id,
    'x-goog-resource-id': 'ret08u3rv24htgh289g',
    [stateHeader]: type,
    'x-goog-resource-uri':
      'https://www.googleapis.com/drive/v3/files/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs?alt=json',
    'user-agent': 'APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)',
  }),
  samples: ['update', 'change', 'exists'].map((type) => ({ type, body: '' })),
})
