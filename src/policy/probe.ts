import type { Ids } from '../domain/event.js'
import type { Probe } from '../domain/tool.js'
import { type JsonObject, type JsonValue, stringifyJson } from '../util/json.js'

export interface Look {
  /** The probe's whole answer; undefined when it is not JSON. */
  readonly answer: JsonValue | undefined
  /** Whether the answer says itself that there is more of it. */
  readonly hasMore: boolean
  readonly marker: string
  readonly args: JsonObject
  readonly ids: Ids
  readonly event: JsonObject
}

export type Finding =
  | { readonly finding: 'found' | 'not_found' }
  /** It shows neither that it happened nor that it did not. `reason` is for a person. */
  | { readonly finding: 'unclear'; readonly reason: string }

/**
 * What a probe's answer shows. Where `found` cannot be decided, and where the write does not stand in an answer that
 * is only a part, it shows nothing: on that a write is not sent again.
 */
export function judgeLook(probe: Probe, look: Look): Finding {
  const { answer, hasMore, marker, args, ids, event } = look
  if (answer === undefined) return unclear('its answer is not JSON')
  let found: unknown
  try {
    found = probe.found
      ? probe.found.evaluate({ answer, marker, args, ids: { ...ids }, event })
      : stringifyJson(answer).includes(marker)
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : 'an error'
    return unclear(`"found" could not be decided on its answer: ${reason}`)
  }
  if (found === true) return { finding: 'found' }
  if (found !== false) return unclear(`"found" gave ${typeof found}, not a boolean`)
  return hasMore ? unclear('it is not in the answer, which is only the first page') : { finding: 'not_found' }
}

function unclear(reason: string): Finding {
  return { finding: 'unclear', reason }
}
