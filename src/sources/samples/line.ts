import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that LINE documents for its webhook events; values are our own. */

function event(type: string, content: JsonObject): Sample {
  return {
    type,
    idPath: 'events[0].webhookEventId',
    body: {
      destination: 'U4af4980629aabbccddeeff0011223344',
      events: [
        {
          type,
          webhookEventId: '01FZ74A0TD0123456789012345',
          deliveryContext: { isRedelivery: false },
          timestamp: 1_767_225_600_000,
          source: { type: 'user', userId: 'U4af4980629aabbccddeeff0011223344' },
          mode: 'active',
          ...content,
        },
      ],
    },
  }
}

export const lineSamples: readonly Sample[] = [
  event('message', {
    replyToken: 'nHuyWiB7yP5Zw52FIkcQobQuGDXCTA',
    message: {
      type: 'text',
      id: '444573844083572737',
      quoteToken: 'q3Plxr4AgKd0',
      text: 'Is my order on its way?',
    },
  }),
  event('follow', { replyToken: '85cbe770fa8b4f45bbe077b1d4be4a36', follow: { isUnblocked: false } }),
  event('postback', {
    replyToken: 'b60d432864f44d079f6d8efe86cf404b',
    postback: { data: 'action=buy&item=4' },
  }),
]
