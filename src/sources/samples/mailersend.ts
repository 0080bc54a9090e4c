import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that MailerSend documents for its webhooks; values are our own. */

function activity(type: string, status: string, morph: JsonObject | null): Sample {
  return {
    type: `activity.${type}`,
    idPath: 'data.id',
    body: {
      type: `activity.${type}`,
      domain_id: 'yv69oxl5kl785kw2',
      created_at: '2026-01-01T00:00:01.520507Z',
      webhook_id: '2351ndgwr4zqx8ko',
      url: 'https://hooks.example.com/hooks/mail',
      data: {
        object: 'activity',
        id: '63fd1c1d3109075054008500',
        type,
        created_at: '2026-01-01T00:00:00.506000Z',
        email: {
          object: 'email',
          id: '63fd1c1de225707fa905f0a8',
          created_at: '2025-12-31T23:59:59.141000Z',
          from: 'shop@example.com',
          subject: 'Your order',
          status,
          tags: ['order'],
          message: {
            object: 'message',
            id: '63fd1c1d5f010335ed07066b',
            created_at: '2025-12-31T23:59:59.061000Z',
          },
          recipient: {
            object: 'recipient',
            id: '63f3bc1358aae0e6b2082a27',
            email: 'ada@example.com',
            created_at: '2025-02-20T18:31:47.440000Z',
          },
        },
        morph,
        template_id: '0r83ql3x7v3lzw1j',
      },
    },
  }
}

export const mailersendSamples: readonly Sample[] = [
  activity('hard_bounced', 'rejected', {
    object: 'recipient_bounce',
    reason: 'Host or domain name not found',
    readable_reason: 'The domain does not exist.',
  }),
  activity('delivered', 'delivered', null),
  activity('spam_complaint', 'delivered', { object: 'spam_complaint', reason: null }),
]
