import type { ModelSettings } from '../domain/agent.js'
import { createAutoModel } from './auto.js'
import type { Model } from './model.js'
import { createChatModel } from './openai-chat.js'
import type { OpenAiDependencies } from './openai-exchange.js'
import { createResponsesModel } from './openai-responses.js'

/** OpenAI and every endpoint that speaks one of its two APIs. */
export function createOpenAiModel(settings: ModelSettings, dependencies: OpenAiDependencies): Model {
  if (settings.api === 'responses') return createResponsesModel(settings, dependencies)
  if (settings.api === 'chat') return createChatModel(settings, dependencies)
  return createAutoModel({
    responses: createResponsesModel(settings, dependencies),
    chat: createChatModel(settings, dependencies),
  })
}
