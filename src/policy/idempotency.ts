import type { Ids } from '../domain/event.js'
import type { ToolCall } from '../domain/tool-call.js'
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
  /** See `ordinalOf`. */
  readonly ordinal: number
}

/**
 * How many calls of the same tool stand before this one in the run, `calls` being all of the run's in the order in
 * which they were asked for. A tool's ids never change within a run, so these are the calls of this tool on these ids.
 * Whoever is approved or sent first changes nothing of it. Calls that policy refused at once do not count: they are
 * final before a later one is looked at, and a model that is asked again may well leave them out.
 */
export function ordinalOf(
  calls: readonly Pick<ToolCall, 'id' | 'tool' | 'state' | 'ordinal' | 'approvalId'>[],
  call: Pick<ToolCall, 'id' | 'tool' | 'ordinal'>,
): number {
  if (call.ordinal !== undefined) return call.ordinal
  const ofTool = calls.filter(({ tool }) => tool === call.tool)
  const place = ofTool.findIndex(({ id }) => id === call.id)
  const earlier = place < 0 ? ofTool : ofTool.slice(0, place)
  let ordinal = earlier.filter(
    ({ state, ordinal: own, approvalId }) =>
      !(state === 'denied' && own === undefined && approvalId === undefined),
  ).length
  // In ledgers of before, ordinals were given in the order of sending. No two calls ever share one.
  const taken = new Set(ofTool.map(({ ordinal: own }) => own))
  while (taken.has(ordinal)) ordinal++
  return ordinal
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

/**
 * What a write carries so that it can be found again: `rouse-` and 32 hex digits, safe in any text. Nobody who has
 * not seen the write can make it, so an answer that holds it shows the write.
 */
export function markerOf(idempotencyKey: string): string {
  return `rouse-${sha256(stringifyJson(['marker', idempotencyKey]))
    .toString('hex')
    .slice(0, 32)}`
}

/** The marker that the request of this call carries, where it does. */
export function carriedMarker({ request, idempotencyKey }: Pick<ToolCall, 'request' | 'idempotencyKey'>) {
  if (!request || idempotencyKey === undefined) return undefined
  const marker = markerOf(idempotencyKey)
  return request.url.includes(marker) || request.body?.includes(marker) ? marker : undefined
}
