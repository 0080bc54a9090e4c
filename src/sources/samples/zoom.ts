import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that Zoom documents for its events; values are our own. */

function event(type: string, object: JsonObject): Sample {
  return {
    type,
    body: {
      event: type,
      payload: { account_id: 'AAAAAABBBBcdefghijklm1', object },
      event_ts: 1_767_225_600_000,
    },
  }
}

const meeting: JsonObject = {
  id: '1234567890',
  uuid: '4444AAAiAAAAAiAiAiiAii==',
  host_id: 'x1yCzABCDEfg23HiJKl4mN',
  topic: 'Weekly review',
  type: 2,
  start_time: '2026-01-01T00:00:00Z',
  timezone: 'Europe/Berlin',
  duration: 30,
}

export const zoomSamples: readonly Sample[] = [
  event('meeting.ended', { ...meeting, end_time: '2026-01-01T00:30:00Z' }),
  event('meeting.participant_joined', {
    ...meeting,
    participant: { user_id: '16778240', user_name: 'Jill Chill', join_time: '2026-01-01T00:01:00Z' },
  }),
  event('recording.completed', { ...meeting, recording_count: 1, total_size: 529_758 }),
]
