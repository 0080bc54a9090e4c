import { wakingToday } from '../ingest/waking.js'
import { planOfNamed, planOfStretch, type WhatIsWished } from '../runs/replay-choice.js'
import type { Plan } from '../runs/replay-plan.js'
import type { Store } from '../store/store.js'
import { type Invocation, sinceOf, usageError } from './command.js'
import { loadWhole } from './configuration.js'
import { findId } from './ledger.js'

/** Which events and agents a person asks for. Times are as they were typed. */
export interface Choice {
  readonly agent?: string
  readonly source?: string
  readonly type?: string
  readonly since?: string
  readonly until?: string
  readonly failed?: boolean
  readonly ifNoRuns?: boolean
  readonly replayedBefore?: string
  readonly evenIfHeld?: boolean
}

export function requireOneChoice(ids: readonly string[], choice: Choice): void {
  const { since, until, source, type, failed, ifNoRuns } = choice
  if (ids.length === 0 && since === undefined) throw usageError('name events, or give --since')
  if (ids.length > 0 && [since, until, source, type].some((given) => given !== undefined)) {
    throw usageError('name events or choose them by --since, --until, --source and --type, not both')
  }
  if (failed && ifNoRuns)
    throw usageError('--failed is about runs and --if-no-runs about none; give one of them')
}

/** What is to be replayed, and what is left out of it. Throws where an event or the agent is not there. */
export async function makePlan(
  invocation: Invocation,
  store: Store,
  ids: readonly string[],
  choice: Choice,
): Promise<Plan> {
  const now = invocation.io.clock.now()
  const { agent, since = '', until, source, type, replayedBefore } = choice
  const wish: WhatIsWished = {
    agent,
    isFailedOnly: choice.failed === true,
    wouldWake: choice.ifNoRuns ? wakingToday((await loadWhole(invocation)).agents, agent) : undefined,
    replayedBefore:
      replayedBefore === undefined ? undefined : sinceOf(replayedBefore, now, '--replayed-before'),
    isEvenIfHeld: choice.evenIfHeld === true,
  }
  if (ids.length > 0) {
    const named = await Promise.all(ids.map((text) => findId(store, text, ['evt'])))
    return planOfNamed(store, named, wish)
  }
  const end = until === undefined ? undefined : sinceOf(until, now, '--until')
  return planOfStretch(store, { since: sinceOf(since, now), until: end, source, type }, wish)
}
