import { createRequire } from 'node:module'
import type { ModelSettings } from '../domain/agent.js'
import type { ModelAnswer, ModelUsage } from './model.js'

type PriceTable = typeof import('@pydantic/genai-prices')

const perMillion = 1_000_000
let table: PriceTable | undefined

/**
 * What an answer cost in US dollars: what the endpoint reports, else by the configured price, else by the built-in
 * table, which knows vendors by the address of their API. Undefined when nobody knows, never 0: the same model
 * behind a proxy or on one's own machine has another price.
 */
export function costOf(
  settings: ModelSettings,
  answer: Pick<ModelAnswer, 'model' | 'usage' | 'reportedCostUsd'>,
): number | undefined {
  if (answer.reportedCostUsd !== undefined) return answer.reportedCostUsd
  if (settings.price !== undefined) return configuredCost(settings.price, answer.usage)
  return tableCost(settings, answer.model, answer.usage) ?? tableCost(settings, settings.model, answer.usage)
}

function configuredCost(
  { input, output, cachedInput }: NonNullable<ModelSettings['price']>,
  { inputTokens, cachedInputTokens, outputTokens }: ModelUsage,
): number {
  const fresh = inputTokens - cachedInputTokens
  return (fresh * input + cachedInputTokens * (cachedInput ?? input) + outputTokens * output) / perMillion
}

function tableCost(settings: ModelSettings, model: string, usage: ModelUsage): number | undefined {
  if (!URL.canParse(settings.baseUrl)) return undefined
  try {
    const priced = priceTable().calcPrice(
      {
        input_tokens: usage.inputTokens,
        cache_read_tokens: usage.cachedInputTokens,
        output_tokens: usage.outputTokens,
      },
      model,
      { providerApiUrl: settings.baseUrl },
    )
    return priced?.total_price
  } catch {
    // The table refuses usage that a model has no price for.
    return undefined
  }
}

/** 33 ms and 20 MB, so not before the first answer that needs it. */
function priceTable(): PriceTable {
  table ??= createRequire(import.meta.url)('@pydantic/genai-prices') as PriceTable
  return table
}
