import type { Sample } from '../source.js'

/** Small bodies with the keys that AWS documents for its messages; values are our own. SNS alone can sign them. */

const alarm = {
  AlarmName: 'checkout-latency',
  NewStateValue: 'ALARM',
  OldStateValue: 'OK',
  NewStateReason: 'Threshold crossed',
  StateChangeTime: '2026-01-01T00:00:00.000+0000',
  Region: 'US East (Ohio)',
  AWSAccountId: '123456789012',
}

export const awsSnsSamples: readonly Sample[] = [
  {
    type: 'Notification',
    idPath: 'MessageId',
    body: {
      Type: 'Notification',
      MessageId: '792cda85-518f-5dd3-9163-81d851212f3a',
      TopicArn: 'arn:aws:sns:us-east-2:123456789012:alarms',
      Subject: 'ALARM: "checkout-latency" in US East (Ohio)',
      Message: JSON.stringify(alarm),
      Timestamp: '2026-01-01T00:00:00.000Z',
      SignatureVersion: '2',
    },
  },
]
