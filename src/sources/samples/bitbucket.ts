import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that Bitbucket documents (event payloads); values are our own. */

const repository: JsonObject = {
  type: 'repository',
  uuid: '{673a6070-3421-46c9-9d48-90745f7bfe8e}',
  full_name: 'acme/web',
  name: 'web',
  scm: 'git',
  is_private: true,
}
const actor: JsonObject = {
  type: 'user',
  display_name: 'Ada Example',
  uuid: '{a54f16da-24e9-4d7f-a3a7-b1ba2cd98aa3}',
}
const pullrequest: JsonObject = {
  id: 7,
  title: 'Make the form accessible',
  description: 'Labels for all inputs.',
  state: 'OPEN',
  author: actor,
  source: { branch: { name: 'a11y' }, commit: { hash: 'd3022fc0ca3d' }, repository },
  destination: { branch: { name: 'main' }, commit: { hash: 'ce5965ddd289' }, repository },
  created_on: '2026-01-01T00:00:00.000000+00:00',
  updated_on: '2026-01-01T00:00:00.000000+00:00',
}

export const bitbucketSamples: readonly Sample[] = [
  {
    type: 'repo:push',
    body: {
      actor,
      repository,
      push: {
        changes: [
          {
            new: {
              type: 'branch',
              name: 'main',
              target: {
                type: 'commit',
                hash: '709d658dc5b6d6afcd46049c2f332ee3f515a67d',
                message: 'Fix the form',
                date: '2026-01-01T00:00:00+00:00',
              },
            },
            old: {
              type: 'branch',
              name: 'main',
              target: { type: 'commit', hash: '1e65c05c1d5171631d92438a13901ca7dae9618c' },
            },
            created: false,
            closed: false,
            forced: false,
          },
        ],
      },
    },
  },
  { type: 'pullrequest:created', body: { actor, pullrequest, repository } },
  {
    type: 'pullrequest:comment_created',
    body: {
      actor,
      pullrequest,
      repository,
      comment: {
        id: 17,
        content: { raw: 'Is the contrast enough?' },
        created_on: '2026-01-01T00:05:00.000000+00:00',
        updated_on: '2026-01-01T00:05:00.000000+00:00',
      },
    },
  },
  {
    type: 'repo:commit_status_updated',
    body: {
      actor,
      repository,
      commit_status: {
        name: 'unit',
        key: 'unit',
        state: 'FAILED',
        url: 'https://ci.example.com/builds/42',
        created_on: '2026-01-01T00:00:00.000000+00:00',
        updated_on: '2026-01-01T00:04:00.000000+00:00',
      },
    },
  },
]
