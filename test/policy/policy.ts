import type { Grant } from '../../src/domain/agent.js'
import { PolicyError } from '../../src/domain/errors.js'
import { compileExpression } from '../../src/util/cel.js'

export function aGrant(changes: Partial<Grant> & { if?: string } = {}): Grant {
  const { if: source, ...rest } = changes
  return {
    tool: 'refund',
    gate: 'approve',
    condition:
      source === undefined ? undefined : compileExpression(source, ['args', 'facts', 'ids', 'event']),
    max: [],
    sum: [],
    approvalTtlMs: 60_000,
    remindMs: undefined,
    ...rest,
  }
}

/** The code of the PolicyError that `decide` throws, or `allowed`. */
export function verdictOf(decide: () => unknown): string {
  try {
    decide()
  } catch (error) {
    if (error instanceof PolicyError) return error.code
    throw error
  }
  return 'allowed'
}
