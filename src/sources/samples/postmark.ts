import type { Sample } from '../source.js'

/** Small bodies with the keys that Postmark documents for its webhooks; values are our own. */

export const postmarkSamples: readonly Sample[] = [
  {
    type: 'Bounce',
    idPath: 'ID',
    body: {
      RecordType: 'Bounce',
      MessageStream: 'outbound',
      ID: 901_542_550,
      Type: 'HardBounce',
      TypeCode: 1,
      Name: 'Hard bounce',
      MessageID: '2706ee8a-737c-4285-b032-ccd317af53ed',
      ServerID: 23,
      Description: 'The server was unable to deliver your message (ex: unknown user, mailbox not found).',
      Details: 'smtp;550 5.1.1 no such user',
      Email: 'ada@example.com',
      From: 'shop@example.com',
      BouncedAt: '2026-01-01T00:00:00.3963933Z',
      Inactive: true,
      CanActivate: true,
      Subject: 'Your order',
    },
  },
  {
    type: 'Delivery',
    body: {
      RecordType: 'Delivery',
      MessageStream: 'outbound',
      ServerID: 23,
      MessageID: '883953f4-6105-42a2-a16a-77a8eac79483',
      Recipient: 'ada@example.com',
      Tag: 'order',
      DeliveredAt: '2026-01-01T00:00:00.2735393Z',
      Details: 'smtp;250 2.0.0 OK',
      Metadata: {},
    },
  },
  {
    type: 'Inbound',
    idPath: 'MessageID',
    body: {
      MessageStream: 'inbound',
      FromName: 'Ada',
      From: 'ada@example.com',
      FromFull: { Email: 'ada@example.com', Name: 'Ada', MailboxHash: '' },
      To: 'support@inbound.example.com',
      OriginalRecipient: 'support@inbound.example.com',
      Subject: 'Where is my order?',
      MessageID: '73e6d360-66eb-11e1-8e72-a8904824019b',
      Date: 'Thu, 1 Jan 2026 00:00:00 +0000',
      TextBody: 'It should have come yesterday.',
      HtmlBody: '',
      StrippedTextReply: '',
      Headers: [],
      Attachments: [],
    },
  },
]
