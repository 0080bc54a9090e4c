import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that CircleCI documents (outbound webhooks reference); values are our own. */

const common: JsonObject = {
  id: '3888f21b-eaa7-38e3-8f3d-75a63bba8895',
  happened_at: '2026-01-01T00:00:00.000Z',
  webhook: { id: 'cf8c4fdd-0587-4da1-b4ca-4846e9640af9', name: 'rouse' },
  project: { id: '84996744-a854-4f5e-aea3-04e2851dc1d2', name: 'web', slug: 'gh/acme/web' },
  organization: { id: 'f22b6566-597d-46d5-ba74-99ef5bb3d85c', name: 'acme' },
  pipeline: {
    id: '52d5b6a2-08a6-4c1c-a5d4-53a6b4b9a4b0',
    number: 130,
    created_at: '2026-01-01T00:00:00.000Z',
    trigger: { type: 'webhook' },
    vcs: {
      provider_name: 'github',
      revision: '1dc6aa69429bff4806ad6afe58d3d8f57e25973e',
      branch: 'a11y',
      target_repository_url: 'https://github.com/acme/web',
    },
  },
  workflow: {
    id: 'fda08377-fe7e-46b1-8992-3a7aaecac9c3',
    name: 'build-test-deploy',
    status: 'failed',
    created_at: '2026-01-01T00:00:00.000Z',
    stopped_at: '2026-01-01T00:04:00.000Z',
    url: 'https://app.circleci.com/pipelines/github/acme/web/130/workflows/fda08377-fe7e-46b1-8992-3a7aaecac9c3',
  },
}

export const circleciSamples: readonly Sample[] = [
  { type: 'workflow-completed', idPath: 'id', body: { type: 'workflow-completed', ...common } },
  {
    type: 'job-completed',
    idPath: 'id',
    body: {
      type: 'job-completed',
      ...common,
      job: {
        id: '8bd71c28-4969-3677-8940-3a61c46c660f',
        name: 'unit',
        number: 136,
        status: 'failed',
        started_at: '2026-01-01T00:00:00.000Z',
        stopped_at: '2026-01-01T00:04:00.000Z',
      },
    },
  },
]
