import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Small bodies with the keys that GitLab documents (docs.gitlab.com, webhook events); values are our own. */

const project: JsonObject = {
  id: 15,
  name: 'web',
  path_with_namespace: 'acme/web',
  web_url: 'https://gitlab.example.com/acme/web',
  default_branch: 'main',
}
const user: JsonObject = { id: 31, name: 'Ada Example', username: 'ada' }
const headSha = 'da1560886d4f094c3e6c9ef40349f7d38b5d27d7'

export const gitlabSamples: readonly Sample[] = [
  {
    type: 'push',
    body: {
      object_kind: 'push',
      event_name: 'push',
      before: '95790bf891e76fee5e1747ab589903a6a1f80f22',
      after: headSha,
      ref: 'refs/heads/main',
      checkout_sha: headSha,
      user_id: 31,
      user_username: 'ada',
      project_id: 15,
      project,
      commits: [
        { id: headSha, message: 'fixed readme', timestamp: '2026-01-01T00:00:00Z', modified: ['README.md'] },
      ],
      total_commits_count: 1,
    },
  },
  {
    type: 'merge_request.open',
    body: {
      object_kind: 'merge_request',
      event_type: 'merge_request',
      user,
      project,
      object_attributes: {
        id: 99,
        iid: 7,
        title: 'Make the form accessible',
        action: 'open',
        state: 'opened',
        source_branch: 'a11y',
        target_branch: 'main',
        source_project_id: 15,
        target_project_id: 15,
        last_commit: { id: headSha, message: 'fixed labels' },
        created_at: '2026-01-01T00:00:00Z',
        updated_at: '2026-01-01T00:00:00Z',
      },
    },
  },
  {
    type: 'pipeline.failed',
    body: {
      object_kind: 'pipeline',
      object_attributes: {
        id: 3101,
        iid: 3,
        ref: 'a11y',
        sha: headSha,
        source: 'merge_request_event',
        status: 'failed',
        created_at: '2026-01-01T00:00:00Z',
        finished_at: '2026-01-01T00:04:10Z',
        duration: 250,
      },
      merge_request: { id: 99, iid: 7, source_project_id: 15, target_project_id: 15, state: 'opened' },
      user,
      project,
      builds: [{ id: 380, stage: 'test', name: 'unit', status: 'failed', failure_reason: 'script_failure' }],
    },
  },
  {
    type: 'issue.open',
    body: {
      object_kind: 'issue',
      event_type: 'issue',
      user,
      project,
      object_attributes: {
        id: 301,
        iid: 23,
        title: 'The form loses its content',
        description: 'Reload and it is gone.',
        action: 'open',
        state: 'opened',
        created_at: '2026-01-01T00:00:00Z',
        updated_at: '2026-01-01T00:00:00Z',
      },
    },
  },
  {
    type: 'note.create',
    body: {
      object_kind: 'note',
      event_type: 'note',
      user,
      project_id: 15,
      project,
      object_attributes: {
        id: 1244,
        note: 'I can reproduce it.',
        noteable_type: 'Issue',
        noteable_id: 301,
        action: 'create',
        created_at: '2026-01-01T00:00:00Z',
        updated_at: '2026-01-01T00:00:00Z',
      },
      issue: { id: 301, iid: 23, project_id: 15, title: 'The form loses its content', state: 'opened' },
    },
  },
]
