import { errorCodes } from '../../domain/errors.js'
import { type ParkedOn, parkedOns, type RunState, runTransitions } from '../../domain/run.js'
import type { RunSearch } from '../../store/reports.js'
import { timeOf, wantedOf } from './wanted.js'

export interface RunsWanted {
  readonly search: Omit<RunSearch, 'limit'>
  readonly problems: readonly string[]
  readonly isFiltered: boolean
  readonly chosen: Readonly<Record<'agent' | 'state' | 'on' | 'since', string | undefined>>
}

const names = ['agent', 'state', 'on', 'code', 'subject', 'event', 'id', 'since', 'until']
export const runStates = Object.keys(runTransitions) as RunState[]

/** What runs are looked for, and what of it is not understood. Words without a name are a subject, an id or a code. */
export function runsWanted(query: URLSearchParams, now: number): RunsWanted {
  const { given, text } = wantedOf(query, names)
  const problems: string[] = []
  const oneOf = <T extends string>(name: string, values: readonly T[]): T | undefined => {
    const value = given(name)
    const found = values.find((one) => one === value)
    if (value !== undefined && found === undefined) {
      problems.push(`${name}:${value} is not understood; it is one of ${values.join(', ')}`)
    }
    return found
  }
  const time = (name: string): number | undefined => {
    const typed = given(name)
    const at = typed === undefined ? undefined : timeOf(typed, now)
    if (typed !== undefined && at === undefined) {
      problems.push(`${name}:${typed} is not understood; write 2h, 7d, or 2026-11-21T07:00:00Z`)
    }
    return at
  }
  const isRun = /^run_[0-9a-f]+$/.test(text)
  const isEvent = /^evt_[0-9a-f]{32}$/.test(text)
  const isCode = Object.hasOwn(errorCodes, text)
  const isSubject = text !== '' && !isRun && !isEvent && !isCode
  const id = given('id') ?? (isRun ? text : undefined)
  if (id !== undefined && !/^run_[0-9a-f]*$/.test(id)) {
    problems.push(`id:${id} is not understood; it begins with run_`)
  }
  const on = oneOf<ParkedOn>('on', parkedOns)
  const search: RunsWanted['search'] = {
    agent: given('agent'),
    state: oneOf('state', runStates),
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
  const chosen = { agent: given('agent'), state: given('state'), on: given('on'), since: given('since') }
  return { search, problems, isFiltered, chosen }
}
