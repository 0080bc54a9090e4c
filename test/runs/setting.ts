import type { RecordingApi } from '../support/recording-api.js'
import { githubSecret } from '../support/rouse.js'

/** One agent on opened issues with a read, a write with a key, a write without, and a destructive call that asks. */
export function issueAgent(api: RecordingApi, extra = ''): string {
  return `
credentials:
  tracker: { bearer: "trk_k7Gq2nV9xB4tLw8sRz3m", origins: ["${api.origin}"] }
sources:
  ci: { kind: github, secret: "${githubSecret}" }
tools:
  get_issue:
    description: The issue.
    get: ${api.origin}/repos/{repo}/issues/{issue}
    credential: tracker
    yields: { milestone: "milestone.id ~ ^[0-9]+$" }
  comment:
    description: Comment on the issue.
    post: ${api.origin}/repos/{repo}/issues/{issue}/comments
    credential: tracker
    effect: write
    args: { body: { type: text, max_length: 500 } }
    json: { body: "\${{ args.body }}" }
  charge:
    description: Charge the reporter.
    post: ${api.origin}/charges
    credential: tracker
    effect: destructive
    args: { amount: { type: integer, min: 1, max: 100000 } }
    form: { amount: "\${{ args.amount }}", issue: "\${{ ids.issue }}" }
    facts: { issue: get_issue }
    idempotency: { header: Idempotency-Key, ttl: 1h }
    on_unknown: retry
agents:
  helper:
    on: { source: ci, type: issues.opened }
    instructions: helper.md
    tools:
      - get_issue
      - comment: { gate: auto, max: 2/run }
      - charge: { gate: auto, if: "args.amount <= facts.issue.budget", sum: { amount: 1000/day } }
${extra}`
}

export const files = { 'helper.md': 'Help with the issue.\n' }
