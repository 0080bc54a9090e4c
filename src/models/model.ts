import type { Effect } from '../domain/tool.js'
import type { JsonObject, JsonValue } from '../util/json.js'

/** An LLM endpoint. One request, one answer; no retries, no state between requests. */
export interface Model {
  /**
   * Asks once. Rejects with ModelError (`retry` says when to come back), or with the signal's reason. An
   * answer that was truncated or filtered resolves, with `finish` saying so: none of its calls may be made.
   */
  ask(request: ModelRequest, signal: AbortSignal): Promise<ModelAnswer>
}

export interface ModelRequest {
  /** For the scripted model and for logs; never sent. */
  readonly agent: string
  readonly instructions: string
  readonly conversation: readonly ConversationItem[]
  readonly tools: readonly ToolSchema[]
}

export type ConversationItem =
  | { readonly kind: 'input'; readonly text: string }
  /** An earlier answer, replayed verbatim. */
  | { readonly kind: 'answer'; readonly api: ModelApi; readonly items: readonly JsonValue[] }
  /** Exactly one follows each call of an answer. */
  | { readonly kind: 'output'; readonly callId: string; readonly text: string }

export type ModelApi = 'responses' | 'chat'

export interface ToolSchema {
  readonly name: string
  readonly description: string
  /** JSON Schema of an object, `additionalProperties: false`. */
  readonly parameters: JsonObject
  /** For the scripted model, which without a script calls reads only; never sent. */
  readonly effect?: Effect
}

export interface ModelAnswer {
  readonly api: ModelApi
  /** The model that answered, as the endpoint names it. */
  readonly model: string
  /** The vendor's items (Responses: output items; Chat: the one assistant message), verbatim. */
  readonly items: readonly JsonValue[]
  readonly text: string
  readonly calls: readonly ModelCall[]
  readonly finish: 'stop' | 'calls' | 'truncated' | 'filtered' | 'refused'
  readonly usage: ModelUsage
  /** US dollars that the endpoint itself reports. */
  readonly reportedCostUsd: number | undefined
}

export interface ModelCall {
  readonly callId: string
  readonly name: string
  /** As the model wrote it: text that may not even be JSON. */
  readonly argumentsText: string
}

export interface ModelUsage {
  readonly inputTokens: number
  readonly cachedInputTokens: number
  readonly outputTokens: number
}
