import type { ModelApi } from '../../src/models/model.js'

export interface VendorCall {
  readonly id?: string | undefined
  readonly name: string
  readonly arguments: unknown
}

/** Bodies as each API sends them, for the answers that both can give. */
export interface VendorAnswers {
  readonly path: string
  text(text: string, usage?: object | null): Record<string, unknown>
  calls(calls: readonly VendorCall[]): Record<string, unknown>
  truncated(calls: readonly VendorCall[]): Record<string, unknown>
  filtered(): Record<string, unknown>
  refused(text: string): Record<string, unknown>
  /** 1000 in of which 400 from the cache, 20 out. */
  readonly usage: object
}

function response(output: unknown[], usage: object | null, extra: object = {}) {
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 1_795_000_000,
    status: 'completed',
    error: null,
    incomplete_details: null,
    model: 'test-model-2026',
    output,
    ...(usage === null ? {} : { usage }),
    ...extra,
  }
}

function outputMessage(part: object) {
  return { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content: [part] }
}

function functionCalls(calls: readonly VendorCall[], status = 'completed') {
  return calls.map(({ id, name, arguments: args }, index) => ({
    type: 'function_call',
    id: `fc_${index}`,
    ...(id === undefined ? {} : { call_id: id }),
    name,
    arguments: args,
    status,
  }))
}

const reasoning = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAA-opaque' }
const responsesUsage = {
  input_tokens: 1000,
  input_tokens_details: { cached_tokens: 400 },
  output_tokens: 20,
  total_tokens: 1020,
}

const responses: VendorAnswers = {
  path: '/v1/responses',
  usage: responsesUsage,
  text: (text, usage = responsesUsage) =>
    response([outputMessage({ type: 'output_text', text, annotations: [], logprobs: [] })], usage),
  calls: (calls) => response([reasoning, ...functionCalls(calls)], responsesUsage),
  truncated: (calls) =>
    response(functionCalls(calls, 'incomplete'), responsesUsage, {
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
    }),
  filtered: () =>
    response([], responsesUsage, { status: 'incomplete', incomplete_details: { reason: 'content_filter' } }),
  refused: (refusal) => response([outputMessage({ type: 'refusal', refusal })], responsesUsage),
}

function completion(message: object, reason: string | null, usage: object | null) {
  return {
    id: 'chatcmpl_1',
    object: 'chat.completion',
    created: 1_795_000_000,
    model: 'test-model-2026',
    choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason: reason }],
    ...(usage === null ? {} : { usage }),
  }
}

function toolCalls(calls: readonly VendorCall[]) {
  return calls.map(({ id, name, arguments: args }) => ({
    ...(id === undefined ? {} : { id }),
    type: 'function',
    function: { name, arguments: args },
  }))
}

const chatUsage = {
  prompt_tokens: 1000,
  prompt_tokens_details: { cached_tokens: 400 },
  completion_tokens: 20,
  total_tokens: 1020,
}

const chat: VendorAnswers = {
  path: '/v1/chat/completions',
  usage: chatUsage,
  text: (content, usage = chatUsage) => completion({ content, refusal: null }, 'stop', usage),
  calls: (calls) =>
    completion({ reasoning_content: 'thought of it', tool_calls: toolCalls(calls) }, 'tool_calls', chatUsage),
  truncated: (calls) => completion({ tool_calls: toolCalls(calls) }, 'length', chatUsage),
  filtered: () => completion({ content: '' }, 'content_filter', chatUsage),
  refused: (refusal) => completion({ refusal }, 'stop', chatUsage),
}

export const vendorAnswers: Readonly<Record<ModelApi, VendorAnswers>> = { responses, chat }
