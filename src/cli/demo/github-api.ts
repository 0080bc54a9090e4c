import type { JsonValue } from '../../util/json.js'
import { type ApiAnswer, type LocalApi, startApi } from './api.js'
import { build } from './cast.js'

const { repo, run, sha, pullRequest, workflow } = build
const page = `https://github.com/${repo}`

const steps = (failed?: string): JsonValue =>
  ['Set up job', 'Checkout', 'Install packages', 'Test'].map((name, index) => ({
    name,
    number: index + 1,
    status: 'completed',
    conclusion:
      name === failed ? 'failure' : failed === 'Install packages' && name === 'Test' ? 'skipped' : 'success',
  }))

const jobs: JsonValue = {
  total_count: 2,
  jobs: [
    {
      id: 48211900301,
      run_id: run,
      name: 'lint',
      conclusion: 'success',
      html_url: `${page}/actions/runs/${run}/job/48211900301`,
      steps: steps(),
    },
    {
      id: 48211900307,
      run_id: run,
      name: 'test (node 22)',
      conclusion: 'failure',
      html_url: `${page}/actions/runs/${run}/job/48211900307`,
      steps: steps('Install packages'),
    },
  ],
}

const commit: JsonValue = {
  sha,
  commit: { message: 'Round totals once, at the end' },
  stats: { total: 9, additions: 6, deletions: 3 },
  files: [
    {
      filename: 'src/checkout/totals.ts',
      status: 'modified',
      patch: '@@ -18,7 +18,10 @@ export function total(',
    },
  ],
}

const recentRuns: JsonValue = {
  total_count: 3,
  workflow_runs: [3, 2, 1].map((age) => ({
    id: run - age * 1000,
    name: 'CI',
    conclusion: 'success',
    run_attempt: age === 2 ? 2 : 1,
    head_sha: sha.replace(/^./, String(age)),
    created_at: `2026-11-${20 - age}T09:00:00Z`,
  })),
}

const reads: Readonly<Record<string, JsonValue>> = {
  [`/repos/${repo}/actions/runs/${run}/jobs`]: jobs,
  [`/repos/${repo}/commits/${sha}`]: commit,
  [`/repos/${repo}/actions/workflows/${workflow}/runs`]: recentRuns,
}

const writes: Readonly<Record<string, ApiAnswer>> = {
  [`/repos/${repo}/issues/${pullRequest}/comments`]: {
    status: 201,
    json: { id: 3551208811, html_url: `${page}/pull/${pullRequest}#issuecomment-3551208811` },
  },
  [`/repos/${repo}/commits/${sha}/comments`]: {
    status: 201,
    json: { id: 170033121, html_url: `${page}/commit/${sha}#commitcomment-170033121` },
  },
  [`/repos/${repo}/actions/runs/${run}/rerun-failed-jobs`]: { status: 201, json: {} },
}

export function startGithub(token: string): Promise<LocalApi> {
  return startApi({
    name: 'GitHub',
    authorization: `Bearer ${token}`,
    answer({ method, path }, happened) {
      const json = method === 'GET' ? reads[path] : undefined
      if (json !== undefined) return { status: 200, json }
      const answer = method === 'POST' ? writes[path] : undefined
      if (answer) happened()
      return answer
    },
  })
}
