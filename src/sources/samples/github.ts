import type { JsonObject } from '../../util/json.js'
import type { Sample } from '../source.js'

/** Minimal forms of GitHub's published examples (github.com/octokit/webhooks, payload-examples, MIT). */

const repository: JsonObject = {
  id: 186853002,
  node_id: 'MDEwOlJlcG9zaXRvcnkxODY4NTMwMDI=',
  name: 'Hello-World',
  full_name: 'Codertocat/Hello-World',
  private: false,
  owner: { login: 'Codertocat', id: 21031067, type: 'User' },
  html_url: 'https://github.com/Codertocat/Hello-World',
  url: 'https://api.github.com/repos/Codertocat/Hello-World',
  default_branch: 'main',
}
const sender: JsonObject = { login: 'Codertocat', id: 21031067, type: 'User' }
const headSha = 'ec26c3e57ca3a959ca5aad62de7213c562f8c821'
const beforeSha = '6113728f27ae82c7b1a177c8d03f9e96e0adf246'

const issue: JsonObject = {
  id: 444500041,
  number: 1,
  title: 'Spelling error in the README file',
  user: sender,
  labels: [{ id: 1362934389, name: 'bug', color: 'd73a4a' }],
  state: 'open',
  comments: 0,
  created_at: '2019-05-15T15:20:18Z',
  updated_at: '2019-05-15T15:20:18Z',
  body: 'It looks like you accidentally spelled "commit" with two "t"s.',
  html_url: 'https://github.com/Codertocat/Hello-World/issues/1',
}

const pullRequest: JsonObject = {
  id: 279147437,
  number: 2,
  state: 'open',
  title: 'Update the README with new information.',
  user: sender,
  body: 'This is a pretty simple change that we need to pull into main.',
  created_at: '2019-05-15T15:20:33Z',
  updated_at: '2019-05-15T15:20:33Z',
  head: { ref: 'changes', sha: headSha, repo: { id: 186853002, full_name: 'Codertocat/Hello-World' } },
  base: { ref: 'main', sha: beforeSha, repo: { id: 186853002, full_name: 'Codertocat/Hello-World' } },
  draft: false,
  merged: false,
  html_url: 'https://github.com/Codertocat/Hello-World/pull/2',
}

const listedPullRequest: JsonObject = {
  id: 279147437,
  number: 2,
  head: { ref: 'changes', sha: headSha, repo: { id: 186853002, name: 'Hello-World' } },
  base: { ref: 'main', sha: beforeSha, repo: { id: 186853002, name: 'Hello-World' } },
}

export const githubSamples: readonly Sample[] = [
  {
    type: 'workflow_run.completed',
    body: {
      action: 'completed',
      workflow_run: {
        id: 289782451,
        name: 'CI',
        head_branch: 'changes',
        head_sha: headSha,
        run_number: 562,
        run_attempt: 1,
        event: 'pull_request',
        status: 'completed',
        conclusion: 'failure',
        workflow_id: 30422,
        pull_requests: [listedPullRequest],
        created_at: '2020-10-05T15:20:18Z',
        updated_at: '2020-10-05T15:24:07Z',
        html_url: 'https://github.com/Codertocat/Hello-World/actions/runs/289782451',
        head_commit: { id: headSha, message: 'Update README.md' },
      },
      workflow: { id: 30422, name: 'CI', path: '.github/workflows/ci.yml', state: 'active' },
      repository,
      sender,
    },
  },
  {
    type: 'check_run.completed',
    body: {
      action: 'completed',
      check_run: {
        id: 128620228,
        head_sha: headSha,
        status: 'completed',
        conclusion: 'failure',
        started_at: '2019-05-15T15:21:12Z',
        completed_at: '2019-05-15T15:22:40Z',
        name: 'build',
        check_suite: { id: 118578147, head_branch: 'changes', head_sha: headSha },
        pull_requests: [listedPullRequest],
        output: { title: 'Build failed', summary: 'One step failed.', annotations_count: 1 },
      },
      repository,
      sender,
    },
  },
  {
    type: 'push',
    body: {
      ref: 'refs/heads/main',
      before: beforeSha,
      after: headSha,
      created: false,
      deleted: false,
      forced: false,
      compare: 'https://github.com/Codertocat/Hello-World/compare/6113728f27ae...ec26c3e57ca3',
      commits: [
        {
          id: headSha,
          message: 'Update README.md',
          timestamp: '2019-05-15T15:20:30Z',
          author: { name: 'Codertocat', email: '21031067+Codertocat@users.noreply.github.com' },
          added: [],
          removed: [],
          modified: ['README.md'],
        },
      ],
      head_commit: { id: headSha, message: 'Update README.md', timestamp: '2019-05-15T15:20:30Z' },
      repository,
      pusher: { name: 'Codertocat', email: '21031067+Codertocat@users.noreply.github.com' },
      sender,
    },
  },
  {
    type: 'pull_request.opened',
    body: { action: 'opened', number: 2, pull_request: pullRequest, repository, sender },
  },
  { type: 'issues.opened', body: { action: 'opened', issue, repository, sender } },
  {
    type: 'issue_comment.created',
    body: {
      action: 'created',
      issue,
      comment: {
        id: 492700400,
        user: sender,
        created_at: '2019-05-15T15:20:21Z',
        updated_at: '2019-05-15T15:20:21Z',
        author_association: 'OWNER',
        body: 'You are totally right! I will get this fixed right away.',
        html_url: 'https://github.com/Codertocat/Hello-World/issues/1#issuecomment-492700400',
      },
      repository,
      sender,
    },
  },
  {
    type: 'release.published',
    body: {
      action: 'published',
      release: {
        id: 17372790,
        tag_name: '0.0.1',
        target_commitish: 'main',
        name: 'First release',
        draft: false,
        prerelease: false,
        created_at: '2019-05-15T15:19:25Z',
        published_at: '2019-05-15T15:20:53Z',
        body: 'The first one.',
        html_url: 'https://github.com/Codertocat/Hello-World/releases/tag/0.0.1',
      },
      repository,
      sender,
    },
  },
  {
    type: 'ping',
    body: {
      zen: 'Anything added dilutes everything else.',
      hook_id: 109948940,
      hook: {
        type: 'Repository',
        id: 109948940,
        active: true,
        events: ['*'],
        config: { content_type: 'json', insecure_ssl: '0', url: 'https://rouse.example.com/hooks/ci' },
      },
      repository,
      sender,
    },
  },
]
