import type { Config } from '../../config/config.js'
import type { Agent } from '../../domain/agent.js'
import type { Approval } from '../../domain/approval.js'
import { StoreError } from '../../domain/errors.js'
import { isFinal } from '../../domain/run.js'
import { type LaterEvent, laterEvents } from '../../runs/since-then.js'
import type { Journal, StoredEvent, StoredStep, ToolCallRow } from '../../store/records.js'
import type { Caller } from '../callers.js'
import type { PageOptions } from './page.js'

/** A run as its page shows it. */
export interface RunView {
  readonly journal: Journal
  /** Undefined where it is old and no longer in the ledger. */
  readonly event: StoredEvent | undefined
  /** The agent as it is declared now. */
  readonly agent: Agent | undefined
  /** Whether that is the configuration that the run began with. */
  readonly isOfNow: boolean
  /** By the id of a simulated call. */
  readonly later: ReadonlyMap<string, readonly LaterEvent[]>
  readonly now: number
  readonly caller: Caller
  /** Long runs: what went as usual is folded and fetched when it is opened. */
  readonly isLong: boolean
}

export interface Turn {
  readonly step: StoredStep
  readonly calls: readonly ToolCallRow[]
}

const longRunCalls = 16
const longRunTurns = 10
/** Each look asks for all that happened to the subject since. */
const mostLooks = 10

export async function viewOf(
  runId: string,
  caller: Caller,
  { store, clock, config }: PageOptions,
): Promise<RunView> {
  if (!(await store.run(runId))) {
    throw new StoreError('store.not_found', `there is no run ${runId} in this ledger`)
  }
  const journal = await store.journal(runId)
  const event = await store.event(journal.run.eventId)
  const later = new Map<string, readonly LaterEvent[]>()
  const simulated = journal.calls.filter(({ state }) => state === 'simulated').slice(0, mostLooks)
  if (event) for (const call of simulated) later.set(call.id, await laterEvents(store, call, event))
  const inForce = config()
  return {
    journal,
    event,
    agent: inForce.agents.get(journal.run.agent),
    isOfNow: isConfigOf(journal, inForce),
    later,
    now: clock.now(),
    caller,
    isLong: journal.calls.length > longRunCalls || journal.steps.length > longRunTurns,
  }
}

export function isConfigOf({ run }: Pick<Journal, 'run'>, config: Config): boolean {
  return run.configDigest === undefined || run.configDigest === config.digest
}

export function turnsOf({ steps, calls }: Pick<Journal, 'steps' | 'calls'>): Turn[] {
  const byStep = new Map<string, ToolCallRow[]>()
  for (const call of calls) {
    const own = byStep.get(call.stepId)
    if (own) own.push(call)
    else byStep.set(call.stepId, [call])
  }
  return steps.map((step) => ({ step, calls: byStep.get(step.id) ?? [] }))
}

export function approvalsOf({ approvals }: Pick<Journal, 'approvals'>, call: { id: string }): Approval[] {
  return approvals.filter(({ toolCallId }) => toolCallId === call.id)
}

/** Nobody works on it, and it is not at an end. */
export function canBeCancelled({ run }: Pick<Journal, 'run'>): boolean {
  return !isFinal(run.state) && run.state !== 'running'
}
