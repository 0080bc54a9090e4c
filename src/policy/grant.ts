import type { Grant } from '../domain/agent.js'
import { PolicyError } from '../domain/errors.js'
import type { Ids } from '../domain/event.js'
import type { JsonObject } from '../util/json.js'

export interface GrantBindings {
  readonly ids: Ids
  readonly args: JsonObject
  readonly facts: JsonObject
  readonly event: JsonObject
}

/**
 * Throws PolicyError `policy.constraint` unless the grant has no `if` or it is exactly `true`. False, an
 * error, a missing value and anything that is no boolean deny. The message is for the model; the expression
 * and the reason are in `details`.
 */
export function checkGrant(grant: Grant, { ids, args, facts, event }: GrantBindings): void {
  const { condition } = grant
  if (!condition) return
  let result: unknown
  try {
    result = condition.evaluate({ ids: { ...ids }, args, facts, event })
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : 'an error'
    throw denied(grant, condition.source, 'could not be decided', reason, cause)
  }
  if (result === true) return
  if (result === false) throw denied(grant, condition.source, 'is not met', 'false')
  throw denied(grant, condition.source, 'could not be decided', `gave ${typeof result}, not a boolean`)
}

function denied(
  grant: Grant,
  condition: string,
  outcome: string,
  reason: string,
  cause?: unknown,
): PolicyError {
  return new PolicyError(
    'policy.constraint',
    `the condition under which this agent may use ${grant.tool} ${outcome}`,
    { details: { tool: grant.tool, condition, reason }, cause },
  )
}
