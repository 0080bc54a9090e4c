import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that Travis CI documents (webhook payload); values are our own. */

const build: JsonObject = {
  id: 276763421,
  number: '42',
  config: {},
  type: 'pull_request',
  started_at: '2026-01-01T00:00:00Z',
  finished_at: '2026-01-01T00:04:00Z',
  duration: 240,
  build_url: 'https://app.travis-ci.com/acme/web/builds/276763421',
  commit: '0a1b2c3d4e5f60718293a4b5c6d7e8f901234567',
  head_commit: '62aae5f70ceee39123ef0a1b2c3d4e5f60718293',
  branch: 'main',
  message: 'Fix the form',
  pull_request: true,
  pull_request_number: 7,
  repository: { id: 1771959, name: 'web', owner_name: 'acme', url: 'https://github.com/acme/web' },
}

export const travisSamples: readonly Sample[] = [
  {
    type: 'build.failed',
    body: { ...build, state: 'failed', status: 1, status_message: 'Failed', result: 1 },
  },
  {
    type: 'build.passed',
    body: { ...build, state: 'passed', status: 0, status_message: 'Passed', result: 0 },
  },
]
