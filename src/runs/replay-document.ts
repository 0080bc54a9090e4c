import type { Run } from '../domain/run.js'
import type { JsonObject } from '../util/json.js'
import { runDocument } from './documents.js'
import type { LeftOut, Plan, Planned } from './replay-plan.js'

/** What came of a plan. */
export interface Done {
  readonly runs: readonly Run[]
  readonly changed: readonly LeftOut[]
  /** The signal that ended it early. */
  readonly stoppedBy: string | undefined
}

/** What `rouse replay --json` prints, and the API answers. */
export function resultDocument({ planned, leftOut }: Plan, { runs, changed, stoppedBy }: Done): JsonObject {
  return {
    planned: planned.map(plannedDocument),
    left_out: [...leftOut, ...changed].map(leftOutDocument),
    runs: runs.map(runDocument),
    stopped_by: stoppedBy ?? null,
  }
}

function plannedDocument({ event, agent, why, last, writes }: Planned): JsonObject {
  return {
    event_id: event.id,
    agent,
    why,
    last_run_id: last?.id ?? null,
    last_state: last?.state ?? null,
    last_error: last?.error?.code ?? null,
    writes: writesDocument(writes),
  }
}

function leftOutDocument({ event, agent, reason, last, writes }: LeftOut): JsonObject {
  return {
    event_id: event.id,
    agent: agent ?? null,
    reason,
    last_run_id: last?.id ?? null,
    last_state: last?.state ?? null,
    writes: writesDocument(writes),
  }
}

function writesDocument(writes: Planned['writes']): JsonObject[] {
  return writes.map(({ id, runId, tool, state }) => ({ tool_call_id: id, run_id: runId, tool, state }))
}
