import type { Limits } from './agent.js'
import type { ErrorCode } from './errors.js'
import type { RunUsage } from './run.js'

export interface LimitReached {
  readonly code: ErrorCode
  readonly message: string
}

/** The first bound that the run has used up, before another turn is begun. */
export function limitReached(limits: Limits, usage: RunUsage): LimitReached | undefined {
  const tokens = usage.inputTokens + usage.outputTokens
  if (usage.turns >= limits.turns)
    return { code: 'limit.turns', message: `used ${usage.turns} of ${limits.turns} turns` }
  if (usage.calls >= limits.calls)
    return { code: 'limit.calls', message: `used ${usage.calls} of ${limits.calls} tool calls` }
  if (tokens >= limits.tokens)
    return { code: 'limit.tokens', message: `used ${tokens} of ${limits.tokens} tokens` }
  if (limits.costUsd !== undefined && usage.costUsd !== undefined && usage.costUsd >= limits.costUsd) {
    return {
      code: 'limit.cost',
      message: `used ${usage.costUsd.toFixed(4)} of ${limits.costUsd.toFixed(2)} USD`,
    }
  }
  if (usage.activeMs >= limits.timeMs) {
    return {
      code: 'limit.time',
      message: `ran for ${Math.round(usage.activeMs / 1000)} of ${Math.round(limits.timeMs / 1000)} seconds`,
    }
  }
  return undefined
}
