import { isoTime } from '../../util/clock.js'
import type { JsonObject } from '../../util/json.js'
import { type LocalApi, startApi } from './api.js'
import { deal } from './cast.js'

export interface CrmApi extends LocalApi {
  /** How often the list was read. */
  readonly reads: number
  /** What changed since it was started: subject, and the time that is its version. */
  readonly changes: readonly { readonly subject: string; readonly time: number }[]
  /** The deal is won, at `now`. */
  win(now: number): void
}

/** A service that sends no webhooks: its list is all there is. */
export async function startCrm(token: string, now: number): Promise<CrmApi> {
  const hour = 3_600_000
  const deals: JsonObject[] = [
    { id: 'deal_8790', company: 'Havgaard ApS', stage: 'won', updated_at: isoTime(now - 30 * hour) },
    { id: deal.id, company: deal.company, stage: 'negotiation', updated_at: isoTime(now - 5 * hour) },
  ]
  const changes: { subject: string; time: number }[] = []
  let reads = 0
  const api = await startApi({
    name: 'CRM',
    authorization: `Bearer ${token}`,
    answer({ method, path, query }) {
      if (method !== 'GET' || path !== '/api/deals') return undefined
      reads++
      const since = Date.parse(query.get('updated_since') ?? '') || 0
      const data = deals.filter(({ updated_at }) => Date.parse(String(updated_at)) >= since)
      return { status: 200, json: { data, links: { next: null } } }
    },
  })
  return {
    ...api,
    changes,
    get reads() {
      return reads
    },
    win(at: number) {
      const terms = { stage: 'won', plan: 'Team, 25 seats', start: '2026-12-01' }
      deals[1] = { id: deal.id, company: deal.company, ...terms, updated_at: isoTime(at) }
      changes.push({ subject: deal.id, time: at })
    },
  }
}
