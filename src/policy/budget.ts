import type { Grant, Quota } from '../domain/agent.js'
import { PolicyError } from '../domain/errors.js'
import type { Ids } from '../domain/event.js'
import type { Tool } from '../domain/tool.js'
import type { Reservation } from '../domain/tool-call.js'
import { utcDay } from '../util/clock.js'
import type { JsonObject } from '../util/json.js'
import { boundIdsOf } from './scope.js'

export interface BudgetScope {
  readonly runId: string
  /** The run's subject. */
  readonly subject: string
  readonly ids: Ids
  /** Of the intent, epoch milliseconds; its UTC day is what "per day" counts by. */
  readonly now: number
  readonly args: JsonObject
}

/**
 * What this call takes of the grant's `max` and `sum`, to be reserved in the transaction that records the
 * intent. A counter names the tool and never the agent, so that all agents with the tool share it. "Per
 * subject" counts by the ids that the tool is bound to (one refund for a charge, whatever event brought it
 * up), and by the run's subject where it is bound to none.
 *
 * Throws PolicyError `policy.budget` when an argument that is summed is absent, negative or no number: what
 * cannot be counted may not be spent.
 */
export function reservationsFor(grant: Grant, tool: Tool, scope: BudgetScope): Reservation[] {
  const counts = grant.max.map((quota) => ({
    counter: counterOf(tool, quota, scope),
    amount: 1,
    limit: quota.limit,
  }))
  const sums = grant.sum.map((quota) => ({
    counter: `${counterOf(tool, quota, scope)}|${quota.arg}`,
    amount: summed(tool, quota.arg, scope.args),
    limit: quota.limit,
  }))
  return [...counts, ...sums]
}

function counterOf(tool: Tool, { per }: Quota, { runId, subject, ids, now }: BudgetScope): string {
  if (per === 'run') return `${tool.name}|run|${runId}`
  if (per === 'day') return dayCounter(tool.name, now)
  return scopeCounter(tool, boundIdsOf(tool, ids), subject)
}

/** What a tool uses up of its `max`, or of the `sum` of one of its arguments, on the UTC day of `now`. */
export function dayCounter(tool: string, now: number, arg?: string): string {
  const counter = `${tool}|day|${utcDay(now)}`
  return arg === undefined ? counter : `${counter}|${arg}`
}

/** Names the tool and what it acts on: the ids that it is bound to, or the run's subject where it is bound to none. */
export function scopeCounter(tool: Tool, bound: Ids, subject: string): string {
  const values = Object.values(bound)
  const parts = values.length > 0 ? values : [subject]
  return `${tool.name}|subject|${parts.map(escapeBar).join('|')}`
}

/** So that the ids `a|b`, `c` and `a`, `b|c` have two counters. */
function escapeBar(text: string): string {
  return text.replace(/[%|]/g, (character) => (character === '%' ? '%25' : '%7C'))
}

function summed(tool: Tool, name: string, args: JsonObject): number {
  const value = Object.hasOwn(args, name) ? args[name] : undefined
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value
  throw new PolicyError(
    'policy.budget',
    `${tool.name}: "${name}" is limited in sum and must be given, 0 or more`,
    {
      details: { tool: tool.name, argument: name },
    },
  )
}
