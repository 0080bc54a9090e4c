import { PolicyError } from '../domain/errors.js'
import type { Ids } from '../domain/event.js'
import type { Tool } from '../domain/tool.js'
import { settledToolCallStates, type ToolCall } from '../domain/tool-call.js'
import { type EventSight, eventReading, flowFault, type Reading, toolReading } from '../policy/label.js'
import type { Journal } from '../store/records.js'
import type { RunContext } from './context.js'

/**
 * Why this call is to be asked for because of what the run has read, in sentences; none where what it sends may be
 * seen by those who would see it. Throws PolicyError `policy.flow` where the configuration says who they are.
 */
export async function reasonsToAsk(
  context: RunContext,
  journal: Journal,
  call: ToolCall,
  tool: Tool,
  scope: Ids,
): Promise<string[]> {
  const { event, run, store, config } = context
  const events = run.eventCount > 1 ? await store.eventsOf(run.id, 0) : [event]
  const sight: EventSight = {
    isPublic: events.every(({ isPublic }) => isPublic),
    declared: config.sources.get(event.source)?.label,
  }
  const readings = [eventReading(events, sight), ...readingsBefore(context, journal, call, sight, scope)]
  const fault = flowFault(tool, scope, readings, sight)
  if (!fault) return []
  const { reading, audience, isDeclared } = fault
  const what = `${reading.from} is ${said(reading)}, and what ${tool.name} sends is for ${audienceWords[audience]}`
  if (isDeclared) throw new PolicyError('policy.flow', what)
  return [what]
}

/**
 * What the model was shown before it wrote this call: the answers of all calls of earlier turns. Those of its own turn
 * it had not seen.
 */
function readingsBefore(
  { agent, config }: RunContext,
  { calls, steps, run }: Journal,
  call: ToolCall,
  sight: EventSight,
  scope: Ids,
): Reading[] {
  const turnOf = new Map(steps.map(({ id, turn }) => [id, turn]))
  const turn = turnOf.get(call.stepId) ?? Number.POSITIVE_INFINITY
  const seen = calls.filter(
    ({ stepId, state }) => (turnOf.get(stepId) ?? 0) < turn && settledToolCallStates.includes(state),
  )
  const answered = seen.filter(({ state }) => hasAnswer.has(state))
  const names = new Set(answered.map(({ tool }) => tool))
  for (const { tool: name, state, status = 0 } of answered) {
    const probe = config.tools.get(name)?.probe
    // Confirmed without an answer of its own that says so: the model was told what the probe saw.
    if (probe && state === 'confirmed' && (status < 200 || status >= 300)) names.add(probe.tool)
  }
  if (run.refreshed && agent.refresh !== undefined) names.add(agent.refresh)
  return [...names].flatMap((name) => {
    const tool = config.tools.get(name)
    return tool ? [toolReading(tool, scope, sight)] : []
  })
}

/** States in which the model saw something that an API said. */
const hasAnswer: ReadonlySet<ToolCall['state']> = new Set(['done', 'failed', 'confirmed', 'rejected'])

function said({ label }: Reading): string {
  return label === 'subject' ? 'for those who may see the event’s object' : label
}

const audienceWords = {
  public: 'everybody',
  subject: 'those who may see the event’s object',
  internal: 'the team',
  private: 'few',
} as const
