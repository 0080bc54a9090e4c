import { errorCodes } from '../../domain/errors.js'
import { type ParkedOn, parkedOns, type RunState, runTransitions } from '../../domain/run.js'
import type { RunSearch } from '../../store/reports.js'
import { wantedOf } from './wanted.js'

export interface RunsWanted {
  readonly search: Omit<RunSearch, 'limit'>
  readonly problems: readonly string[]
  readonly isFiltered: boolean
  readonly chosen: Readonly<Record<'agent' | 'state' | 'replayed' | 'on' | 'since', string | undefined>>
}

const names = ['agent', 'state', 'replayed', 'on', 'code', 'subject', 'event', 'id', 'since', 'until']
export const runStates = Object.keys(runTransitions) as RunState[]

/** What runs are looked for, and what of it is not understood. Words without a name are a subject, an id or a code. */
export function runsWanted(query: URLSearchParams, now: number): RunsWanted {
  const { given, oneOf, time, text, problems } = wantedOf(query, names, now)
  const isRun = /^run_[0-9a-f]+$/.test(text)
  const isEvent = /^evt_[0-9a-f]{32}$/.test(text)
  const isCode = Object.hasOwn(errorCodes, text)
  const isSubject = text !== '' && !isRun && !isEvent && !isCode
  const id = given('id') ?? (isRun ? text : undefined)
  if (id !== undefined && !/^run_[0-9a-f]*$/.test(id)) {
    problems.push(`id:${id} is not understood; it begins with run_`)
  }
  const on = oneOf<ParkedOn>('on', parkedOns)
  const replayed = oneOf('replayed', ['yes', 'no'])
  const search: RunsWanted['search'] = {
    agent: given('agent'),
    state: oneOf('state', runStates),
    ...(replayed === undefined ? {} : { isReplayed: replayed === 'yes' }),
    parkedOn: on,
    errorCode: given('code') ?? (isCode ? text : undefined),
    subject: given('subject') ?? (isSubject ? text : undefined),
    eventId: given('event') ?? (isEvent ? text : undefined),
    id,
    since: time('since'),
    until: time('until'),
    before: query.get('before') ?? undefined,
  }
  const isFiltered =
    problems.length > 0 ||
    Object.entries(search).some(([name, value]) => name !== 'before' && value !== undefined)
  const chosen = {
    agent: given('agent'),
    state: given('state') ?? (replayed === undefined ? undefined : 'dead'),
    replayed,
    on: given('on'),
    since: given('since'),
  }
  return { search, problems, isFiltered, chosen }
}
