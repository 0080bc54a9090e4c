import type { Limits } from '../domain/agent.js'
import type { LimitReached } from '../domain/limits.js'
import type { ToolCall, ToolCallState } from '../domain/tool-call.js'

const unsuccessful: readonly ToolCallState[] = ['denied', 'expired', 'rejected', 'failed']

/** The bound on a run's tool calls that it has reached, before another turn is begun. Pure. */
export function callBoundReached(limits: Limits, calls: readonly ToolCall[]): LimitReached | undefined {
  const denials = calls.filter(({ state, output }) => state === 'denied' && output !== undefined).length
  if (denials >= limits.denials) {
    return { code: 'limit.denials', message: `${denials} of the run's tool calls were denied` }
  }
  let errorsInARow = 0
  for (const { state } of calls) errorsInARow = unsuccessful.includes(state) ? errorsInARow + 1 : 0
  if (errorsInARow >= limits.consecutiveErrors) {
    return {
      code: 'limit.consecutive_errors',
      message: `the last ${errorsInARow} tool calls did not succeed`,
    }
  }
  const seen = new Map<string, number>()
  for (const { tool, argumentsText } of calls) {
    const call = `${tool} ${argumentsText}`
    const count = (seen.get(call) ?? 0) + 1
    seen.set(call, count)
    if (count > limits.identicalCalls) {
      return {
        code: 'limit.identical_calls',
        message: `${tool} was called ${count} times with the same arguments`,
      }
    }
  }
  return undefined
}
