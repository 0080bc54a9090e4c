import type { JsonObject } from '../../util/json.js'
import { type ApiAnswer, type ApiRequest, KeptAnswers, type LocalApi, startApi } from './api.js'
import { laterTicket, type Ticket, ticket } from './cast.js'

export function startZendesk(authorization: string): Promise<LocalApi> {
  const kept = new KeptAnswers()
  const tickets = new Map<string, JsonObject>()
  /** Who asks for one that is not of the story, as a signed test does, gets the like of it. */
  const stateOf = (id: string): JsonObject => {
    const of = [ticket, laterTicket].find((one) => String(one.id) === id) ?? { ...ticket, id: Number(id) }
    const state = tickets.get(id) ?? newTicket(of)
    tickets.set(id, state)
    return state
  }
  const update = (state: JsonObject, { body }: ApiRequest): ApiAnswer => {
    const { priority, tags } = (JSON.parse(body) as { ticket: JsonObject }).ticket
    if (priority !== undefined) state['priority'] = priority
    if (tags !== undefined) state['tags'] = tags
    return { status: 200, json: { ticket: { ...state } } }
  }
  return startApi({
    name: 'Zendesk',
    authorization,
    answer(request, happened): ApiAnswer | undefined | Promise<ApiAnswer> {
      const { method, path } = request
      const [, id] = /^\/api\/v2\/tickets\/(\d+)$/.exec(path) ?? []
      if (method === 'GET' && id !== undefined) return { status: 200, json: { ticket: { ...stateOf(id) } } }
      if (method === 'GET' && /^\/api\/v2\/users\/\d+\/tickets\/requested$/.test(path)) {
        return { status: 200, json: { tickets: history, count: history.length, next_page: null } }
      }
      if (method === 'PUT' && id !== undefined) {
        happened()
        return update(stateOf(id), request)
      }
      if (method !== 'POST' || path !== '/api/v2/tickets') return undefined
      return kept.once(request, { 'x-idempotency-lookup': 'hit' }, () => {
        happened()
        return { status: 201, json: { ticket: { id: ticket.id + 1, status: 'new' } } }
      })
    },
  })
}

function newTicket({ id, subject, text, requester }: Ticket): JsonObject {
  return {
    id,
    subject,
    description: text,
    status: 'new',
    priority: null,
    tags: ['web_form'],
    created_at: '2026-11-20T08:41:12Z',
    updated_at: '2026-11-20T08:41:12Z',
    requester_id: requester,
    via: { channel: 'web' },
  }
}

const history = [
  {
    id: 35101,
    subject: 'Invoice export is empty',
    status: 'solved',
    priority: 'normal',
    created_at: '2026-10-29T10:02:00Z',
  },
  {
    id: 34470,
    subject: 'How do I add a colleague?',
    status: 'closed',
    priority: 'low',
    created_at: '2026-09-03T13:40:00Z',
  },
]
