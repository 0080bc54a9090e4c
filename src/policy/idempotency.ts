import type { Ids } from '../domain/event.js'
import { stringifyJson } from '../util/json.js'
import { sha256 } from '../util/signature.js'

export interface IdempotencyScope {
  readonly eventId: string
  /** Of the run; a replay is meant to act again. */
  readonly replay: number
  readonly agent: string
  readonly tool: string
  /** The ids that the tool is bound to. */
  readonly ids: Ids
  /** How many calls of this tool on these ids the run had made before. */
  readonly ordinal: number
}

/**
 * The key under which an API does a write once: `rouse_` and 64 hex digits. Made of what rouse knows, never of
 * what the model wrote, so that a model that is asked again after a crash and words its arguments otherwise
 * still means the same write.
 */
export function idempotencyKey({ eventId, replay, agent, tool, ids, ordinal }: IdempotencyScope): string {
  const sorted = Object.entries(ids).sort(([left], [right]) => (left < right ? -1 : 1))
  const framed = ['write', eventId, replay, agent, tool, sorted, ordinal]
  return `rouse_${sha256(stringifyJson(framed)).toString('hex')}`
}
