import type { Config } from '../../config/config.js'
import { formatProblems } from '../../config/problems.js'
import { ConfigError, toAppError } from '../../domain/errors.js'
import type { Environment } from '../../util/env.js'
import type { Invocation } from '../command.js'
import { isOnlyReachedHere, loadWhole } from '../configuration.js'
import { shownFrom } from '../shown-from.js'
import { count, plain } from '../text.js'
import type { Finding } from './finding.js'

export interface Configured {
  /** Undefined when it does not load. */
  readonly config: Config | undefined
  readonly findings: readonly Finding[]
}

export async function checkConfiguration(
  invocation: Invocation,
  environment: Environment,
): Promise<Configured> {
  let config: Config
  try {
    config = await loadWhole(invocation, environment)
  } catch (cause) {
    const { message } = toAppError(cause)
    const problems =
      cause instanceof ConfigError
        ? formatProblems(cause.problems.map((problem) => shownFrom(problem, invocation.io)))
            .split('\n')
            .map(plain)
        : []
    const advice =
      'repair it, then `rouse check`; a running daemon keeps its old configuration until it loads'
    return {
      config: undefined,
      findings: [{ area: 'config', state: 'fail', text: [plain(message), ...problems].join('\n'), advice }],
    }
  }
  const findings: Finding[] = [
    {
      area: 'config',
      state: 'ok',
      text: `${config.file} loads: ${count(config.sources.size, 'source')}, ${count(config.agents.size, 'agent')}, ${count(config.tools.size, 'tool')}`,
    },
  ]
  for (const { path, message } of config.warnings) {
    findings.push({
      area: 'config',
      state: 'warn',
      text: plain(path === '' ? message : `${path}: ${message}`),
    })
  }
  if (isOnlyReachedHere(config)) {
    const advice =
      'set server.public_url to where senders reach you, so that the URLs which `rouse check` prints are the ones to register'
    findings.push({ area: 'config', state: 'warn', text: `public_url is ${config.server.publicUrl}`, advice })
  }
  return { config, findings }
}
