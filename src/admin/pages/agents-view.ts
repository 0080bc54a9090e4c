import type { Latency, Spending } from '../../store/reports.js'
import { type AgentToday, limitsToday, startOfDay } from './limits-today.js'
import type { PageOptions } from './page.js'
import { dayMs, usualDays } from './source-health.js'

/** What an agent did in the last days. */
export interface AgentView {
  readonly today: AgentToday
  /** By UTC day, oldest first, up to today; undefined where nothing happened. */
  readonly days: readonly (Spending | undefined)[]
  /** Of these days together. */
  readonly sums: DaySums
  /** How long its runs were worked on. */
  readonly latency: Latency | undefined
}

export interface DaySums {
  readonly begun: number
  readonly completed: number
  readonly dead: number
  readonly cancelled: number
  readonly costUsd: number
  readonly turns: number
  readonly unpricedTurns: number
  readonly tokens: number
}

export interface AgentsView {
  readonly now: number
  readonly agents: readonly AgentView[]
  /** Did something in these days and are no longer declared. */
  readonly former: readonly string[]
}

export async function viewAgents({ store, clock, config }: PageOptions, only?: string): Promise<AgentsView> {
  const now = clock.now()
  const from = startOfDay(now) - (usualDays - 1) * dayMs
  const agents = [...config().agents.values()].filter(({ name }) => only === undefined || name === only)
  const [spending, latencies, today] = await Promise.all([
    store.spending(from, dayMs),
    store.latencies(from),
    limitsToday(store, config(), agents, now),
  ])
  const former = new Set(spending.map(({ agent }) => agent).filter((name) => !config().agents.has(name)))
  return {
    now,
    agents: today.map((one) => {
      const { name } = one.agent
      const own = spending.filter(({ agent }) => agent === name)
      const days = Array.from({ length: usualDays }, (_, index) =>
        own.find(({ at }) => at === from + index * dayMs),
      )
      return {
        ...{ today: one, days, sums: sumsOf(own) },
        latency: latencies.runs.find((latency) => latency.name === name),
      }
    }),
    former: [...former].sort(),
  }
}

function sumsOf(of: readonly Spending[]): DaySums {
  const sum = (amount: (one: Spending) => number) => of.reduce((total, one) => total + amount(one), 0)
  return {
    begun: sum(({ begun }) => begun),
    completed: sum(({ completed }) => completed),
    dead: sum(({ dead }) => dead),
    cancelled: sum(({ cancelled }) => cancelled),
    costUsd: sum(({ costUsd }) => costUsd),
    turns: sum(({ turns }) => turns),
    unpricedTurns: sum(({ unpricedTurns }) => unpricedTurns),
    tokens: sum(({ inputTokens, outputTokens }) => inputTokens + outputTokens),
  }
}

/** Of the runs that came to an end by themselves, how many did what they were to; undefined where there is none. */
export function successOf(sums: Pick<DaySums, 'completed' | 'dead'>): number | undefined {
  const ended = endedOf(sums)
  return ended === 0 ? undefined : sums.completed / ended
}

/** How many came to an end by themselves: what is parked or under way says nothing yet, nor what was cancelled. */
export function endedOf({ completed, dead }: Pick<DaySums, 'completed' | 'dead'>): number {
  return completed + dead
}

/** `97 %`; never 100 where one failed, nor 0 where one did not. */
export function sayShare(share: number | undefined): string {
  if (share === undefined) return 'none yet'
  if (share === 0 || share === 1) return `${share * 100} %`
  return `${Math.min(99, Math.max(1, Math.round(share * 100)))} %`
}
