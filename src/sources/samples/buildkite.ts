import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that Buildkite documents (webhooks, REST API builds); values are our own. */

const pipeline: JsonObject = {
  id: '849411f9-9e6d-4739-a0d8-e247088e9b52',
  name: 'Web',
  slug: 'web',
  repository: 'git@github.com:acme/web.git',
}
const sender: JsonObject = { id: '8a7693f8-dbae-4783-9137-84090fce9045', name: 'Ada Example' }
const build: JsonObject = {
  id: 'f62a1b4d-10f9-4790-bc1c-e2c3a0c80983',
  number: 42,
  state: 'failed',
  blocked: false,
  message: 'Fix the form',
  commit: '0a1b2c3d4e5f60718293a4b5c6d7e8f901234567',
  branch: 'a11y',
  web_url: 'https://buildkite.com/acme/web/builds/42',
  created_at: '2026-01-01T00:00:00.000Z',
  started_at: '2026-01-01T00:00:05.000Z',
  finished_at: '2026-01-01T00:04:00.000Z',
}

export const buildkiteSamples: readonly Sample[] = [
  { type: 'build.finished', body: { event: 'build.finished', build, pipeline, sender } },
  {
    type: 'job.finished',
    body: {
      event: 'job.finished',
      job: {
        id: 'b63254c0-3271-4a98-8270-7cfbd6c2f14e',
        type: 'script',
        name: 'unit',
        state: 'finished',
        exit_status: 1,
        started_at: '2026-01-01T00:00:05.000Z',
        finished_at: '2026-01-01T00:03:58.000Z',
        agent: { id: '0b461f65-e7be-4c80-888a-ef11d81fd971', name: 'builder-1' },
      },
      build,
      pipeline,
      sender,
    },
  },
  {
    type: 'ping',
    body: {
      event: 'ping',
      service: { id: '49801950-1df0-474f-bb56-ad6a930c5cb9', provider: 'webhook' },
      organization: { id: 'a98961b7-adc1-41aa-8726-cfb2c46e42e0', slug: 'acme' },
      sender,
    },
  },
]
