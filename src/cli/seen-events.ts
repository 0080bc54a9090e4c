import type { Run } from '../domain/run.js'
import type { StoredEvent } from '../store/records.js'
import type { Store } from '../store/store.js'
import { isoTime } from '../util/clock.js'
import { count, plain } from './text.js'

/** The events of runs that see several, by the run's id, in order of arrival and without their data. */
export type SeenByRun = ReadonlyMap<string, readonly StoredEvent[]>

/** Most that are shown of one run; more are counted. */
const shownEvents = 20

export async function seenBy(store: Store, runs: readonly Run[]): Promise<SeenByRun> {
  const seen = new Map<string, readonly StoredEvent[]>()
  for (const { id, eventCount } of runs) if (eventCount > 1) seen.set(id, await store.eventsOf(id, 0))
  return seen
}

/** A line each: the first, and the latest. */
export function formatSeen(events: readonly StoredEvent[]): string {
  const line = ({ id, type, time }: StoredEvent) => `${id}  ${plain(type)}  ${isoTime(time)}`
  const [first, ...others] = events
  if (!first) return ''
  const latest = others.slice(-(shownEvents - 1))
  const hidden = others.length - latest.length
  const between = hidden === 0 ? [] : [`… ${count(hidden, 'more event')}; --json has all`]
  return [line(first), ...between, ...latest.map(line)].join('\n')
}
