import { PolicyError } from '../domain/errors.js'
import type { Tool } from '../domain/tool.js'
import type { ToolOutput } from '../domain/tool-call.js'
import type { Journal } from '../store/records.js'
import type { ToolAnswer } from '../tools/tool.js'
import type { RunContext } from './context.js'
import { eventObject } from './event-object.js'
import { refusal } from './prompt.js'
import { isPassing, passingFault, readWithRetries } from './read.js'
import { refused } from './refused.js'
import type { Secrets } from './secrets.js'

/** Whether the model has been asked and has answered: from then on its own reads and facts tell the state of now. */
export function hasBegun({ steps }: Journal): boolean {
  return steps.some(({ isUsable }) => isUsable)
}

/**
 * Reads the subject with the agent's `refresh` tool and keeps the answer in the run, before the model is first
 * asked. What is bound comes from the event alone. A refusal is an answer and is kept as one; an API that is away
 * for a moment says nothing, and the run waits for it: throws ToolError. False where the agent has no such tool.
 */
export async function refresh(context: RunContext): Promise<boolean> {
  const { agent, config, store, lease, clock } = context
  if (agent.refresh === undefined) return false
  const tool = config.tools.get(agent.refresh)
  const output = tool
    ? await read(context, tool)
    : refusal('policy.unknown_tool', `there is no tool "${agent.refresh}"`, hint)
  const now = clock.now()
  await store.recordRefreshed(lease, { tool: agent.refresh, at: now, output }, now)
  return true
}

const hint = 'The state of now is not known; read it yourself where a tool can, or say so.'

async function read(context: RunContext, tool: Tool): Promise<ToolOutput> {
  const { event, tools, signal } = context
  try {
    const bindings = { ids: event.ids, args: {}, facts: {}, event: eventObject(context), marker: undefined }
    const answer = await readWithRetries(context, tool, tools.freeze(tool, bindings))
    if (signal.aborted) throw signal.reason
    if (isPassing(answer)) throw passingFault(tool, answer)
    return outputOf(tool, answer, context.secrets)
  } catch (error) {
    // An event of a source that does not yield the id: there is nothing that could be read.
    if (error instanceof PolicyError) return refusal(error.code, error.message, hint)
    throw error
  }
}

function outputOf(tool: Tool, answer: ToolAnswer, secrets: Secrets): ToolOutput {
  if (answer.kind !== 'answered') return refusal(answer.error.code, answer.error.message, hint)
  const { status } = answer
  const result = secrets.redactJson(answer.result)
  if (status < 300) return { ok: true, status, result }
  if (status < 400) return refused(answer, secrets)
  return { ...refusal('tool.status', `${tool.name}: the API answered ${status}`, hint), result }
}
