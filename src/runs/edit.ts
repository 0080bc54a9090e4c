import { AppError, PolicyError } from '../domain/errors.js'
import type { Tool } from '../domain/tool.js'
import type { ToolCall } from '../domain/tool-call.js'
import { parseArguments } from '../tools/arguments.js'
import { JsonError, type JsonObject, parseJson, stringifyJson } from '../util/json.js'

/** The arguments of a call as they stand. Throws `command.failed` where they are no object. */
export function argumentsOf({ editedArguments, argumentsText }: ToolCall): JsonObject {
  const text = editedArguments ?? argumentsText
  if (text.trim() === '') return {}
  try {
    const value = parseJson(Buffer.from(text))
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
  }
  throw new AppError('command.failed', 'its arguments are no JSON object; nothing was changed')
}

/**
 * The text of changed arguments. What does not fit the tool is refused here, so that a slip is not what the daemon
 * decides on; without a tool (its configuration does not load) the daemon alone judges.
 */
export function editedText(before: JsonObject, after: JsonObject, tool: Tool | undefined): string {
  const text = stringifyJson(after)
  try {
    if (tool) parseArguments(tool, text)
  } catch (cause) {
    if (!(cause instanceof PolicyError)) throw cause
    throw new AppError('command.failed', `${cause.message}; nothing was changed`)
  }
  if (text === stringifyJson(before)) {
    throw new AppError('command.usage', 'this changes nothing: its arguments are so already')
  }
  return text
}
