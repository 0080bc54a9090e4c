import { AppError } from '../domain/errors.js'
import type { StoredEvent } from '../store/records.js'
import type { Store } from '../store/store.js'
import { plain } from '../util/plain.js'
import { type LeftOut, type Plan, type Planned, planOf, type Wish } from './replay-plan.js'

/** Events by a rule: all that were recorded in a stretch of time. */
export interface Stretch {
  readonly since: number
  readonly until: number | undefined
  readonly source: string | undefined
  readonly type: string | undefined
}

export type WhatIsWished = Omit<Wish, 'isNamed' | 'isBulk'>

const maxPlanned = 10_000
const maxLookedAt = 100_000

/** A plan for events that are named. Throws `store.not_found` where one, or the agent, never was there. */
export async function planOfNamed(store: Store, ids: readonly string[], what: WhatIsWished): Promise<Plan> {
  const wish: Wish = { ...what, isNamed: true, isBulk: ids.length !== 1 }
  const planned: Planned[] = []
  const leftOut: LeftOut[] = []
  for (const id of new Set(ids)) {
    const event = await store.event(id)
    if (!event) throw new AppError('store.not_found', `there is no event ${id} in this ledger`)
    if (wish.agent !== undefined && !wish.wouldWake) await requireKnown(store, event, wish.agent)
    const one = await planOf(store, event, wish)
    planned.push(...one.planned)
    leftOut.push(...one.leftOut)
    const isNothing = one.planned.length === 0 && one.leftOut.length === 0
    if (isNothing && !wish.isFailedOnly && !wish.wouldWake) {
      throw new AppError('command.failed', `${event.id} woke no agent; name one with --agent`)
    }
  }
  return { planned, leftOut }
}

/** A plan for events by a rule, in the order in which they were recorded, so that a subject's runs come in that order again. */
export async function planOfStretch(store: Store, stretch: Stretch, what: WhatIsWished): Promise<Plan> {
  const { since, until = Number.POSITIVE_INFINITY, source, type } = stretch
  const wish: Wish = { ...what, isNamed: false, isBulk: true }
  const filter = {
    since,
    limit: 200,
    ...(source === undefined ? {} : { source }),
    ...(type === undefined ? {} : { type }),
  }
  const planned: Planned[] = []
  const leftOut: LeftOut[] = []
  let seen = 0
  // Page by page, so that no more events than one page are in memory with their data.
  for (let before: string | undefined; ; ) {
    const page = await store.listEvents({ ...filter, ...(before === undefined ? {} : { before }) })
    for (const event of page) {
      if (event.recordedAt > until) continue
      const one = await planOf(store, event, wish)
      planned.push(...one.planned)
      leftOut.push(...one.leftOut)
    }
    before = page.at(-1)?.id
    seen += page.length
    if (page.length < filter.limit) break
    if (planned.length > maxPlanned || seen > maxLookedAt) {
      const most = `${maxPlanned.toLocaleString('en-US')} runs, or ${maxLookedAt.toLocaleString('en-US')} events`
      const message = `more than ${most}, at once; narrow it down with --agent, --source, --type or --since`
      throw new AppError('command.failed', message)
    }
  }
  return { planned: planned.reverse(), leftOut: leftOut.reverse() }
}

async function requireKnown(store: Store, event: StoredEvent, agent: string): Promise<void> {
  const known = new Set([
    ...(await store.runsOf(event.id)).map((run) => run.agent),
    ...event.decisions.map((decision) => decision.agent),
  ])
  if (known.has(agent)) return
  const list = [...known].map(plain).join(', ') || 'none'
  throw new AppError(
    'store.not_found',
    `no agent "${plain(agent)}" was declared when ${event.id} was matched; there were: ${list}. For one that was added later: --if-no-runs`,
  )
}
