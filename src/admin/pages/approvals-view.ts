import type { Approval } from '../../domain/approval.js'
import { StoreError } from '../../domain/errors.js'
import type { Run } from '../../domain/run.js'
import type { Tool } from '../../domain/tool.js'
import { type BudgetLine, budgetsOf } from '../../runs/budgets.js'
import type { StoredEvent, ToolCallRow } from '../../store/records.js'
import type { Caller } from '../callers.js'
import type { PageOptions } from './page.js'

/** An approval as its card shows it. What belongs to it may be old and gone. */
export interface ApprovalView {
  readonly approval: Approval
  readonly event: StoredEvent | undefined
  readonly run: Run | undefined
  readonly call: ToolCallRow | undefined
  /** Which of its run's calls it is, from 1, and how many the run has so far. */
  readonly place: { readonly number: number; readonly of: number } | undefined
  /** What the model wrote in the answer that asks for the call. */
  readonly said: string | undefined
  /** Undefined where they cannot be known: the configuration of now has no such grant, or it is decided. */
  readonly budgets: readonly BudgetLine[] | undefined
  /** As it is declared now. */
  readonly tool: Tool | undefined
  /** Calls that wait beside it. */
  readonly others: number
  readonly now: number
  readonly caller: Caller
}

export async function requireApproval(id: string, { store }: Pick<PageOptions, 'store'>): Promise<Approval> {
  const approval = await store.approval(id)
  if (!approval) throw new StoreError('store.not_found', `there is no approval ${id} in this ledger`)
  return approval
}

export async function viewOf(
  approval: Approval,
  caller: Caller,
  { store, clock, config }: PageOptions,
): Promise<ApprovalView> {
  const now = clock.now()
  const inForce = config()
  const event = await store.event(approval.eventId)
  const journal = (await store.run(approval.runId)) && (await store.journal(approval.runId))
  const index = journal?.calls.findIndex(({ id }) => id === approval.toolCallId) ?? -1
  const call = journal?.calls[index]
  const isOpen = canBeDecided({ approval, now }) && journal !== undefined && event !== undefined
  return {
    approval,
    event,
    run: journal?.run,
    call,
    place: call && journal && { number: index + 1, of: journal.calls.length },
    said: call && journal?.steps.find(({ id }) => id === call.stepId)?.text,
    budgets: isOpen ? await budgetsOf(store, approval, journal, event, { config: inForce, now }) : undefined,
    tool: inForce.tools.get(approval.tool),
    others: (await store.counts()).approvalsWaiting - (approval.state === 'waiting' ? 1 : 0),
    now,
    caller,
  }
}

export function canBeDecided({
  approval,
  now,
}: {
  readonly approval: Pick<Approval, 'state' | 'expiresAt'>
  readonly now: number
}): boolean {
  return approval.state === 'waiting' && now < approval.expiresAt
}
