import { ToolError } from '../domain/errors.js'
import type { Tool } from '../domain/tool.js'
import type { FrozenRequest } from '../domain/tool-call.js'
import type { ToolAnswer } from '../tools/tool.js'
import { backoffMs } from '../util/backoff.js'
import { sleep } from '../util/clock.js'
import type { RunContext } from './context.js'
import { send } from './send.js'

const maxTries = 3
/** A longer wait that the API asks for is not spent here, with the worker held. */
const maxWaitMs = 5000

/** Makes a read, and makes it again when the API was busy or away for a moment: reads change nothing. */
export async function readWithRetries(
  context: RunContext,
  tool: Tool,
  request: FrozenRequest,
): Promise<ToolAnswer> {
  for (let attempt = 1; ; attempt++) {
    const answer = await send(context, tool, request, {
      credential: credentialOf(context, tool),
      idempotencyKey: undefined,
      signal: context.signal,
    })
    if (attempt === maxTries || !isPassing(answer)) return answer
    const asked = answer.kind === 'answered' ? answer.retryAfterMs : undefined
    if (asked !== undefined && asked > maxWaitMs) return answer
    await sleep(asked ?? backoffMs(attempt, { firstMs: 250, maxMs: maxWaitMs }), context.signal)
  }
}

export function credentialOf({ config }: RunContext, tool: Tool) {
  return tool.credential === undefined ? undefined : config.credentials.get(tool.credential)
}

/** Whether the API may well answer otherwise in a while. */
export function isPassing(answer: ToolAnswer): boolean {
  if (answer.kind === 'answered') return answer.status === 429 || answer.status >= 500
  return answer.error.retry !== 'never'
}

/** What a run waits on when an answer that it cannot do without does not come. */
export function passingFault(tool: Tool, answer: ToolAnswer): ToolError {
  if (answer.kind !== 'answered') return answer.error
  const { status, retryAfterMs } = answer
  return new ToolError('tool.status', `${tool.name}: the API answered ${status}`, {
    retry: retryAfterMs === undefined ? 'later' : { afterMs: retryAfterMs },
  })
}
