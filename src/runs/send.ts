import { requestSpan, statusAttributes } from '../domain/spans.js'
import type { Tool } from '../domain/tool.js'
import type { FrozenRequest } from '../domain/tool-call.js'
import type { SendOptions, ToolAnswer } from '../tools/tool.js'
import { within } from '../util/trace.js'
import type { RunContext } from './context.js'

/** One request of a tool, in a span of its own that the request names. See `ToolClient.send`. */
export function send(
  { tools, span: around }: RunContext,
  tool: Tool,
  request: FrozenRequest,
  options: SendOptions,
): Promise<ToolAnswer> {
  if (around === undefined) return tools.send(tool, request, options)
  return within(around, requestSpan(tool), async (span) => {
    const answer = await tools.send(tool, request, { ...options, traceparent: span?.traceparent })
    if (answer.kind === 'answered') span?.set(statusAttributes(answer.status))
    if (answer.kind !== 'answered') span?.fail(answer.error.code)
    else if (answer.status >= 400) span?.fail(String(answer.status))
    return answer
  })
}
