import type { Config } from '../config/config.js'
import type { Agent, ModelSettings } from '../domain/agent.js'
import { costOf } from '../models/price.js'
import { type Reach, reachOf } from '../policy/reach.js'

/** How far an agent of this configuration reaches, whatever its model says. */
export function blastRadius(agent: Agent, config: Config): Reach {
  const { tools, agents, sources } = config
  const model = config.models.get(agent.model)
  return reachOf(agent, { tools, agents, sources, isPriced: model !== undefined && isPriced(model) })
}

/** Whether the ledger will know what an answer of the model cost. */
export function isPriced(model: ModelSettings): boolean {
  const usage = { inputTokens: 1000, cachedInputTokens: 0, outputTokens: 100 }
  return costOf(model, { model: model.model, usage, reportedCostUsd: undefined }) !== undefined
}
