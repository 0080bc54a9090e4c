import type { Config } from '../config/config.js'
import type { Grant } from '../domain/agent.js'
import type { Approval } from '../domain/approval.js'
import { reservationsFor } from '../policy/budget.js'
import { boundIdsOf, scopeOfRun } from '../policy/scope.js'
import type { Journal, StoredEvent } from '../store/records.js'
import type { Store } from '../store/store.js'
import { parseArguments } from '../tools/arguments.js'

/** What a call would take of one budget. */
export interface BudgetLine {
  /** `for charge ch_1`, `amount today`. */
  readonly what: string
  readonly amount: number
  readonly limit: number
  /** What others have taken of it. */
  readonly stands: number
}

/** What the call that an approval is about would take, by this configuration; undefined where it no longer fits the call. */
export async function budgetsOf(
  store: Pick<Store, 'spent'>,
  approval: Approval,
  { run, calls }: Pick<Journal, 'run' | 'calls'>,
  event: Pick<StoredEvent, 'source' | 'ids'>,
  { config, now }: { readonly config: Pick<Config, 'tools' | 'agents'>; readonly now: number },
): Promise<BudgetLine[] | undefined> {
  const call = calls.find(({ id }) => id === approval.toolCallId)
  const tool = config.tools.get(approval.tool)
  const agent = config.agents.get(approval.agent)
  const grant = agent?.grants.find((candidate) => candidate.tool === approval.tool)
  if (!call || !tool || !grant) return undefined
  const ids = scopeOfRun(event.ids, calls)
  try {
    const args = parseArguments(tool, call.editedArguments ?? call.argumentsText)
    const subject = `${event.source}/${run.subject}`
    const wanted = reservationsFor(grant, tool, { runId: run.id, subject, ids, now, args })
    const standing = await store.spent(wanted.map(({ counter }) => counter))
    const object = Object.entries(boundIdsOf(tool, ids))
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')
    const names = namesOf(grant, object === '' ? 'this subject' : object)
    return wanted.map(({ amount, limit }, index) => ({
      what: names[index] ?? '',
      amount,
      limit,
      stands: standing[index] ?? 0,
    }))
  } catch {
    return undefined
  }
}

/** In the order of `reservationsFor`: calls, then sums. */
function namesOf({ max, sum }: Grant, object: string): string[] {
  const places = { run: 'in this run', day: 'today, UTC', subject: `for ${object}` } as const
  return [
    ...max.map(({ per, limit }) => `${limit === 1 ? 'call' : 'calls'} ${places[per]}`),
    ...sum.map(({ per, arg }) => `of ${arg} ${places[per]}`),
  ]
}
