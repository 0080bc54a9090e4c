import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that Slack documents (docs.slack.dev/apis/events-api); values are our own. */

function event(type: string, content: JsonObject): Sample {
  return {
    type,
    idPath: 'event_id',
    body: {
      team_id: 'T061EG9R6',
      api_app_id: 'A0FFV41KK',
      event: { type, ...content },
      type: 'event_callback',
      event_id: 'Ev0PV52K21',
      event_time: 1_767_225_600,
      authorizations: [{ team_id: 'T061EG9R6', user_id: 'U0LAN0Z89', is_bot: true }],
    },
  }
}

export const slackSamples: readonly Sample[] = [
  event('app_mention', {
    user: 'U061F7AUR',
    text: '<@U0LAN0Z89> is the deploy done?',
    ts: '1767225600.000100',
    channel: 'C0LAN2Q65',
    event_ts: '1767225600.000100',
  }),
  event('message', {
    channel: 'C0LAN2Q65',
    channel_type: 'channel',
    user: 'U061F7AUR',
    text: 'The checkout page is slow again.',
    ts: '1767225600.000200',
    event_ts: '1767225600.000200',
  }),
]
