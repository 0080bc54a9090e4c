import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that Zendesk documents for its ticket events; values are our own. */

const detail: JsonObject = {
  id: '12345',
  subject: 'I was charged twice',
  description: 'There are two payments of 49.00 on my card.',
  status: 'NEW',
  priority: 'NORMAL',
  type: 'QUESTION',
  tags: ['billing'],
  requester_id: '8447388090494',
  submitter_id: '8447388090494',
  assignee_id: null,
  group_id: '8447320466430',
  organization_id: '8447346621310',
  brand_id: '8447346621311',
  is_public: true,
  via: { channel: 'web_service' },
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
}

function event(type: string, change: JsonObject): Sample {
  return {
    type: `zen:event-type:${type}`,
    idPath: 'id',
    body: {
      account_id: 22129848,
      detail,
      event: change,
      id: 'cbe4028c-7239-495d-b020-f22348516046',
      subject: 'zen:ticket:12345',
      time: '2026-01-01T00:00:00.123456789Z',
      type: `zen:event-type:${type}`,
      zendesk_event_version: '2022-11-06',
    },
  }
}

export const zendeskSamples: readonly Sample[] = [
  event('ticket.created', {}),
  event('ticket.comment_added', {
    comment: {
      id: '9018402739966',
      body: 'The second payment has disappeared now, thank you.',
      is_public: true,
      author: { id: '8447388090494', is_staff: false, name: 'Sam Example' },
    },
  }),
  event('ticket.priority_changed', { current: 'URGENT', previous: 'NORMAL' }),
  event('ticket.status_changed', { current: 'OPEN', previous: 'NEW' }),
  {
    type: 'trigger',
    body: { ticket_id: 12345, requester_id: 8447388090494, priority: 'normal', status: 'new' },
  },
]
