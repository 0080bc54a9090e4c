import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that Sentry documents for its webhooks; values are our own. */

const envelope: JsonObject = {
  actor: { id: 'sentry', name: 'Sentry', type: 'application' },
  installation: { uuid: 'a8e5d37a-696c-4c54-adb5-b3f28d64c7de' },
}

function sample(resource: string, action: string, data: JsonObject): Sample {
  return { type: `${resource}.${action}`, body: { action, data, ...envelope } }
}

const issue: JsonObject = {
  id: '1170820242',
  shortId: 'WEB-1A',
  title: 'TypeError: Cannot read properties of undefined',
  culprit: 'checkout(pay)',
  level: 'error',
  status: 'unresolved',
  substatus: 'new',
  platform: 'javascript',
  project: { id: '11275', name: 'web', slug: 'web', platform: 'javascript' },
  count: '1',
  userCount: 1,
  firstSeen: '2026-01-01T00:00:00.000000Z',
  lastSeen: '2026-01-01T00:00:00.000000Z',
}

export const sentrySamples: readonly Sample[] = [
  sample('issue', 'created', { issue }),
  sample('issue', 'resolved', { issue: { ...issue, status: 'resolved', substatus: null } }),
  sample('event_alert', 'triggered', {
    event: {
      event_id: 'e4874d664c3540c1a32eab185f12c5ab',
      issue_id: '1170820242',
      project: 11_275,
      title: 'TypeError: Cannot read properties of undefined',
      level: 'error',
      platform: 'javascript',
      datetime: '2026-01-01T00:00:00.000000Z',
    },
    triggered_rule: 'Many errors',
  }),
  sample('metric_alert', 'critical', {
    metric_alert: {
      id: '4321',
      identifier: '26',
      title: 'Too many errors',
      status: 20,
      date_detected: '2026-01-01T00:00:00.000000Z',
      alert_rule: { id: '7', name: 'Too many errors', aggregate: 'count()', projects: ['web'] },
      projects: ['web'],
    },
    description_title: 'Critical: Too many errors',
    description_text: '1000 events in the last 10 minutes',
  }),
]
