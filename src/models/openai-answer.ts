import type { ModelSettings } from '../domain/agent.js'
import { ModelError } from '../domain/errors.js'
import { type JsonObject, type JsonValue, stringifyJson } from '../util/json.js'
import { countOf, fieldOf, listOf, textOf } from './fields.js'
import type { ConversationItem, ModelAnswer, ModelApi, ModelCall, ModelUsage } from './model.js'
import { malformed } from './openai-errors.js'
import type { Exchange } from './openai-exchange.js'
import { estimateTokens } from './tokens.js'

/** Rejects a conversation with answers of the other API: their items mean nothing to this one. */
export function requireApi(
  settings: ModelSettings,
  conversation: readonly ConversationItem[],
  api: ModelApi,
): void {
  const other = conversation.find((item) => item.kind === 'answer' && item.api !== api)
  if (other === undefined) return
  throw new ModelError(
    'model.rejected',
    `the run began on another API than "${api}" and its answers cannot be translated; set models.${settings.name}.api back, or replay the event`,
  )
}

/** A call as the vendor's item has it, before its id is settled. */
export interface FoundCall {
  readonly callId: string | undefined
  readonly name: string | undefined
  readonly arguments: JsonValue | undefined
}

/**
 * Settles the ids of an answer's calls. Some compatible servers leave ids out or begin anew each turn; such a
 * call is named `call_<turn>_<n>`, the same on every reading, and the caller writes that name into its copy of
 * the item, the one deviation from "verbatim": without it no output could name its call.
 *
 * Arguments stay the text that the model wrote; a server that sends an object has its JSON text taken.
 */
export function settleCalls(
  settings: ModelSettings,
  found: readonly FoundCall[],
  conversation: readonly ConversationItem[],
): ModelCall[] {
  const used = new Set(conversation.map((item) => (item.kind === 'output' ? item.callId : undefined)))
  const turn = conversation.filter((item) => item.kind === 'answer').length
  const given = found.flatMap((call) => (call.callId ? [call.callId] : []))
  if (new Set(given).size !== given.length) throw malformed(settings, 'two tool calls with one id')
  return found.map((call, index) => {
    const isUsable = call.callId !== undefined && call.callId !== '' && !used.has(call.callId)
    return {
      callId: isUsable
        ? (call.callId ?? '')
        : unusedId(`call_${turn}_${index}`, new Set([...used, ...given])),
      name: call.name ?? '',
      argumentsText: argumentsText(call.arguments),
    }
  })
}

function unusedId(wanted: string, used: ReadonlySet<string | undefined>): string {
  let id = wanted
  while (used.has(id)) id = `${id}_`
  return id
}

function argumentsText(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : stringifyJson(value)
}

/** In the order of danger: of an answer that was cut off, withheld or is a refusal nothing may be done. */
export function finishOf(answer: {
  readonly isTruncated: boolean
  readonly isFiltered: boolean
  readonly isRefused: boolean
  readonly calls: readonly ModelCall[]
}): ModelAnswer['finish'] {
  if (answer.isTruncated) return 'truncated'
  if (answer.isFiltered) return 'filtered'
  if (answer.isRefused) return 'refused'
  return answer.calls.length > 0 ? 'calls' : 'stop'
}

/**
 * Tokens as the endpoint counts them, under either API's names. Where it does not count (no usage, or no input
 * tokens, which no request has) they are estimated at four bytes a token, so that a run's token limit binds
 * there too.
 */
export function usageOf({ body, requestBytes }: Exchange, items: readonly JsonValue[]): ModelUsage {
  const usage = fieldOf(body, 'usage')
  const input = countOf(fieldOf(usage, 'input_tokens')) ?? countOf(fieldOf(usage, 'prompt_tokens')) ?? 0
  const output = countOf(fieldOf(usage, 'output_tokens')) ?? countOf(fieldOf(usage, 'completion_tokens'))
  const details = fieldOf(usage, 'input_tokens_details') ?? fieldOf(usage, 'prompt_tokens_details')
  const cached =
    countOf(fieldOf(details, 'cached_tokens')) ?? countOf(fieldOf(usage, 'prompt_cache_hit_tokens')) ?? 0
  const isCounted = input > 0
  const inputTokens = Math.round(isCounted ? input : estimateTokens(requestBytes))
  const isOutputCounted = output !== undefined && (isCounted || output > 0)
  return {
    inputTokens,
    cachedInputTokens: Math.min(Math.round(cached), inputTokens),
    outputTokens: Math.round(
      isOutputCounted ? output : estimateTokens(Buffer.byteLength(stringifyJson([...items]))),
    ),
  }
}

/** What the endpoint says that the answer cost: OpenRouter and Perplexity in `usage`, LiteLLM in a header. */
export function reportedCost({ body, headers }: Exchange): number | undefined {
  const cost = fieldOf(fieldOf(body, 'usage'), 'cost')
  const header = headers.get('x-litellm-response-cost')
  return (
    countOf(cost) ?? countOf(fieldOf(cost, 'total_cost')) ?? (header ? countOf(Number(header)) : undefined)
  )
}

export function modelNameOf(settings: ModelSettings, body: JsonObject): string {
  return textOf(body['model']) || settings.model
}

/** Asks, and asks once more without a parameter that the endpoint turns out not to take. */
export async function adapting<T>(ask: () => Promise<T>, drop: (parameter: string) => boolean): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    const parameter = error instanceof ModelError ? textOf(error.details['parameter']) : undefined
    if (parameter === undefined || !drop(parameter)) throw error
    return ask()
  }
}

/** A message's text: its content, or the parts of it that are of these kinds. */
export function contentText(content: JsonValue | undefined, kinds: readonly string[]): string {
  return typeof content === 'string' ? content : partsText(content, kinds)
}

export function partsText(content: JsonValue | undefined, kinds: readonly string[]): string {
  return (listOf(content) ?? [])
    .filter((part) => kinds.includes(textOf(fieldOf(part, 'type')) ?? ''))
    .map((part) => textOf(fieldOf(part, 'text')) ?? textOf(fieldOf(part, 'refusal')) ?? '')
    .join('')
}
