import type { Sample } from '../source.js'

/** Small bodies with the keys that Okta documents for its event hooks; values are our own. */

function hook(eventType: string, displayMessage: string): Sample {
  return {
    type: eventType,
    idPath: 'data.events[0].uuid',
    body: {
      eventType: 'com.okta.event_hook',
      eventTypeVersion: '1.0',
      cloudEventsVersion: '0.1',
      contentType: 'application/json',
      eventId: 'b5a188b9-5ece-4636-b041-482ffda96311',
      eventTime: '2026-01-01T00:00:00.000Z',
      source: 'https://example.okta.com/api/v1/eventHooks/whoql0HfiLGPWc8Jx0g3',
      data: {
        events: [
          {
            uuid: 'f790999f-fe87-467a-9880-6982a583986c',
            version: '0',
            severity: 'INFO',
            eventType,
            displayMessage,
            published: '2026-01-01T00:00:00.000Z',
            actor: {
              id: '00u1qw6mqitPHM8AJ0g7',
              type: 'User',
              alternateId: 'admin@example.com',
              displayName: 'Sam Roe',
            },
            outcome: { result: 'SUCCESS', reason: null },
            target: [
              {
                id: '00u2rx7nrjuQIN9BK1h8',
                type: 'User',
                alternateId: 'kim@example.com',
                displayName: 'Kim Doe',
              },
            ],
            transaction: { type: 'WEB', id: 'V04Oy4ubUOc5UuG6s9DyNQAABtc' },
          },
        ],
      },
    },
  }
}

export const oktaSamples: readonly Sample[] = [
  hook('user.lifecycle.create', 'Create Okta user'),
  hook('user.lifecycle.deactivate', 'Deactivate Okta user'),
  hook('user.account.lock', 'Max sign in attempts exceeded'),
]
