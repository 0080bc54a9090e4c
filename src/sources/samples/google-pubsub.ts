import type { JsonObject, JsonValue } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that Google documents for push deliveries; values are our own. */

function push(type: string, data: JsonValue, attributes: JsonObject): Sample {
  const messageId = '2070443601311540'
  return {
    type,
    idPath: 'message.messageId',
    body: {
      message: {
        attributes,
        data: Buffer.from(JSON.stringify(data)).toString('base64'),
        messageId,
        publishTime: '2026-01-01T00:00:00.000Z',
      },
      subscription: 'projects/acme-prod/subscriptions/rouse',
    },
  }
}

export const googlePubsubSamples: readonly Sample[] = [
  push('message', { emailAddress: 'kim@example.com', historyId: 9_876_543_210 }, {}),
  push(
    'OBJECT_FINALIZE',
    { kind: 'storage#object', bucket: 'acme-invoices', name: 'january.pdf', size: '1024' },
    { eventType: 'OBJECT_FINALIZE', bucketId: 'acme-invoices', objectId: 'january.pdf' },
  ),
]
