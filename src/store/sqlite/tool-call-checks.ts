import type { Database } from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'
import type { Lease } from '../../domain/run.js'
import { type ToolCallState, toolCallTransitions } from '../../domain/tool-call.js'
import { leaseChecker, whereRunLeased } from './leases.js'

/** For the `WHERE` of a leased move of a tool call; binds id, the states it may come from, and the lease. */
export const whereMovable = `id = ? AND state IN (SELECT value FROM json_each(?)) AND ${whereRunLeased}`

export interface ToolCallChecks {
  /** Why a leased move to `wanted` touched no row. Throws `store.lease_lost`. */
  reason(lease: Lease, id: string, wanted: ToolCallState): StoreError
  /** Throws that reason unless the call could become `wanted` now. */
  require(lease: Lease, id: string, wanted: ToolCallState): void
  /** Why a call is not one that a person can resolve. */
  notHeld(id: string): StoreError
}

export function toolCallChecks(db: Database): ToolCallChecks {
  const find = db.prepare<[string], { state: ToolCallState; run_id: string }>(
    'SELECT state, run_id FROM tool_calls WHERE id = ?',
  )
  const checkLease = leaseChecker(db)
  const stateOf = (lease: Lease, id: string): ToolCallState => {
    checkLease(lease)
    const call = find.get(id)
    if (call?.run_id !== lease.runId) throw toolCallNotFound(id)
    return call.state
  }
  return {
    reason: (lease, id, wanted) => toolCallConflict(id, stateOf(lease, id), wanted),
    require(lease, id, wanted) {
      const state = stateOf(lease, id)
      if (!toolCallTransitions[state].includes(wanted)) throw toolCallConflict(id, state, wanted)
    },
    notHeld(id) {
      const call = find.get(id)
      if (!call) return toolCallNotFound(id)
      return new StoreError(
        'store.conflict',
        `tool call ${id} is ${call.state}; only one that is held can be resolved`,
      )
    },
  }
}

export function toolCallConflict(id: string, found: string, wanted: ToolCallState): StoreError {
  return new StoreError('store.conflict', `tool call ${id} is ${found}; it cannot become ${wanted}`)
}

function toolCallNotFound(id: string): StoreError {
  return new StoreError('store.not_found', `there is no tool call ${id}`)
}
