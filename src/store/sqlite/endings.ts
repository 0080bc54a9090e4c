import { type RunOutcome, type RunState, supersededError } from '../../domain/run.js'
import { reservations } from './reservations.js'
import { unfinishedRuns } from './selects.js'
import type { Writer } from './writer.js'

interface EndedRun {
  readonly id: string
  readonly agent: string
  readonly subject: string
  readonly state: RunState
}

/**
 * Of a row of `runs`: whether a write of it went out whose outcome is not known, or is to go out again. In a restored
 * ledger what is prepared may have gone out since the backup was taken.
 */
export const hasOpenWrite = `EXISTS (
  SELECT 1 FROM tool_calls c WHERE c.run_id = runs.id AND (c.state IN ('sent', 'unknown', 'held')
    OR (c.state = 'prepared' AND (c.sends > 0 OR runs.is_restored = 1))))`

/** What the end of a run, or a person's word, means for other rows. Used inside the caller's transaction. */
export interface Endings {
  /** After a run became final: the next run of its agent and subject may go on, and nobody is asked in its name any more. */
  ended(run: EndedRun, now: number): void
  /** A person decided something that the run waits on. If the run is just working, it will not park on it. */
  wake(runId: string): void
  /** How a run that would wait ends instead, where a newer event took its place and no write of it is open. */
  supersededOutcome(runId: string): RunOutcome | undefined
  /** What `wake` left behind while the run was working. */
  wakeIfDecided(runId: string): void
}

export function endings(writer: Writer): Endings {
  const { db } = writer
  const unblock = db.prepare(`
    UPDATE runs SET is_blocked = 0, is_ready = (state = 'queued')
    WHERE is_blocked = 1 AND position = (
      SELECT min(position) FROM ${unfinishedRuns} WHERE agent = ? AND subject = ? AND finished_at IS NULL)`)
  const superseder = db.prepare<[string], { superseded_by: string }>(
    `SELECT superseded_by FROM runs WHERE id = ? AND superseded_by IS NOT NULL AND NOT ${hasOpenWrite}`,
  )
  const expireCalls = db.prepare(`
    UPDATE tool_calls SET state = 'expired', settled_at = ?
    WHERE run_id = ? AND state = 'waiting'`)
  const expireApprovals = db.prepare(
    `UPDATE approvals SET state = 'expired' WHERE run_id = ? AND state = 'waiting'`,
  )
  // What may have happened waits for a person, whatever became of the run.
  const holdSent = db.prepare(`
    UPDATE tool_calls SET state = 'held', note = coalesce(note, 'the run ended before its outcome was known')
    WHERE run_id = ? AND state IN ('sent', 'unknown')`)
  // A person had it prepared to be sent again, or it was prepared when a backup was taken: it may have gone out before.
  const countAsSent = db.prepare(`
    UPDATE tool_calls SET state = 'sent' WHERE run_id = ? AND state = 'prepared'
      AND (sends > 0 OR (SELECT is_restored FROM runs WHERE runs.id = run_id) = 1)`)
  const denyUnsent = db.prepare<[number, string], { id: string }>(`
    UPDATE tool_calls SET state = 'denied', settled_at = ?, note = 'the run ended before it was sent'
    WHERE run_id = ? AND state = 'prepared' AND sends = 0 RETURNING id`)
  const budget = reservations(db)
  const wakeParked = db.prepare(`
    UPDATE runs SET state = 'queued', is_ready = 1 - is_blocked, is_woken = 0, parked_on = NULL, next_at = NULL
    WHERE id = ? AND state = 'parked' AND parked_on IN ('approval', 'person', 'api')`)
  const markWoken = db.prepare(`UPDATE runs SET is_woken = 1 WHERE id = ? AND state = 'running'`)
  const isWoken = db.prepare<[string], unknown>('SELECT 1 FROM runs WHERE id = ? AND is_woken = 1')
  return {
    ended({ id, agent, subject, state }, now) {
      writer.count(`runs.${state}`)
      unblock.run(agent, subject)
      expireCalls.run(now, id)
      expireApprovals.run(id)
      countAsSent.run(id)
      holdSent.run(id)
      for (const call of denyUnsent.all(now, id)) budget.release(call.id, now)
    },
    wake(runId) {
      if (wakeParked.run(runId).changes === 0) markWoken.run(runId)
    },
    supersededOutcome(runId) {
      const run = superseder.get(runId)
      return run && { state: 'cancelled', error: supersededError(run.superseded_by) }
    },
    wakeIfDecided(runId) {
      if (isWoken.get(runId)) wakeParked.run(runId)
    },
  }
}
