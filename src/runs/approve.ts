import { PolicyError } from '../domain/errors.js'
import type { RunOutcome } from '../domain/run.js'
import type { ToolCall } from '../domain/tool-call.js'
import { approvalDigest } from '../policy/gate.js'
import type { Journal } from '../store/records.js'
import { newId } from '../util/id.js'
import type { RunContext } from './context.js'
import type { Permit } from './permit.js'

/** Asks a person about the exact request. The run parks and its worker is free. */
export async function askPerson(context: RunContext, call: ToolCall, permit: Permit): Promise<RunOutcome> {
  const { store, lease, run, event, agent, clock } = context
  const now = clock.now()
  const expiresAt = now + permit.grant.approvalTtlMs
  await store.requestApproval(
    lease,
    {
      id: newId('apr'),
      runId: run.id,
      toolCallId: call.id,
      eventId: event.id,
      agent: agent.name,
      tool: permit.tool.name,
      request: permit.request,
      digest: digestOf(context, permit, expiresAt),
      expiresAt,
    },
    now,
  )
  return { state: 'parked', on: 'approval' }
}

/**
 * Checks an approved call once more, just before it is made: what would be sent now is byte for byte what the
 * person saw, and the time is not over. Throws PolicyError `approval.void` or `approval.expired`.
 */
export function checkApproval(context: RunContext, journal: Journal, call: ToolCall, permit: Permit): void {
  const approval = journal.approvals.find(({ id }) => id === call.approvalId)
  if (!approval) throw new PolicyError('approval.void', `the approval of ${call.id} is not in the ledger`)
  if (context.clock.now() >= approval.expiresAt) {
    throw new PolicyError('approval.expired', 'the approval ran out before the call could be made')
  }
  if (digestOf(context, permit, approval.expiresAt) !== approval.digest) {
    throw new PolicyError('approval.void', 'what would be sent now is not what was approved')
  }
}

function digestOf(
  { run, event, agent, config }: RunContext,
  { tool, request }: Permit,
  expiresAt: number,
): string {
  return approvalDigest({
    runId: run.id,
    eventId: event.id,
    agent: agent.name,
    tool: tool.name,
    requestDigest: request.digest,
    configDigest: config.digest,
    expiresAt,
  })
}
