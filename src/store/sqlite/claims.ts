import { isFinal } from '../../domain/run.js'
import type { ClaimedRun } from '../records.js'
import type { Store } from '../store.js'
import type { Endings } from './endings.js'
import { leaseLost, whereLeased } from './leases.js'
import { type EventRow, eventOf, type RunRow, runOf } from './rows.js'
import { selectEvent } from './selects.js'
import type { Writer } from './writer.js'

/** How many earlier runs of a subject are asked whether they knew a newer event. */
const earlierRuns = 20
/** No wait is this long. What is due later was given its time by a clock that was wrong, and would wait for years. */
const longestWaitMs = 31 * 86_400_000

/** Who works on a run. */
export function claims(writer: Writer, endings: Endings): Pick<Store, 'claim' | 'renew' | 'recoverRuns'> {
  const { db } = writer
  // One that was blocked while its time came waits only for its turn from then on, so that it is looked at once.
  const readyWhere = (which: string) =>
    db.prepare(`
      UPDATE runs SET is_ready = 1 - is_blocked, state = iif(is_blocked, 'queued', state),
        parked_on = iif(is_blocked, NULL, parked_on), next_at = iif(is_blocked, NULL, next_at)
      WHERE is_ready = 0 AND next_at ${which}`)
  // Not with OR: that takes no index, or all of it.
  const makeReady = readyWhere('<= ?')
  const makeReadyTooLate = readyWhere('> ?')
  // Hops from agent to agent along the index instead of reading all ready runs: a thousand runs of an agent
  // that is passed over cost one hop.
  const take = (which: string) =>
    db.prepare<unknown[], RunRow>(`
    WITH RECURSIVE agents (name) AS (
      SELECT min(agent) FROM runs WHERE is_ready = 1
      UNION ALL
      SELECT (SELECT min(agent) FROM runs WHERE is_ready = 1 AND agent > name) FROM agents WHERE name IS NOT NULL
    )
    UPDATE runs SET state = 'running', is_ready = 0, is_woken = 0, parked_on = NULL, next_at = NULL,
      node = @node, lease_until = @leaseUntil, fence = fence + 1
    WHERE position = (
      SELECT min(oldest) FROM (
        SELECT (SELECT min(position) FROM runs WHERE is_ready = 1 AND agent = name ${which}) AS oldest
        FROM agents WHERE name IS NOT NULL AND name NOT IN (SELECT value FROM json_each(@notAgents))))
    RETURNING *`)
  const takeAny = take('')
  const takeUnsuspected = take('AND crashes = 0')
  const newerEvent = db.prepare<unknown[], { time_at: number | null }>(`
    SELECT max(e.time_at) AS time_at
    FROM (SELECT event_id FROM runs WHERE agent = @agent AND subject = @subject AND position < @position
      ORDER BY position DESC LIMIT ${earlierRuns}) r
    CROSS JOIN events e ON e.id = r.event_id`)
  const insertAttempt = db.prepare(
    'INSERT INTO attempts (run_id, number, node, started_at) VALUES (?, ?, ?, ?)',
  )
  const eventById = db.prepare<[string], EventRow>(`${selectEvent} WHERE e.id = ?`)
  const extend = db.prepare(`UPDATE runs SET lease_until = ? WHERE ${whereLeased}`)
  const goesOn = '(node = @node OR crashes < @maxCrashes)'
  const recover = db.prepare<unknown[], RunRow>(`
    UPDATE runs SET crashes = crashes + (node <> @node), node = NULL, lease_until = NULL,
      state = iif(${goesOn}, 'queued', 'dead'),
      is_ready = ${goesOn},
      finished_at = iif(${goesOn}, NULL, @now),
      error_code = iif(${goesOn}, error_code, 'limit.crashes'),
      error_message = iif(${goesOn}, error_message,
        'the process died ' || (crashes + 1) || ' times while it worked on this run')
    WHERE lease_until IS NOT NULL AND (lease_until <= @now OR (@alone = 1 AND node <> @node))
    RETURNING *`)
  const crashAttempt = db.prepare(
    `UPDATE attempts SET outcome = 'crashed' WHERE run_id = ? AND number = ? AND node <> ?`,
  )
  const loseAttempt = db.prepare(`
    UPDATE attempts SET outcome = 'failed', ended_at = ?, error_code = 'store.lease_lost',
      error_message = 'how it ended could not be written before its lease ran out'
    WHERE run_id = ? AND number = ? AND node = ?`)
  const goOnAfterRestart = db.prepare(`
    UPDATE runs SET state = 'queued', is_ready = 1 - is_blocked, parked_on = NULL, next_at = NULL
    WHERE state = 'parked' AND parked_on = 'restart'`)

  const newerEventAt = ({ agent, subject, position, event_id }: RunRow, timeAt: number) => {
    // Without a subject of its own there is none before it.
    if (subject === event_id) return undefined
    const newest = newerEvent.get({ agent, subject, position })?.time_at ?? timeAt
    return newest > timeAt ? newest : undefined
  }

  return {
    claim: async ({ node, now, leaseUntil, notAgents, noSuspects }): Promise<ClaimedRun | undefined> => {
      const take = noSuspects ? takeUnsuspected : takeAny
      const taken = await writer.write(() => {
        makeReady.run(now)
        makeReadyTooLate.run(now + longestWaitMs)
        const run = take.get({ node, leaseUntil, notAgents: JSON.stringify(notAgents) })
        if (!run) return undefined
        insertAttempt.run(run.id, run.fence, node, now)
        const event = eventById.get(run.event_id)
        return event && { run, event, newerEventAt: newerEventAt(run, event.time_at) }
      })
      if (!taken) return undefined
      const { run, event, newerEventAt: newerAt } = taken
      return {
        lease: { runId: run.id, node, fence: run.fence },
        run: runOf(run),
        event: eventOf(event),
        newerEventAt: newerAt,
      }
    },

    renew: (lease, leaseUntil) =>
      writer.write(() => {
        if (extend.run(leaseUntil, lease.runId, lease.node, lease.fence).changes === 0) throw leaseLost(lease)
      }),

    recoverRuns: ({ node, alone, now, maxCrashes }) =>
      writer.write(() => {
        const recovered = recover.all({ node, alone: alone ? 1 : 0, now, maxCrashes })
        if (alone) goOnAfterRestart.run()
        for (const run of recovered) {
          crashAttempt.run(run.id, run.fence, node)
          loseAttempt.run(now, run.id, run.fence, node)
          if (isFinal(run.state)) endings.ended(run, now)
        }
        return recovered.map(({ id }) => id)
      }),
  }
}
