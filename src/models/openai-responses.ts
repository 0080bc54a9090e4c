import type {
  FunctionTool,
  ResponseCreateParamsNonStreaming,
  ResponseInputItem,
} from 'openai/resources/responses/responses'
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

/**
 * The Responses API. Nothing is kept at the vendor: `store: false`, the reasoning comes along encrypted, and
 * every request carries the whole conversation, output items as they came. Rejects as `Model.ask` says.
 */
export function createResponsesModel(settings: ModelSettings, dependencies: OpenAiDependencies): Model {
  // Models without reasoning answer 400 to the wish for it; learnt once, then left out.
  let includesReasoning = true
  const askOnce = async (request: ModelRequest, signal: AbortSignal): Promise<ModelAnswer> => {
    const params = paramsOf(settings, request, includesReasoning)
    const received = await exchange(
      settings,
      dependencies,
      params,
      (client, options) => client.responses.create(params, options),
      signal,
    )
    return answerOf(settings, request, received, dependencies.clock.now())
  }
  return {
    async ask(request, signal) {
      requireApi(settings, request.conversation, 'responses')
      const included = includesReasoning
      return adapting(
        () => askOnce(request, signal),
        (parameter) => {
          if (parameter !== 'include' || !included) return false
          includesReasoning = false
          return true
        },
      )
    },
  }
}

function paramsOf(
  settings: ModelSettings,
  { instructions, conversation, tools }: ModelRequest,
  includesReasoning: boolean,
): ResponseCreateParamsNonStreaming {
  return {
    model: settings.model,
    instructions,
    input: conversation.flatMap(inputItems),
    store: false,
    ...(includesReasoning ? { include: ['reasoning.encrypted_content'] } : {}),
    ...(settings.maxOutputTokens === undefined ? {} : { max_output_tokens: settings.maxOutputTokens }),
    ...(tools.length === 0 ? {} : { tools: tools.map(functionTool) }),
  }
}

function inputItems(item: ConversationItem): ResponseInputItem[] {
  if (item.kind === 'input') return [{ role: 'user', content: item.text }]
  if (item.kind === 'output')
    return [{ type: 'function_call_output', call_id: item.callId, output: item.text }]
  return item.items as unknown as ResponseInputItem[]
}

/** `strict` is on unless said otherwise here, and refuses schemas with optional arguments. */
function functionTool({ name, description, parameters }: ModelRequest['tools'][number]): FunctionTool {
  return { type: 'function', name, description, parameters, strict: false }
}

function answerOf(
  settings: ModelSettings,
  { conversation }: ModelRequest,
  received: Exchange,
  now: number,
): ModelAnswer {
  const { body, headers } = received
  const status = textOf(body['status'])
  const isIncomplete = status === 'incomplete'
  if (status === 'failed') {
    const vendor = vendorErrorOf(body) ?? { message: 'status "failed"', code: undefined, param: undefined }
    throw errorInAnswer(settings, vendor, headers, now)
  }
  if (status !== undefined && status !== 'completed' && !isIncomplete) {
    throw malformed(settings, 'a response that is not finished')
  }
  const output = listOf(body['output']) ?? (isIncomplete ? [] : undefined)
  if (output === undefined) throw malformed(settings, 'no "output" list')
  if (output.length === 0 && !isIncomplete) throw malformed(settings, 'an empty "output" list')
  const objects = output.map((item) => {
    const object = objectOf(item)
    if (object === undefined) throw malformed(settings, 'an output item that is not an object')
    return object
  })
  const callItems = objects.filter((item) => item['type'] === 'function_call')
  const isTruncated = isIncomplete || callItems.some((item) => item['status'] === 'incomplete')
  if (!isTruncated && callItems.some((item) => !textOf(item['name']))) {
    throw malformed(settings, 'a tool call without a name')
  }
  const calls = settleCalls(settings, callItems.map(foundCall), conversation)
  const items = withCalls(objects, callItems, calls)
  const isFiltered = textOf(fieldOf(body['incomplete_details'], 'reason')) === 'content_filter'
  const { text, isRefused } = textIn(objects)
  return {
    api: 'responses',
    model: modelNameOf(settings, body),
    items,
    text,
    calls,
    finish: finishOf({ isTruncated: isTruncated && !isFiltered, isFiltered, isRefused, calls }),
    usage: usageOf(received, items),
    reportedCostUsd: reportedCost(received),
  }
}

function foundCall(item: JsonObject): FoundCall {
  return { callId: textOf(item['call_id']), name: textOf(item['name']), arguments: item['arguments'] }
}

/** The items as they came; a call whose id or arguments had to be settled is replaced by a copy that agrees. */
function withCalls(
  items: readonly JsonObject[],
  callItems: readonly JsonObject[],
  calls: readonly ModelCall[],
): JsonValue[] {
  return items.map((item) => {
    const call = calls[callItems.indexOf(item)]
    if (call === undefined) return item
    if (item['call_id'] === call.callId && item['arguments'] === call.argumentsText) return item
    return { ...item, call_id: call.callId, arguments: call.argumentsText }
  })
}

function textIn(items: readonly JsonObject[]): { text: string; isRefused: boolean } {
  const contents = items.filter((item) => item['type'] === 'message').map((item) => item['content'])
  return {
    text: contents.map((content) => contentText(content, ['output_text', 'text', 'refusal'])).join('\n'),
    isRefused: contents.some((content) => partsText(content, ['refusal']) !== ''),
  }
}
