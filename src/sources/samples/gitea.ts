import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that Gitea and Gogs send (modules/structs/hook.go); values are our own. */

const user: JsonObject = { id: 3, login: 'ada', full_name: 'Ada Example' }
const repository: JsonObject = {
  id: 15,
  name: 'web',
  full_name: 'acme/web',
  private: false,
  html_url: 'https://git.example.com/acme/web',
  default_branch: 'main',
}
const headSha = 'bffeb74224043ba2feb48d137756c8a9331c449a'
const time = '2026-01-01T00:00:00Z'

export const giteaSamples: readonly Sample[] = [
  {
    type: 'push',
    body: {
      ref: 'refs/heads/main',
      before: '28e1879d029cb852e4844d9c718537df08844e03',
      after: headSha,
      compare_url: 'https://git.example.com/acme/web/compare/28e1879d029c...bffeb7422404',
      commits: [{ id: headSha, message: 'Fix the form', timestamp: time, modified: ['README.md'] }],
      repository,
      pusher: user,
      sender: user,
    },
  },
  {
    type: 'issues.opened',
    body: {
      action: 'opened',
      number: 23,
      issue: {
        id: 301,
        number: 23,
        title: 'The form loses its content',
        body: 'Reload and it is gone.',
        user,
        state: 'open',
        pull_request: null,
        created_at: time,
        updated_at: time,
      },
      repository,
      sender: user,
    },
  },
  {
    type: 'pull_request.opened',
    body: {
      action: 'opened',
      number: 7,
      pull_request: {
        id: 99,
        number: 7,
        title: 'Make the form accessible',
        user,
        state: 'open',
        merged: false,
        head: { label: 'a11y', ref: 'a11y', sha: headSha, repo_id: 15 },
        base: { label: 'main', ref: 'main', sha: '28e1879d029cb852e4844d9c718537df08844e03', repo_id: 15 },
        created_at: time,
        updated_at: time,
      },
      repository,
      sender: user,
    },
  },
  {
    type: 'issue_comment.created',
    body: {
      action: 'created',
      is_pull: false,
      issue: { id: 301, number: 23, title: 'The form loses its content', state: 'open', pull_request: null },
      comment: { id: 1244, body: 'I can reproduce it.', user, created_at: time, updated_at: time },
      repository,
      sender: user,
    },
  },
]
