import type { Sample } from '../source.js'

/** Small forms with the fields that Twilio documents for its callbacks; values are our own. */

function form(type: string, id: string, fields: Readonly<Record<string, string>>): Sample {
  return { type, idText: id, body: new URLSearchParams(fields).toString() }
}

const account = 'AC0123456789abcdef0123456789abcdef'
const message = 'SM0123456789abcdef0123456789012345'
const call = 'CA0123456789abcdef0123456789012345'

export const twilioSamples: readonly Sample[] = [
  form('message.received', message, {
    AccountSid: account,
    ApiVersion: '2010-04-01',
    Body: 'When do you open?',
    From: '+14155550123',
    MessageSid: message,
    NumMedia: '0',
    NumSegments: '1',
    SmsMessageSid: message,
    SmsSid: message,
    SmsStatus: 'received',
    To: '+14155550199',
  }),
  form('message.failed', message, {
    AccountSid: account,
    ErrorCode: '30003',
    From: '+14155550199',
    MessageSid: message,
    MessageStatus: 'failed',
    SmsSid: message,
    SmsStatus: 'failed',
    To: '+14155550123',
  }),
  form('call.completed', call, {
    AccountSid: account,
    CallDuration: '35',
    CallSid: call,
    CallStatus: 'completed',
    Direction: 'inbound',
    From: '+14155550123',
    To: '+14155550199',
  }),
]
