import type { Config } from '../config/config.js'
import type { Environment } from '../util/env.js'
import type { Invocation } from './command.js'
import { loadWhole } from './configuration.js'
import { madeUpValues, missingVariables } from './dev-variables.js'

/** A configuration that is looked at, and that nothing is done with. */
export interface ReadConfig {
  readonly config: Config
  /** With which it was read. */
  readonly environment: Environment
  /** Variables that are not set here and got made-up values, because what they hold says nothing of the rules. */
  readonly madeUp: readonly string[]
}

/** For people who have no secrets: reviewers, CI, another terminal. Throws ConfigError for all else that is wrong. */
export async function loadWithoutSecrets(invocation: Invocation): Promise<ReadConfig> {
  const { io, configFile } = invocation
  const unset = await missingVariables(configFile(), io.environment).catch(() => [])
  const missing = unset.filter(({ use }) => use !== 'model_url')
  const environment = missing.length === 0 ? io.environment : { ...io.environment, ...madeUpValues(missing) }
  const config = await loadWhole(invocation, environment)
  return { config, environment, madeUp: missing.map(({ name }) => name) }
}
