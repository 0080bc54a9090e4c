import { onTestFinished } from 'vitest'
import type { ModelSettings } from '../../src/domain/agent.js'
import { ModelError } from '../../src/domain/errors.js'
import type {
  ConversationItem,
  Model,
  ModelAnswer,
  ModelApi,
  ModelRequest,
  ToolSchema,
} from '../../src/models/model.js'
import type { OpenAiDependencies } from '../../src/models/openai-exchange.js'
import { systemClock } from '../../src/util/clock.js'
import { createFetch } from '../../src/util/fetch.js'
import { type Respond, startModelEndpoint } from './model-endpoint.js'

export type CreateModel = (settings: ModelSettings, dependencies: OpenAiDependencies) => Model

/** As the daemon has it. */
const fetch = createFetch({ allowPrivate: true, maxBytes: 32 * 1024 * 1024 })
export const dependencies: OpenAiDependencies = { fetch, clock: systemClock }

export const lookUp: ToolSchema = {
  name: 'look_up',
  description: 'Looks something up.',
  parameters: { type: 'object', properties: { id: { type: 'string' } }, additionalProperties: false },
}

export function modelSettings(over: Partial<ModelSettings> = {}): ModelSettings {
  return {
    name: 'default',
    baseUrl: 'http://127.0.0.1:9/v1',
    apiKey: 'sk-test-0123456789',
    model: 'test-model',
    api: 'responses',
    timeoutMs: 20_000,
    maxOutputTokens: undefined,
    price: undefined,
    ...over,
  }
}

export function modelRequest(over: Partial<ModelRequest> = {}): ModelRequest {
  return {
    agent: 'tester',
    instructions: 'Be brief.',
    conversation: [{ kind: 'input', text: 'what failed?' }],
    tools: [lookUp],
    ...over,
  }
}

/** The conversation after `answer`, each of its calls given one output. */
export function continued(
  conversation: readonly ConversationItem[],
  { api, items, calls }: ModelAnswer,
  output = '{"ok":true}',
): ConversationItem[] {
  return [
    ...conversation,
    { kind: 'answer', api, items },
    ...calls.map(({ callId }): ConversationItem => ({ kind: 'output', callId, text: output })),
  ]
}

/** A model whose endpoint answers as `respond` does, until the test is over. */
export async function modelAt(
  api: ModelApi,
  create: CreateModel,
  respond: Respond,
  over: Partial<ModelSettings> = {},
) {
  const endpoint = await startModelEndpoint(respond)
  onTestFinished(() => endpoint.close())
  return { model: create(modelSettings({ api, baseUrl: endpoint.url, ...over }), dependencies), endpoint }
}

export function anySignal(): AbortSignal {
  return new AbortController().signal
}

export async function rejectionOf(model: Model, request: ModelRequest): Promise<ModelError> {
  const outcome: unknown = await model.ask(request, anySignal()).catch((error: unknown) => error)
  if (!(outcome instanceof ModelError)) throw new Error('expected a ModelError', { cause: outcome })
  return outcome
}
