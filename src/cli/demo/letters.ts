import { isoTime } from '../../util/clock.js'
import type { JsonObject, JsonValue } from '../../util/json.js'
import { type Build, build, type Claim, claim, type Ticket, ticket } from './cast.js'
import { disputeObject } from './stripe-api.js'

/** What a sender puts on the wire, before it is signed. */
export interface Letter {
  /** Name of a source in config.yaml. */
  readonly source: string
  readonly type: string
  /** The sender's own id of the occurrence, the same on a redelivery. */
  readonly id: string
  readonly body: Uint8Array
}

/** GitHub: the CI of a pull request failed on its first attempt. */
export function failedWorkflowRun(now: number, of: Build = build): Letter {
  const { repo, repositoryId, run, workflow, sha, branch, pullRequest } = of
  const repository: JsonObject = {
    id: repositoryId,
    name: 'web',
    full_name: repo,
    private: true,
    default_branch: 'main',
  }
  const at = isoTime(now)
  const body = {
    action: 'completed',
    workflow_run: {
      id: run,
      name: 'CI',
      event: 'pull_request',
      status: 'completed',
      conclusion: 'failure',
      run_attempt: 1,
      run_number: 918,
      workflow_id: workflow,
      head_branch: branch,
      head_sha: sha,
      html_url: `https://github.com/${repo}/actions/runs/${run}`,
      pull_requests: [
        {
          id: 2981120034,
          number: pullRequest,
          head: { ref: branch, sha, repo: { id: repositoryId, name: 'web' } },
          base: {
            ref: 'main',
            sha: sha.split('').reverse().join(''),
            repo: { id: repositoryId, name: 'web' },
          },
        },
      ],
      head_commit: { id: sha, message: 'Round totals once, at the end', timestamp: at },
      created_at: isoTime(now - 240_000),
      updated_at: at,
    },
    workflow: { id: workflow, name: 'CI', path: '.github/workflows/ci.yml', state: 'active' },
    repository,
    organization: { id: 9919, login: 'acme' },
    sender: { id: 583231, login: 'lena', type: 'User' },
  }
  return {
    source: 'ci',
    type: 'workflow_run.completed',
    id: of.delivery,
    body: bytesOf(body),
  }
}

/** Stripe: a customer's bank asks about a payment. */
export function createdDispute(now: number, of: Claim = claim): Letter {
  const id = of.event
  const body = {
    id,
    object: 'event',
    api_version: '2025-10-29.clover',
    created: Math.floor(now / 1000),
    data: { object: disputeObject(of, now) },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type: 'charge.dispute.created',
  }
  return { source: 'payments', type: body.type, id, body: bytesOf(body) }
}

/** What an attacker makes of a delivery that they saw: the same signature, another event on another charge. */
export function forgedBody({ body }: Letter): Uint8Array {
  const text = Buffer.from(body).toString('utf8')
  return Buffer.from(
    text
      .replaceAll(claim.charge, 'ch_3SQz9xLkdIwHu7ix1Attack1')
      .replace(/evt_\w+/, 'evt_1SQz9xLkdIwHu7ixForged01'),
  )
}

/** Zendesk: a ticket whose text also tries to give orders. */
export function createdTicket(now: number, of: Ticket = ticket): Letter {
  const { event: id } = of
  const at = isoTime(now)
  const body = {
    account_id: of.account,
    detail: {
      actor_id: String(of.requester),
      assignee_id: null,
      created_at: at,
      description: of.text,
      group_id: null,
      id: String(of.id),
      is_public: true,
      organization_id: String(of.organization),
      priority: null,
      requester_id: String(of.requester),
      status: 'NEW',
      subject: of.subject,
      tags: ['web_form'],
      type: null,
      updated_at: at,
      via: { channel: 'web_form' },
    },
    event: {},
    id,
    subject: `zen:ticket:${of.id}`,
    time: at,
    type: 'zen:event-type:ticket.created',
    zendesk_event_version: '2022-11-06',
  }
  return { source: 'tickets', type: 'zen:event-type:ticket.created', id, body: bytesOf(body) }
}

function bytesOf(body: JsonValue): Uint8Array {
  return Buffer.from(JSON.stringify(body))
}
