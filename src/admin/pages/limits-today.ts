import type { Config } from '../../config/config.js'
import type { Agent } from '../../domain/agent.js'
import { reservationsFor } from '../../policy/budget.js'
import { blastRadius } from '../../runs/blast-radius.js'
import type { Spending } from '../../store/reports.js'
import type { Store } from '../../store/store.js'
import { nextUtcDay, utcDay } from '../../util/clock.js'
import { dayMs } from './source-health.js'

/** What an agent used of its limits of today, UTC. */
export interface AgentToday {
  readonly agent: Agent
  readonly spent: Spending | undefined
  /** The most that its runs of a day may cost, where both are bounded and the price is known. */
  readonly mostUsd: number | undefined
  readonly budgets: readonly DayBudget[]
}

export interface DayBudget {
  readonly tool: string
  /** The argument that is added up; undefined: calls are counted. */
  readonly arg: string | undefined
  readonly used: number
  readonly limit: number
}

export function startOfDay(now: number): number {
  return nextUtcDay(now) - dayMs
}

export async function limitsToday(
  store: Pick<Store, 'spending' | 'spent'>,
  config: Config,
  agents: readonly Agent[],
  now: number,
): Promise<AgentToday[]> {
  const spending = await store.spending(startOfDay(now))
  const counters = agents.map((agent) => countersOf(agent, config, now))
  const used = await store.spent(counters.flat().map(({ counter }) => counter))
  let at = 0
  return agents.map((agent, index) => ({
    agent,
    spent: spending.find((one) => one.agent === agent.name),
    mostUsd: blastRadius(agent, config).usd?.perDay,
    budgets: (counters[index] ?? []).map(({ tool, arg, limit }) => ({
      ...{ tool, arg, limit },
      used: used[at++] ?? 0,
    })),
  }))
}

/** The counters of budgets that end with the day, as the ledger names them. */
function countersOf(agent: Agent, { tools }: Config, now: number) {
  return agent.grants.flatMap((grant) => {
    const tool = tools.get(grant.tool)
    if (!tool) return []
    const [max, sum] = [grant.max.filter(isOfDay), grant.sum.filter(isOfDay)]
    const args = Object.fromEntries(sum.map(({ arg }) => [arg, 0]))
    const scope = { runId: '', subject: '', ids: {}, now, args }
    const named = [...max.map(() => undefined), ...sum.map(({ arg }) => arg)]
    return reservationsFor({ ...grant, max, sum }, tool, scope).map(({ counter, limit }, index) => ({
      ...{ tool: tool.name, arg: named[index], counter, limit },
    }))
  })
}

function isOfDay({ per }: { readonly per: string }): boolean {
  return per === 'day'
}

/** Whose day it is, as it is written beside numbers. */
export function sayDay(now: number): string {
  return `${utcDay(now)}, UTC`
}
