import type { Database } from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'
import type { Lease } from '../../domain/run.js'

/** For the `WHERE` of any write of a run's own row; binds id, node, fence. */
export const whereLeased = `id = ? AND node = ? AND fence = ? AND state = 'running'`

/** For the `WHERE` of a write of a row that belongs to a run; binds id, node, fence. */
export const whereRunLeased = `run_id = (SELECT id FROM runs WHERE ${whereLeased})`

export function leaseLost({ runId, node, fence }: Lease): StoreError {
  return new StoreError(
    'store.lease_lost',
    `run ${runId} is no longer held by ${node} (fence ${fence}); nothing was written`,
  )
}

/** Throws `store.lease_lost` unless the lease holds, inside the caller's transaction. */
export function leaseChecker(db: Database): (lease: Lease) => void {
  const held = db.prepare<unknown[], unknown>(`SELECT 1 FROM runs WHERE ${whereLeased}`)
  return (lease) => {
    if (!held.get(lease.runId, lease.node, lease.fence)) throw leaseLost(lease)
  }
}
