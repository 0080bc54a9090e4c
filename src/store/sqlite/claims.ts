import { isFinal } from '../../domain/run.js'
import type { ClaimedRun } from '../records.js'
import type { Store } from '../store.js'
import type { Endings } from './endings.js'
import { leaseLost, whereLeased } from './leases.js'
import { type EventRow, eventOf, type RunRow, runOf } from './rows.js'
import { selectEvent } from './selects.js'
import type { Writer } from './writer.js'

/** Who works on a run. */
export function claims(writer: Writer, endings: Endings): Pick<Store, 'claim' | 'renew' | 'recoverRuns'> {
  const { db } = writer
  const makeReady = db.prepare('UPDATE runs SET is_ready = 1 WHERE is_ready = 0 AND next_at <= ?')
  // Hops from agent to agent along the index instead of reading all ready runs: a thousand runs of an agent
  // that is passed over cost one hop.
  const take = db.prepare<unknown[], RunRow>(`
    WITH RECURSIVE agents (name) AS (
      SELECT min(agent) FROM runs WHERE is_ready = 1
      UNION ALL
      SELECT (SELECT min(agent) FROM runs WHERE is_ready = 1 AND agent > name) FROM agents WHERE name IS NOT NULL
    )
    UPDATE runs SET state = 'running', is_ready = 0, is_woken = 0, parked_on = NULL, next_at = NULL,
      node = @node, lease_until = @leaseUntil, fence = fence + 1
    WHERE position = (
      SELECT min(oldest) FROM (
        SELECT (SELECT min(position) FROM runs WHERE is_ready = 1 AND agent = name) AS oldest
        FROM agents WHERE name IS NOT NULL AND name NOT IN (SELECT value FROM json_each(@notAgents))))
    RETURNING *`)
  const insertAttempt = db.prepare(
    'INSERT INTO attempts (run_id, number, node, started_at) VALUES (?, ?, ?, ?)',
  )
  const eventById = db.prepare<[string], EventRow>(`${selectEvent} WHERE e.id = ?`)
  const extend = db.prepare(`UPDATE runs SET lease_until = ? WHERE ${whereLeased}`)
  const recover = db.prepare<unknown[], RunRow>(`
    UPDATE runs SET crashes = crashes + 1, node = NULL, lease_until = NULL,
      state = iif(crashes < @maxCrashes, 'queued', 'dead'),
      is_ready = crashes < @maxCrashes,
      finished_at = iif(crashes < @maxCrashes, NULL, @now),
      error_code = iif(crashes < @maxCrashes, error_code, 'limit.crashes'),
      error_message = iif(crashes < @maxCrashes, error_message,
        'the process died ' || (crashes + 1) || ' times while it worked on this run')
    WHERE lease_until IS NOT NULL AND (lease_until <= @now OR (@alone = 1 AND node <> @node))
    RETURNING *`)
  const crashAttempt = db.prepare(`UPDATE attempts SET outcome = 'crashed' WHERE run_id = ? AND number = ?`)

  return {
    claim: async ({ node, now, leaseUntil, notAgents }): Promise<ClaimedRun | undefined> => {
      const taken = await writer.write(() => {
        makeReady.run(now)
        const run = take.get({ node, leaseUntil, notAgents: JSON.stringify(notAgents) })
        if (!run) return undefined
        insertAttempt.run(run.id, run.fence, node, now)
        return { run, event: eventById.get(run.event_id) }
      })
      if (!taken?.event) return undefined
      const { run, event } = taken
      return {
        lease: { runId: run.id, node, fence: run.fence },
        run: runOf(run),
        event: eventOf(event),
        newerEventAt: undefined,
      }
    },

    renew: (lease, leaseUntil) =>
      writer.write(() => {
        if (extend.run(leaseUntil, lease.runId, lease.node, lease.fence).changes === 0) throw leaseLost(lease)
      }),

    recoverRuns: ({ node, alone, now, maxCrashes }) =>
      writer.write(() => {
        const recovered = recover.all({ node, alone: alone ? 1 : 0, now, maxCrashes })
        for (const run of recovered) {
          crashAttempt.run(run.id, run.fence)
          if (isFinal(run.state)) endings.ended(run, now)
        }
        return recovered.map(({ id }) => id)
      }),
  }
}
