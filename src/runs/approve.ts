import { PolicyError } from '../domain/errors.js'
import type { RunOutcome } from '../domain/run.js'
import type { ToolCall } from '../domain/tool-call.js'
import { scopeCounter } from '../policy/budget.js'
import { approvalDigest, rulesDigest } from '../policy/gate.js'
import { boundIdsOf } from '../policy/scope.js'
import type { Journal } from '../store/records.js'
import { newId } from '../util/id.js'
import { approvalOf } from './approved.js'
import type { RunContext } from './context.js'
import type { Permit } from './permit.js'

/**
 * Asks a person about the exact request. The run parks and its worker is free. Throws PolicyError `policy.budget`
 * where it could not be made anyhow, and where one like it waits for a person already.
 */
export async function askPerson(context: RunContext, call: ToolCall, permit: Permit): Promise<RunOutcome> {
  const { store, lease, run, event, agent, clock } = context
  const { tool, grant, facts, request, reservations } = permit
  const now = clock.now()
  const expiresAt = now + grant.approvalTtlMs
  const ofGrant = grant.gate === 'approve' ? [`the agent may use ${tool.name} with a person’s word only`] : []
  const ofEdit = call.editedArguments === undefined ? [] : ['a person changed its arguments']
  const asked = await store.requestApproval(
    lease,
    {
      id: newId('apr'),
      runId: run.id,
      toolCallId: call.id,
      eventId: event.id,
      agent: agent.name,
      tool: tool.name,
      request,
      facts,
      why: [...ofGrant, ...permit.why, ...ofEdit],
      digest: digestOf(context, permit, expiresAt),
      expiresAt,
      scope: scopeCounter(tool, boundIdsOf(tool, permit.bindings.ids), `${event.source}/${run.subject}`),
      reservations,
    },
    now,
  )
  if (asked.state === 'asked') return { state: 'parked', on: 'approval' }
  if (asked.state === 'over_budget') {
    throw new PolicyError(
      'policy.budget',
      `${tool.name} is used up: at most ${asked.limit} (${asked.counter})`,
    )
  }
  throw new PolicyError(
    'policy.budget',
    `a call of ${tool.name} on the same object waits for a person already`,
    { details: { approval: asked.approvalId } },
  )
}

/**
 * Checks an approved call once more, just before it is made: what would be sent now, and the rules that it is sent by,
 * are what the person saw, and the time is not over. Throws PolicyError `approval.void` or `approval.expired`.
 */
export function checkApproval(context: RunContext, journal: Journal, call: ToolCall, permit: Permit): void {
  const approval = approvalOf(journal, call)
  if (!approval) throw new PolicyError('approval.void', `the approval of ${call.id} is not in the ledger`)
  if (context.clock.now() >= approval.expiresAt) {
    throw new PolicyError('approval.expired', 'the approval ran out before the call could be made')
  }
  if (digestOf(context, permit, approval.expiresAt) !== approval.digest) {
    throw new PolicyError(
      'approval.void',
      'what would be sent now, or the rules for it, are not what was approved',
    )
  }
}

/** With the rules in force now: what was changed or taken away since the run began is not what a person let through. */
function digestOf(context: RunContext, { tool, request, facts }: Permit, expiresAt: number): string {
  const { run, event, agent, current } = context
  const now = current()
  const nowAgent = now.agents.get(agent.name)
  const nowGrant = nowAgent?.grants.find((candidate) => candidate.tool === tool.name)
  const nowTool = now.tools.get(tool.name)
  if (!nowAgent || !nowGrant || !nowTool) {
    throw new PolicyError('approval.void', `the agent may no longer use ${tool.name}`)
  }
  return approvalDigest({
    runId: run.id,
    eventId: event.id,
    agent: agent.name,
    tool: tool.name,
    requestDigest: request.digest,
    facts,
    rulesDigest: rulesDigest(nowAgent.mode, nowGrant, nowTool),
    expiresAt,
  })
}
