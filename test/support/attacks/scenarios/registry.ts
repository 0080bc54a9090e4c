import { boundScenarios } from './bound.js'
import { budgetScenarios } from './budgets.js'
import { egressScenarios } from './egress.js'
import { flowScenarios } from './flows.js'
import type { Scenarios } from './scenario.js'

/** What a case's circumstances are made of, by its id. The others are played as they stand. */
export const scenarios: Scenarios = {
  ...boundScenarios,
  ...budgetScenarios,
  ...flowScenarios,
  ...egressScenarios,
}
