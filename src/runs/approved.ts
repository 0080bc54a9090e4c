import type { Approval } from '../domain/approval.js'
import { PolicyError } from '../domain/errors.js'
import type { ToolCall } from '../domain/tool-call.js'
import { changedFacts } from '../policy/facts.js'
import type { Journal } from '../store/records.js'
import type { JsonObject } from '../util/json.js'

/** The approval of a call that a person let through. */
export function approvalOf(journal: Journal, call: ToolCall): Approval | undefined {
  return call.state === 'approved' ? journal.approvals.find(({ id }) => id === call.approvalId) : undefined
}

/** What the person saw must still be so. Throws PolicyError `approval.void`. */
export function checkFacts(approval: Approval | undefined, facts: JsonObject): void {
  const changed = approval ? changedFacts(approval.facts, facts) : []
  if (changed.length > 0) {
    throw new PolicyError(
      'approval.void',
      `since it was approved, these facts changed: ${changed.join(', ')}`,
    )
  }
}
