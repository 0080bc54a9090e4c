import type { Agent } from '../domain/agent.js'
import type { Run } from '../domain/run.js'
import type { BeginLimits, Begun, NewAlert } from '../store/records.js'
import { escapeControls } from '../util/log.js'

type OverLimit = Extract<Begun, { state: 'over_limit' }>

export function beginLimits({ limits }: Agent): BeginLimits {
  return { perDay: limits.runsPerDay, perSource: limits.runsPerSource, perActor: limits.runsPerActor }
}

const longestName = 60

/** Why a run does not begin today. One cause for all actors: their number is not ours to bound. */
export function overLimit({ name }: Pick<Agent, 'name'>, over: OverLimit): NewAlert {
  const { of, limit, source, actor } = over
  const whose = {
    agent: '',
    source: ` for events of ${source}`,
    actor: ` for events of ${source} by ${shortened(actor ?? '')}`,
  }
  return {
    cause: causeOf(name, of),
    code: 'policy.budget',
    message: `${name} had its ${limit} runs of today${whose[of]}`,
  }
}

/** What is over when this run begins: its agent has room, and so has whoever it waited for. */
export function overLimitCauses({ agent, error }: Pick<Run, 'agent' | 'error'>): string[] {
  const hasWaited = error?.code === 'policy.budget'
  return [causeOf(agent, 'agent'), ...(hasWaited ? [causeOf(agent, 'source'), causeOf(agent, 'actor')] : [])]
}

function causeOf(agent: string, of: OverLimit['of']): string {
  return of === 'agent' ? `budget ${agent}` : `budget ${agent} ${of}`
}

/** A name that somebody outside chose, on one line. */
function shortened(name: string): string {
  const shown = escapeControls(name)
  return shown.length <= longestName ? shown : `${shown.slice(0, longestName)}…`
}
