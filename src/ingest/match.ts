import type { Agent, Trigger } from '../domain/agent.js'
import { isEcho } from '../domain/echo.js'
import type { Event, MatchDecision } from '../domain/event.js'
import type { ExpressionValues } from '../util/cel.js'
import { isoTime } from '../util/clock.js'
import { globMatches } from '../util/glob.js'

/** Decides which agents an event wakes, and for each of the others why not. Pure. One decision for each agent. */
export function match(event: Event, agents: Iterable<Agent>): MatchDecision[] {
  const decisions: MatchDecision[] = []
  for (const agent of agents) decisions.push(decide(event, agent))
  return decisions
}

/** What CEL sees of an event in an agent's `if`. */
export function eventValues(event: Event): ExpressionValues {
  const { id, source, type, subject, time, data, ids } = event
  return { id, source, type, subject: subject ?? null, time: isoTime(time), data, ids: { ...ids } }
}

/** How near a trigger came; of several triggers the nearest reason is told. */
const nearness = { source: 0, type: 1, if_false: 2, if_error: 3, echo: 4, matched: 5, off: 6 }

function decide(event: Event, agent: Agent): MatchDecision {
  let best: MatchDecision = { agent: agent.name, reason: 'source' }
  for (const trigger of agent.on) {
    const decision = tryTrigger(event, agent.name, trigger)
    if (nearness[decision.reason] > nearness[best.reason]) best = decision
    if (best.reason === 'matched') break
  }
  return best.reason === 'matched' && agent.mode === 'off' ? { agent: agent.name, reason: 'off' } : best
}

function tryTrigger(event: Event, agent: string, trigger: Trigger): MatchDecision {
  if (trigger.source !== event.source) return { agent, reason: 'source' }
  if (!trigger.types.some((type) => globMatches(type, event.type))) return { agent, reason: 'type' }
  const { condition } = trigger
  if (!condition) return wokenBy(event, agent, trigger)
  try {
    const value = condition.evaluate(eventValues(event))
    if (value === true) return wokenBy(event, agent, trigger)
    if (value === false) return { agent, reason: 'if_false', detail: condition.source }
    return {
      agent,
      reason: 'if_error',
      detail: `${condition.source} gave ${typeof value}, not true or false`,
    }
  } catch (error) {
    return { agent, reason: 'if_error', detail: firstLine(error) }
  }
}

/** An echo wakes only those who listen to such: else an agent could wake itself, again and again. */
function wokenBy(event: Event, agent: string, { echoes }: Trigger): MatchDecision {
  if (echoes || !isEcho(event)) return { agent, reason: 'matched' }
  const { echoOf, actor = '' } = event
  return { agent, reason: 'echo', detail: echoOf ?? `the actor is ${actor}` }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
}
