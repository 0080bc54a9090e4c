import type { Agent, Grant } from '../domain/agent.js'
import { PolicyError } from '../domain/errors.js'
import type { Ids } from '../domain/event.js'
import type { Tool } from '../domain/tool.js'
import type { FrozenRequest, Reservation, ToolCall } from '../domain/tool-call.js'
import { reservationsFor } from '../policy/budget.js'
import { factPathsOf, pickFacts } from '../policy/facts.js'
import { type Gate, gateOf } from '../policy/gate.js'
import { checkGrant } from '../policy/grant.js'
import { idempotencyKey, markerOf, ordinalOf } from '../policy/idempotency.js'
import { boundIdsOf, scopeOfRun } from '../policy/scope.js'
import type { Journal } from '../store/records.js'
import { parseArguments } from '../tools/arguments.js'
import type { Bindings } from '../tools/tool.js'
import type { JsonObject } from '../util/json.js'
import { approvalOf, checkFacts } from './approved.js'
import type { RunContext } from './context.js'
import { eventObject } from './event-object.js'
import { reasonsToAsk } from './flow.js'
import { isPassing, passingFault, readWithRetries } from './read.js'
import { checkRequest, checkTexts } from './texts.js'

/** A call that may be made, with the exact request that it would be. */
export interface Permit {
  readonly tool: Tool
  readonly grant: Grant
  readonly gate: Gate
  /** Why a person is to be asked, in sentences; beside the grant, which may say it by itself. */
  readonly why: readonly string[]
  readonly bindings: Bindings
  /** Those of the facts that the decision rests on. */
  readonly facts: JsonObject
  readonly request: FrozenRequest
  /** Which of the run's writes it is; undefined for a read. */
  readonly identity: WriteIdentity | undefined
  readonly reservations: readonly Reservation[]
}

export interface WriteIdentity {
  /** The ids that the tool is bound to. */
  readonly ids: Ids
  readonly ordinal: number
  readonly key: string
}

/**
 * Decides whether this call may be made, with these arguments, now. The model is asked nothing and believed
 * nothing: ids come from the event and from earlier answers, facts are read here and now. Throws PolicyError.
 */
export async function permit(context: RunContext, journal: Journal, call: ToolCall): Promise<Permit> {
  const { agent, config, event, tools } = context
  const { tool, grant } = granted(context, call)
  const args = parseArguments(tool, call.editedArguments ?? call.argumentsText)
  checkTexts(context, tool, args)
  const ids = scopeOfRun(event.ids, journal.calls)
  const why = await reasonsToAsk(context, journal, call, tool, ids)
  const bare: Bindings = { ids, args, facts: {}, event: eventObject(context), marker: undefined }
  const allFacts = await readFacts(context, tool, bare)
  // For a person and the ledger: an API may say back a key that it was sent.
  const facts = context.secrets.redactJson(pickFacts(allFacts, factPathsOf(grant, tool)))
  checkFacts(approvalOf(journal, call), facts)
  // The same from asking a person to sending it, so that what is approved is what is sent.
  const identity =
    tool.effect === 'read' ? undefined : identify(context, journal, call, boundIdsOf(tool, ids))
  const bindings: Bindings = { ...bare, facts: allFacts, marker: identity && markerOf(identity.key) }
  checkGrant(grant, bindings)
  // What could not be looked for afterwards, because an id is missing, is not begun.
  const probe = tool.probe && config.tools.get(tool.probe.tool)
  if (probe) tools.freeze(probe, { ...bare, args: {} })
  const request = tools.freeze(tool, bindings)
  checkRequest(context, tool, request)
  const gate = gateOf(tool, rulesOf(context, agent, grant), why)
  const reservations = identity ? reserve(context, tool, grant, identity.ids, args) : []
  return { tool, grant, gate, why, bindings, facts, request, identity, reservations }
}

/** The tool and the grant of the run's own configuration. What came into the newer one is not for this run. */
function granted({ agent, config, current }: RunContext, call: ToolCall): { tool: Tool; grant: Grant } {
  const tool = config.tools.get(call.tool)
  const grant = agent.grants.find((candidate) => candidate.tool === call.tool)
  if (tool && grant) return { tool, grant }
  const now = current()
  const isNew = now.agents.get(agent.name)?.grants.some((candidate) => candidate.tool === call.tool)
  if (isNew && now.tools.has(call.tool)) {
    throw new PolicyError('policy.stale', `${call.tool} was given to this agent after the run began`)
  }
  if (!tool) throw new PolicyError('policy.unknown_tool', 'there is no tool of that name')
  throw new PolicyError('policy.not_granted', `this agent may not use ${tool.name}`)
}

/**
 * Whether that by which a write was let through is over, as far as it shows without asking anybody: its approval ran
 * out, or its agent is in shadow or off by now.
 */
export function isOutdated(context: RunContext, { approvals }: Journal, call: ToolCall): boolean {
  const { agent, clock, config, current } = context
  const approval = approvals.find(({ id }) => id === call.approvalId)
  if (approval && clock.now() >= approval.expiresAt) return true
  if (current().agents.get(agent.name)?.mode === 'off') return true
  const tool = config.tools.get(call.tool)
  const grant = agent.grants.find((candidate) => candidate.tool === call.tool)
  return !tool || !grant || gateOf(tool, rulesOf(context, agent, grant), []) === 'shadow'
}

/** What the run began with, and what holds now. */
function rulesOf({ current }: RunContext, agent: Agent, grant: Grant) {
  const now = current().agents.get(agent.name)
  const nowGrant = now?.grants.find(({ tool }) => tool === grant.tool)
  return [
    { mode: agent.mode, gate: grant.gate },
    ...(now ? [{ mode: now.mode, gate: nowGrant?.gate ?? grant.gate }] : []),
  ]
}

function identify({ run, event, agent }: RunContext, { calls }: Journal, call: ToolCall, ids: Ids) {
  const ordinal = ordinalOf(calls, call)
  const scope = { eventId: event.id, replay: run.replay, agent: agent.name, tool: call.tool, ids, ordinal }
  return { ids, ordinal, key: idempotencyKey(scope) }
}

function reserve(
  { run, event, clock }: RunContext,
  tool: Tool,
  grant: Grant,
  ids: Ids,
  args: JsonObject,
): Reservation[] {
  const subject = `${event.source}/${run.subject}`
  return reservationsFor(grant, tool, { runId: run.id, subject, ids, now: clock.now(), args })
}

/**
 * Each fact is another tool's own bound request, made now. One that is not there is missing, and denies; an API
 * that is away for a moment says nothing, and the run waits for it: throws ToolError.
 */
async function readFacts(context: RunContext, tool: Tool, bindings: Bindings): Promise<JsonObject> {
  const facts: JsonObject = {}
  for (const [name, toolName] of Object.entries(tool.facts)) {
    const source = context.config.tools.get(toolName)
    if (!source) throw new PolicyError('policy.constraint', `the fact ${name} has no tool ${toolName}`)
    const answer = await readWithRetries(
      context,
      source,
      context.tools.freeze(source, { ...bindings, args: {} }),
    )
    if (context.signal.aborted) throw context.signal.reason
    if (isPassing(answer)) throw passingFault(source, answer)
    if (answer.kind !== 'answered' || answer.status >= 300 || answer.body === undefined) {
      const found = answer.kind === 'answered' ? `status ${answer.status}` : answer.error.message
      throw new PolicyError(
        'policy.constraint',
        `the fact ${name} could not be read from ${toolName}: ${found}`,
      )
    }
    facts[name] = answer.body
  }
  return facts
}
