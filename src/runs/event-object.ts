import { isoTime } from '../util/clock.js'
import type { JsonObject } from '../util/json.js'
import type { RunContext } from './context.js'

/** The run's event as expressions see it. */
export function eventObject({ event }: Pick<RunContext, 'event'>): JsonObject {
  const { id, source, type, subject, time, data } = event
  return { id, source, type, subject: subject ?? null, time: isoTime(time), data }
}
