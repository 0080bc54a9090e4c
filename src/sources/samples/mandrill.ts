import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Lists of one event with the keys that Mandrill documents; values are our own. */

function event(type: string, content: JsonObject): Sample {
  const id = 'abcdef01234567890123456789012345'
  return {
    type,
    idPath: '[0]._id',
    body: [
      {
        event: type,
        _id: id,
        ts: 1_767_225_600,
        msg: {
          _id: id,
          ts: 1_767_225_590,
          subject: 'Your order',
          email: 'ada@example.com',
          sender: 'shop@example.com',
          state: 'sent',
          tags: ['order'],
          metadata: {},
          ...content,
        },
      },
    ],
  }
}

export const mandrillSamples: readonly Sample[] = [
  event('hard_bounce', {
    state: 'bounced',
    bounce_description: 'bad_mailbox',
    diag: 'smtp;550 5.1.1 no such user',
  }),
  event('send', {}),
  event('spam', { state: 'spam' }),
]
