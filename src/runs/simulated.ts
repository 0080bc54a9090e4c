import type { Run } from '../domain/run.js'
import type { StoredEvent, ToolCallRow } from '../store/records.js'
import type { Store } from '../store/store.js'
import { isDoneByOthers, type LaterEvent, laterEvents } from './since-then.js'

/** A write that was recorded and not sent, beside what then happened to its subject. */
export interface Simulated {
  readonly call: ToolCallRow
  readonly run: Run | undefined
  readonly event: StoredEvent | undefined
  /** Undefined where nothing can be looked for: no event, or one without a subject. */
  readonly later: readonly LaterEvent[] | undefined
}

export async function lookAfter(store: Store, call: ToolCallRow): Promise<Simulated> {
  const run = await store.run(call.runId)
  const event = run && (await store.event(run.eventId))
  const later = event?.subject === undefined ? undefined : await laterEvents(store, call, event)
  return { call, run, event, later }
}

export interface Sum {
  readonly tool: string
  readonly proposed: number
  readonly withLater: number
  readonly alike: number
}

/** By tool: how many there were, and of how many something came later. */
export function sumUp(found: readonly Simulated[]): Sum[] {
  const tools = [...new Set(found.map(({ call }) => call.tool))].sort()
  return tools.map((tool) => {
    const own = found.filter(({ call }) => call.tool === tool)
    return {
      tool,
      proposed: own.length,
      withLater: own.filter(({ later }) => later !== undefined && later.length > 0).length,
      alike: own.filter(({ later }) => later !== undefined && isDoneByOthers(later)).length,
    }
  })
}
