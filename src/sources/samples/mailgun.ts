import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that Mailgun documents; values are our own. The signature is added when it is sent. */

function event(type: string, content: JsonObject): Sample {
  return {
    type,
    idPath: 'event-data.id',
    body: {
      'event-data': {
        event: type.split('.')[0] ?? type,
        timestamp: 1_767_225_600.153125,
        id: 'CPgfbmQMTCKtHW6uIWtuVe',
        'log-level': 'info',
        recipient: 'ada@example.com',
        'recipient-domain': 'example.com',
        message: {
          headers: {
            to: 'ada@example.com',
            from: 'shop@mg.example.com',
            subject: 'Your order',
            'message-id': '20260101000000.1.DF5966851B4BAA99@mg.example.com',
          },
          size: 809,
        },
        flags: { 'is-test-mode': false },
        tags: ['order'],
        'user-variables': {},
        ...content,
      },
    },
  }
}

export const mailgunSamples: readonly Sample[] = [
  event('failed.permanent', {
    severity: 'permanent',
    reason: 'bounce',
    'delivery-status': { code: 550, message: '5.1.1 no such user', 'attempt-no': 1 },
  }),
  event('delivered', { 'delivery-status': { code: 250, message: 'OK', tls: true } }),
  event('complained', {}),
]
