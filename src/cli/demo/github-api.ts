import type { JsonValue } from '../../util/json.js'
import { type ApiAnswer, type LocalApi, startApi } from './api.js'
import { build, laterBuild } from './cast.js'

const { repo, run, sha, pullRequest } = build
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

/** Of any repository, so that a signed test finds what it asks for. */
const repository = '^/repos/[\\w.-]+/[\\w.-]+'
const reads: readonly (readonly [RegExp, JsonValue])[] = [
  [new RegExp(`${repository}/actions/runs/\\d+/jobs$`), jobs],
  [new RegExp(`${repository}/commits/\\w+$`), commit],
  [new RegExp(`${repository}/actions/workflows/\\d+/runs$`), recentRuns],
]

const writes: readonly (readonly [RegExp, ApiAnswer])[] = [
  [
    new RegExp(`${repository}/issues/\\d+/comments$`),
    {
      status: 201,
      json: { id: 3551208811, html_url: `${page}/pull/${pullRequest}#issuecomment-3551208811` },
    },
  ],
  [
    new RegExp(`${repository}/commits/\\w+/comments$`),
    { status: 201, json: { id: 170033121, html_url: `${page}/commit/${sha}#commitcomment-170033121` } },
  ],
  [new RegExp(`${repository}/actions/runs/\\d+/rerun-failed-jobs$`), { status: 201, json: {} }],
]

/** The one comment that is made and whose answer is lost. */
const lostPath = `/repos/${laterBuild.repo}/issues/${laterBuild.pullRequest}/comments`

export function startGithub(token: string): Promise<LocalApi> {
  return startApi({
    name: 'GitHub',
    authorization: `Bearer ${token}`,
    answer({ method, path }, happened) {
      const json = method === 'GET' ? reads.find(([pattern]) => pattern.test(path))?.[1] : undefined
      if (json !== undefined) return { status: 200, json }
      const answer = method === 'POST' ? writes.find(([pattern]) => pattern.test(path))?.[1] : undefined
      if (answer) happened()
      return path === lostPath ? { status: 502, json: { message: 'Bad Gateway' } } : answer
    },
  })
}
