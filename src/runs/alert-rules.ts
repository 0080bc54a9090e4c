import type { Config } from '../config/config.js'
import type { AlertRules } from '../domain/alerting.js'
import { errorCodes } from '../domain/errors.js'
import { dayCounter } from '../policy/budget.js'
import type { NewAlert } from '../store/records.js'
import type { SourceTotals } from '../store/reports.js'
import type { Store } from '../store/store.js'
import { type Clock, isoTime, nextUtcDay, utcDay } from '../util/clock.js'
import { formatDuration } from '../util/duration.js'
import type { Alerts } from './alerts.js'
import { RefusedShare } from './refused-share.js'

export interface RuleWatchOptions {
  readonly store: Pick<
    Store,
    'totals' | 'refusals' | 'spending' | 'spent' | 'backlog' | 'deadRuns' | 'listApprovals'
  >
  readonly alerts: Alerts
  readonly config: () => Pick<Config, 'alerts' | 'sources' | 'agents'>
  readonly clock: Clock
}

const dayMs = 86_400_000
/** After a start senders get so long to come back before a silence from before it counts. */
const graceMs = 15 * 60_000
/** A run whose turn has just come may be old. Only what stays old is a backlog. */
const backlogStaysMs = 30_000
/** A standing alert’s numbers are written no more often than this. */
const rewriteEveryMs = 60_000
/** Nearly all of nine is not much. */
const leastBudget = 10
const mostWaiting = 200

/** What the rules find begins with one of these; nothing else that stands does. */
const prefixes = ['silence ', 'refused ', 'spent ', 'dead ', 'waiting approvals', 'backlog']

/** Raises what `alerts.rules` and the ledger say is wrong, and ends it when it is no more. */
export class RuleWatch {
  readonly #refused = new RefusedShare()
  readonly #startedAt: number
  readonly #startedMonotonic: number
  #backlogSince: number | undefined
  readonly #writtenAt = new Map<string, number>()

  constructor(private readonly options: RuleWatchOptions) {
    this.#startedAt = options.clock.now()
    this.#startedMonotonic = options.clock.monotonic()
  }

  async look(): Promise<void> {
    const { store, config, clock } = this.options
    const { rules } = config().alerts
    const now = clock.now()
    const { sources } = await store.totals()
    this.bring([
      ...this.silent(rules, sources, now),
      ...(await this.refused(rules, sources)),
      ...(await this.nearlySpent(rules, now)),
      ...(await this.dead(now)),
      ...(await this.waiting(rules, now)),
      ...(await this.backlog(rules, now)),
    ])
  }

  /** Makes what was found stand, and nothing else of ours. */
  private bring(found: readonly NewAlert[]): void {
    const { alerts, clock } = this.options
    const causes = new Set(found.map(({ cause }) => cause))
    for (const cause of prefixes.flatMap((prefix) => alerts.standing(prefix))) {
      if (causes.has(cause)) continue
      alerts.resolve(cause)
      this.#writtenAt.delete(cause)
    }
    const now = clock.monotonic()
    for (const alert of found) {
      const writtenAt = this.#writtenAt.get(alert.cause)
      if (writtenAt !== undefined && alerts.isStanding(alert.cause) && now - writtenAt < rewriteEveryMs)
        continue
      this.#writtenAt.set(alert.cause, now)
      alerts.raise(alert)
    }
  }

  private silent({ silenceMs }: AlertRules, totals: readonly SourceTotals[], now: number): NewAlert[] {
    const { config, clock } = this.options
    const upMs = clock.monotonic() - this.#startedMonotonic
    return [...silenceMs].flatMap(([source, longestMs]) => {
      if (!config().sources.has(source)) return []
      const seen = totals.find((total) => total.source === source)
      const lastAt = Math.max(seen?.lastEventAt ?? 0, seen?.lastDeliveryAt ?? 0)
      const isEarly = upMs < Math.min(longestMs, graceMs)
      if (isEarly || now - (lastAt === 0 ? this.#startedAt : lastAt) < longestMs) return []
      const since = lastAt === 0 ? 'ever' : `since ${isoTime(lastAt)}`
      const message = `nothing came from ${source} ${since}, and \`alerts.rules.silence\` allows ${formatDuration(longestMs)}: look at the sender’s own list of deliveries`
      return [{ cause: `silence ${source}`, code: 'source.silent', message }]
    })
  }

  private async refused(rules: AlertRules, totals: readonly SourceTotals[]): Promise<NewAlert[]> {
    const { store, config, clock } = this.options
    if (!rules.refused) return []
    const { share, windowMs } = rules.refused
    const refusals = await store.refusals(utcDay(this.#startedAt))
    this.#refused.sample(totals, refusals, clock.monotonic(), windowMs)
    return [...config().sources.keys()].flatMap((source) => {
      const over = this.#refused.over(source, share)
      if (!over) return []
      const { refused, all, reason } = over
      const message = `${refused} of ${all} deliveries of ${source} in ${formatDuration(windowMs)} were refused, most of them with ${reason}: \`rouse doctor\` shows examples`
      return [{ cause: `refused ${source}`, code: 'source.refused', message }]
    })
  }

  private async nearlySpent({ budgetShare }: AlertRules, now: number): Promise<NewAlert[]> {
    const { store, config } = this.options
    if (budgetShare === undefined) return []
    const agents = [...config().agents.values()]
    const isNear = (used: number, limit: number) => limit >= leastBudget && used >= limit * budgetShare
    const spending = await store.spending(nextUtcDay(now) - dayMs)
    const runs = agents.flatMap(({ name, limits: { runsPerDay } }): NewAlert[] => {
      const begun = spending.find(({ agent }) => agent === name)?.begun ?? 0
      if (runsPerDay === undefined || !isNear(begun, runsPerDay)) return []
      const message = `${name} had ${begun} of its ${runsPerDay} runs of today; then its events wait until tomorrow`
      return [{ cause: `spent by ${name}`, code: 'policy.budget', message }]
    })
    const quotas = new Map(
      agents.flatMap(({ grants }) =>
        grants.flatMap(({ tool, max, sum }) => [
          ...max.flatMap(({ per, limit }) =>
            per === 'day' ? [[dayCounter(tool, now), { what: tool, limit }] as const] : [],
          ),
          ...sum.flatMap(({ per, limit, arg }) =>
            per === 'day' ? [[dayCounter(tool, now, arg), { what: `${tool} ${arg}`, limit }] as const] : [],
          ),
        ]),
      ),
    )
    const used = await store.spent([...quotas.keys()])
    const tools = [...quotas.values()].flatMap(({ what, limit }, at): NewAlert[] => {
      const amount = used[at] ?? 0
      if (!isNear(amount, limit)) return []
      const message = `${amount} of ${limit} are used today of what ${what} may use; then its calls are denied until tomorrow`
      return [{ cause: `spent of ${what}`, code: 'policy.budget', message }]
    })
    return [...runs, ...tools]
  }

  private async dead(now: number): Promise<NewAlert[]> {
    const found = await this.options.store.deadRuns(now - dayMs)
    return found.map(({ agent, count, runId, eventId, code }) => {
      const runs = count === 1 ? `a run of ${agent} is dead` : `${count} runs of ${agent} are dead`
      const what = errorCodes[code] ?? code
      const message = `${runs}, the newest with ${code}: ${what} \`rouse explain ${runId}\`, mend the cause, then \`rouse replay ${eventId}\``
      return { cause: `dead ${agent}`, code, message }
    })
  }

  private async waiting({ waitingMs }: AlertRules, now: number): Promise<NewAlert[]> {
    if (waitingMs === undefined) return []
    const approvals = await this.options.store.listApprovals({ state: 'waiting', limit: mostWaiting })
    const old = approvals.filter(({ requestedAt }) => now - requestedAt >= waitingMs)
    if (old.length === 0) return []
    const since = Math.min(...old.map(({ requestedAt }) => requestedAt))
    const calls = old.length === 1 ? 'a call waits' : `${old.length} calls wait`
    const message = `${calls} for a person’s word, since ${isoTime(since)}: \`rouse approvals\``
    return [{ cause: 'waiting approvals', code: 'approval.waiting', message }]
  }

  private async backlog({ backlogMs }: AlertRules, now: number): Promise<NewAlert[]> {
    const { store, clock } = this.options
    const { events, runs } = await store.backlog()
    const oldestAt = Math.min(events.oldestAt ?? now, runs.oldestAt ?? now)
    if (backlogMs === undefined || now - oldestAt < backlogMs) {
      this.#backlogSince = undefined
      return []
    }
    this.#backlogSince ??= clock.monotonic()
    if (clock.monotonic() - this.#backlogSince < Math.min(backlogMs, backlogStaysMs)) return []
    const message = `${events.count} events and ${runs.count} runs wait with nothing in their way, the oldest since ${isoTime(oldestAt)}: raise \`server.concurrency\`, or let fewer events wake agents`
    return [{ cause: 'backlog', code: 'run.backlog', message }]
  }
}
