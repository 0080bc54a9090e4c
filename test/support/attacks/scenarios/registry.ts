import { benignScenarios } from './benign.js'
import { boundScenarios } from './bound.js'
import { budgetScenarios } from './budgets.js'
import { configScenarios } from './configs.js'
import { doorScenarios } from './doors.js'
import { egressScenarios } from './egress.js'
import { flowScenarios } from './flows.js'
import { gateScenarios } from './gates.js'
import { protocolScenarios } from './protocol.js'
import type { Scenarios } from './scenario.js'
import { secretScenarios } from './secrets.js'

/** What a case's circumstances are made of, by its id. The others are played as they stand. */
export const scenarios: Scenarios = {
  ...boundScenarios,
  ...budgetScenarios,
  ...flowScenarios,
  ...egressScenarios,
  ...gateScenarios,
  ...doorScenarios,
  ...configScenarios,
  ...secretScenarios,
  ...protocolScenarios,
  ...benignScenarios,
}
