import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that Bitbucket Data Center documents (event payload); values are our own. */

const actor: JsonObject = { id: 3231, name: 'ada', displayName: 'Ada Example', slug: 'ada', type: 'NORMAL' }
const repository: JsonObject = {
  id: 84,
  slug: 'web',
  name: 'web',
  scmId: 'git',
  state: 'AVAILABLE',
  project: { id: 62, key: 'ACME', name: 'Acme', type: 'NORMAL' },
}
const pullRequest: JsonObject = {
  id: 7,
  version: 0,
  title: 'Make the form accessible',
  state: 'OPEN',
  open: true,
  closed: false,
  createdDate: 1767225600000,
  updatedDate: 1767225600000,
  fromRef: {
    id: 'refs/heads/a11y',
    displayId: 'a11y',
    latestCommit: 'aab847db240ccae221f8036605b00f777eba95d2',
    repository,
  },
  toRef: {
    id: 'refs/heads/main',
    displayId: 'main',
    latestCommit: '86448735f9dee9e1fb3d3e5cd9fbc8eb9d8400f4',
    repository,
  },
  author: { user: actor, role: 'AUTHOR', approved: false, status: 'UNAPPROVED' },
}

export const bitbucketServerSamples: readonly Sample[] = [
  {
    type: 'repo:refs_changed',
    body: {
      eventKey: 'repo:refs_changed',
      date: '2026-01-01T00:00:00+0000',
      actor,
      repository,
      changes: [
        {
          ref: { id: 'refs/heads/main', displayId: 'main', type: 'BRANCH' },
          refId: 'refs/heads/main',
          fromHash: 'ecddabb624f6f5ba43816f5926e580a5f680a932',
          toHash: '178864a7d521b6f5e720b386b2c2b0ef8563e0dc',
          type: 'UPDATE',
        },
      ],
    },
  },
  {
    type: 'pr:opened',
    body: { eventKey: 'pr:opened', date: '2026-01-01T00:00:00+0000', actor, pullRequest },
  },
  {
    type: 'pr:comment:added',
    body: {
      eventKey: 'pr:comment:added',
      date: '2026-01-01T00:05:00+0000',
      actor,
      pullRequest,
      comment: {
        id: 62,
        version: 0,
        text: 'Is the contrast enough?',
        author: actor,
        createdDate: 1767225900000,
      },
    },
  },
]
