import { ModelError } from '../domain/errors.js'
import type { Model, ModelApi, ModelRequest } from './model.js'

/**
 * Finds out which API an endpoint speaks and keeps to it: Responses, because the newest OpenAI models take tools
 * on no other, or Chat Completions where the endpoint says that it does not know Responses. Any other error is
 * the request's own and changes nothing. A run stays on the API of its first answer.
 *
 * One for each endpoint and model; what it learnt lasts as long as it does and costs one request to learn again.
 */
export function createAutoModel(apis: Readonly<Record<ModelApi, Model>>): Model {
  let learnt: ModelApi | undefined
  return {
    async ask(request, signal) {
      const api = apiOf(request) ?? learnt
      if (api !== undefined) {
        const answer = await apis[api].ask(request, signal)
        learnt ??= api
        return answer
      }
      try {
        const answer = await apis.responses.ask(request, signal)
        learnt = 'responses'
        return answer
      } catch (error) {
        if (!isEndpointUnknown(error)) throw error
      }
      try {
        const answer = await apis.chat.ask(request, signal)
        learnt = 'chat'
        return answer
      } catch (error) {
        // Any word from the endpoint itself, also a refusal, shows that it is there.
        if (error instanceof ModelError && hasStatus(error) && !isEndpointUnknown(error)) learnt = 'chat'
        throw error
      }
    },
  }
}

function apiOf({ conversation }: ModelRequest): ModelApi | undefined {
  return conversation.find((item) => item.kind === 'answer')?.api
}

function isEndpointUnknown(error: unknown): boolean {
  return error instanceof ModelError && error.details['endpoint'] === 'unknown'
}

function hasStatus(error: ModelError): boolean {
  const status = error.details['status']
  return typeof status === 'number' && status < 500
}
