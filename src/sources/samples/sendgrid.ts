import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that SendGrid documents for its events; values are our own. */

function event(type: string, content: JsonObject): Sample {
  return {
    type,
    idPath: '[0].sg_event_id',
    body: [
      {
        email: 'ada@example.com',
        event: type,
        sg_event_id: 'cHJvY2Vzc2VkLTE5OTQyMTEyLXFOd0JMZ1BRUWpXNkRKdktRd1NBYnctMA',
        sg_message_id: 'qNwBLgPQQjW6DJvKQwSAbw.filterdrecv-canary-547b64655b-cw6zx-1-6089EA4A-56.0',
        'smtp-id': '<qNwBLgPQQjW6DJvKQwSAbw@ismtpd0178p1mdw1.sendgrid.net>',
        timestamp: 1_767_225_600,
        ...content,
      },
    ],
  }
}

export const sendgridSamples: readonly Sample[] = [
  event('bounce', {
    type: 'bounce',
    status: '5.1.1',
    reason: '550 5.1.1 no such user',
    bounce_classification: 'Invalid Address',
  }),
  event('delivered', { response: '250 2.0.0 OK', ip: '192.0.2.10', tls: 1 }),
  event('spamreport', {}),
]
