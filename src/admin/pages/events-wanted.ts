import { type EventState, eventTransitions, type Via } from '../../domain/event.js'
import type { EventSearch } from '../../store/reports.js'
import { wantedOf } from './wanted.js'

export interface EventsWanted {
  readonly search: Omit<EventSearch, 'limit'>
  readonly problems: readonly string[]
  /** Anything but the page of the list. */
  readonly isFiltered: boolean
  readonly chosen: Readonly<Record<'source' | 'state' | 'since', string | undefined>>
}

const names = ['source', 'type', 'state', 'subject', 'actor', 'via', 'agent', 'id', 'echo', 'since', 'until']
const vias: readonly Via[] = ['webhook', 'poll', 'schedule']

/** What events are looked for, and what of it is not understood. */
export function eventsWanted(query: URLSearchParams, now: number): EventsWanted {
  const { given, oneOf, time, text, problems } = wantedOf(query, names, now)
  const isId = /^(evt|dlv)_[0-9a-f]+$/.test(text)
  const id = given('id') ?? (isId ? text : undefined)
  if (id !== undefined && !/^(evt|dlv)_[0-9a-f]*$/.test(id)) {
    problems.push(`id:${id} is not understood; it begins with evt_ or dlv_`)
  }
  const before = query.get('before') ?? undefined
  const echo = oneOf('echo', ['yes', 'no'])
  const search: EventsWanted['search'] = {
    source: given('source'),
    type: given('type'),
    state: oneOf('state', Object.keys(eventTransitions) as EventState[]),
    subject: given('subject'),
    actor: given('actor'),
    via: oneOf('via', vias),
    agent: given('agent'),
    isEcho: echo === undefined ? undefined : echo === 'yes',
    id,
    text: text === '' || isId ? undefined : text,
    since: time('since'),
    until: time('until'),
    before,
  }
  const isFiltered =
    problems.length > 0 ||
    Object.entries(search).some(([name, value]) => name !== 'before' && value !== undefined)
  const chosen = { source: given('source'), state: given('state'), since: given('since') }
  return { search, problems, isFiltered, chosen }
}
