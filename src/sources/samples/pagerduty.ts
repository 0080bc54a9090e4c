import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that PagerDuty documents for its v3 webhooks; values are our own. */

function event(type: string, data: JsonObject): Sample {
  return {
    type,
    idPath: 'event.id',
    body: {
      event: {
        id: '01BRB6ZP4M6T8ZG4X6BP63ZB9O',
        event_type: type,
        resource_type: 'incident',
        occurred_at: '2026-01-01T00:00:00.000Z',
        agent: { id: 'PLH1HKV', summary: 'Kim Doe', type: 'user_reference' },
        client: { name: 'PagerDuty' },
        data,
      },
    },
  }
}

const incident: JsonObject = {
  id: 'PGR0VU2',
  type: 'incident',
  number: 42,
  status: 'triggered',
  incident_key: 'd3640fbd41094207a1c11e58e46b1662',
  created_at: '2026-01-01T00:00:00Z',
  title: 'Checkout answers slowly',
  service: { id: 'PF9KMXH', summary: 'Checkout', type: 'service_reference' },
  assignees: [{ id: 'PTUXL6G', summary: 'Kim Doe', type: 'user_reference' }],
  escalation_policy: { id: 'PUS0KTE', summary: 'Default', type: 'escalation_policy_reference' },
  teams: [],
  priority: { id: 'PSO75BM', summary: 'P1', type: 'priority_reference' },
  urgency: 'high',
  resolve_reason: null,
}

export const pagerdutySamples: readonly Sample[] = [
  event('incident.triggered', incident),
  event('incident.acknowledged', { ...incident, status: 'acknowledged' }),
  event('incident.resolved', { ...incident, status: 'resolved' }),
  event('incident.annotated', {
    id: 'P2LA89X',
    type: 'incident_note',
    incident: { id: 'PGR0VU2', summary: 'Checkout answers slowly', type: 'incident_reference' },
    content: 'The cache was cold.',
    trimmed: false,
  }),
]
