import type { Agent } from '../domain/agent.js'
import { AppError } from '../domain/errors.js'
import { type Event, wakes } from '../domain/event.js'
import { plain } from '../util/plain.js'
import { match } from './match.js'

/** Which agents of the configuration of now an event would wake. Throws `store.not_found` where `agent` is none of them. */
export function wakingToday(
  agents: ReadonlyMap<string, Agent>,
  agent: string | undefined,
): (event: Event) => readonly string[] {
  if (agent !== undefined && !agents.has(agent)) {
    const list = [...agents.keys()].join(', ') || 'none'
    throw new AppError('store.not_found', `no agent "${plain(agent)}" is declared; there are: ${list}`)
  }
  return (event) => {
    const decisions = match(event, agents.values())
    return decisions.filter(wakes).map((decision) => decision.agent)
  }
}
