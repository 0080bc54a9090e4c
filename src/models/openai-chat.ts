import type {
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions'
import type { ModelSettings } from '../domain/agent.js'
import type { JsonObject, JsonValue } from '../util/json.js'
import { fieldOf, listOf, objectOf, textOf } from './fields.js'
import type { ConversationItem, Model, ModelAnswer, ModelCall, ModelRequest } from './model.js'
import {
  adapting,
  contentText,
  type FoundCall,
  finishOf,
  modelNameOf,
  partsText,
  reportedCost,
  requireApi,
  settleCalls,
  usageOf,
} from './openai-answer.js'
import { errorInAnswer, malformed, vendorErrorOf } from './openai-errors.js'
import { type Exchange, exchange, type OpenAiDependencies } from './openai-exchange.js'

/** The older and the newer name of the same limit. Reasoning models refuse the older, some servers the newer. */
type TokenParameter = 'max_completion_tokens' | 'max_tokens'

/**
 * The Chat Completions API, which most compatible servers speak. An assistant message is kept and sent again
 * with every field it came with, known or not: some servers need their own `reasoning_content` back.
 */
export function createChatModel(settings: ModelSettings, dependencies: OpenAiDependencies): Model {
  let tokenParameter: TokenParameter = 'max_completion_tokens'
  const askOnce = async (request: ModelRequest, signal: AbortSignal): Promise<ModelAnswer> => {
    const params = paramsOf(settings, request, tokenParameter)
    const received = await exchange(
      settings,
      dependencies,
      params,
      (client, options) => client.chat.completions.create(params, options),
      signal,
    )
    return answerOf(settings, request, received, dependencies.clock.now())
  }
  return {
    async ask(request, signal) {
      requireApi(settings, request.conversation, 'chat')
      const asked = tokenParameter
      return adapting(
        () => askOnce(request, signal),
        (parameter) => {
          if (parameter !== 'max_completion_tokens' || asked !== parameter) return false
          tokenParameter = 'max_tokens'
          return true
        },
      )
    },
  }
}

function paramsOf(
  settings: ModelSettings,
  { instructions, conversation, tools }: ModelRequest,
  tokenParameter: TokenParameter,
): ChatCompletionCreateParamsNonStreaming {
  return {
    model: settings.model,
    messages: [{ role: 'system', content: instructions }, ...conversation.flatMap(messages)],
    ...(settings.maxOutputTokens === undefined ? {} : { [tokenParameter]: settings.maxOutputTokens }),
    ...(tools.length === 0
      ? {}
      : { tools: tools.map((tool) => ({ type: 'function', function: definition(tool) })) }),
  }
}

function messages(item: ConversationItem): ChatCompletionMessageParam[] {
  if (item.kind === 'input') return [{ role: 'user', content: item.text }]
  if (item.kind === 'output') return [{ role: 'tool', tool_call_id: item.callId, content: item.text }]
  return item.items as unknown as ChatCompletionMessageParam[]
}

function definition({ name, description, parameters }: ModelRequest['tools'][number]) {
  return { name, description, parameters }
}

const truncatedReasons = ['length', 'max_tokens', 'max_output_tokens', 'model_length']
const filteredReasons = [
  'content_filter',
  'safety',
  'recitation',
  'blocklist',
  'prohibited_content',
  'sensitive',
]

function answerOf(
  settings: ModelSettings,
  { conversation }: ModelRequest,
  received: Exchange,
  now: number,
): ModelAnswer {
  const { body, headers } = received
  const choice = listOf(body['choices'])?.[0]
  const vendor = vendorErrorOf(choice)
  if (vendor !== undefined) throw errorInAnswer(settings, vendor, headers, now)
  const message = objectOf(fieldOf(choice, 'message'))
  if (message === undefined) throw malformed(settings, 'no message in "choices"')
  const reason = (textOf(fieldOf(choice, 'finish_reason')) ?? '').toLowerCase()
  if (reason === 'error') throw malformed(settings, 'finish_reason "error"')
  const isTruncated = truncatedReasons.includes(reason)
  const found = callsIn(settings, message)
  if (!isTruncated && found.some((call) => !call.name))
    throw malformed(settings, 'a tool call without a name')
  const calls = settleCalls(settings, found, conversation)
  const items = [withCalls(message, calls)]
  const refusal = textOf(message['refusal']) || partsText(message['content'], ['refusal'])
  return {
    api: 'chat',
    model: modelNameOf(settings, body),
    items,
    text: contentText(message['content'], ['text', 'output_text']) || refusal,
    calls,
    finish: finishOf({
      isTruncated,
      isFiltered: filteredReasons.includes(reason),
      isRefused: refusal !== '' || reason === 'refusal',
      calls,
    }),
    usage: usageOf(received, items),
    reportedCostUsd: reportedCost(received),
  }
}

/** `tool_calls`, or the `function_call` that came before it. */
function callsIn(settings: ModelSettings, message: JsonObject): FoundCall[] {
  const list = message['tool_calls'] ?? undefined
  if (list !== undefined && listOf(list) === undefined)
    throw malformed(settings, '"tool_calls" that is not a list')
  const legacy = objectOf(message['function_call'])
  const entries = listOf(list) ?? []
  if (entries.length === 0 && legacy !== undefined) return [foundCall(undefined, legacy)]
  return entries.map((entry) => {
    if (objectOf(entry) === undefined) throw malformed(settings, 'a tool call that is not an object')
    return foundCall(fieldOf(entry, 'id'), fieldOf(entry, 'function'))
  })
}

function foundCall(id: JsonValue | undefined, called: JsonValue | undefined): FoundCall {
  return {
    callId: textOf(id),
    name: textOf(fieldOf(called, 'name')),
    arguments: fieldOf(called, 'arguments'),
  }
}

/**
 * The message as it came. Where an id or arguments had to be settled, or the call came in the older form, a copy
 * whose `tool_calls` agree with what the outputs will name. A `role` that was left out is put in: no server takes
 * a message without one.
 */
function withCalls(message: JsonObject, calls: readonly ModelCall[]): JsonObject {
  const entries = listOf(message['tool_calls']) ?? []
  const isSettled = calls.every((call, index) => {
    const entry = entries[index]
    const text = fieldOf(fieldOf(entry, 'function'), 'arguments')
    return fieldOf(entry, 'id') === call.callId && text === call.argumentsText
  })
  const { function_call: legacy, ...rest } = message
  const whole = message['role'] === undefined ? { role: 'assistant', ...message } : message
  if (isSettled) return whole
  const toolCalls = calls.map((call, index): JsonObject => {
    const entry = objectOf(entries[index]) ?? { type: 'function', function: legacy ?? null }
    const called = { ...objectOf(entry['function']), name: call.name, arguments: call.argumentsText }
    return { type: 'function', ...entry, id: call.callId, function: called }
  })
  return { role: 'assistant', ...rest, tool_calls: toolCalls }
}
