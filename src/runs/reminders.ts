import type { Config } from '../config/config.js'
import type { Store } from '../store/store.js'
import { isoTime } from '../util/clock.js'
import type { Alerts } from './alerts.js'

/** Where more wait than this, the next ones to expire are told of. */
const mostWaiting = 200

/** Tells of calls that wait for a person and whose time is nearly over, and ends that when they wait no more. */
export async function remind(
  store: Pick<Store, 'listApprovals'>,
  alerts: Alerts,
  config: Config,
  now: number,
): Promise<void> {
  const waiting = await store.listApprovals({ state: 'waiting', limit: mostWaiting })
  const causes = new Set<string>()
  for (const { id, agent, tool, expiresAt } of waiting) {
    const grant = config.agents.get(agent)?.grants.find((candidate) => candidate.tool === tool)
    if (grant?.remindMs === undefined || expiresAt - now > grant.remindMs || expiresAt <= now) continue
    const cause = `approval ${id}`
    causes.add(cause)
    if (alerts.isStanding(cause)) continue
    const message = `${agent} waits for a person’s word on ${tool}, until ${isoTime(expiresAt)}: \`rouse approve ${id}\` or \`rouse deny ${id}\``
    alerts.raise({ cause, code: 'approval.waiting', message })
  }
  for (const cause of alerts.standing('approval ')) if (!causes.has(cause)) alerts.resolve(cause)
}
